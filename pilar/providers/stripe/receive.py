"""Works on stored Stripe webhooks: one fact each, for the platform, since only subscribers know whose it is."""

from pilar.backplane import events, receipts
from pilar.backplane.tenancy import atomic
from pilar.kernel.switchboard import Work
from pilar.providers import storable
from pilar.providers.doors import ReceiptWork
from pilar.providers.events import StripeHappened
from pilar.providers.stripe.shapes import StripeEvent


def receive(work: Work[ReceiptWork]) -> None:
    """Publish `stripe.event` of one receipt; the event's id makes it happen once."""
    with atomic():
        receipt = receipts.Receipt.objects.get(pk=work.payload.receipt_id)
        event = StripeEvent.from_envelope(storable.clean(storable.load(bytes(receipt.body))))
        payload = StripeHappened(
            receipt_id=str(receipt.id),
            event_id=event.id,
            type=event.type,
            created=event.created,
            object_id=event.object_id,
            object=event.object,
            account=event.account,
        )
        events.publish("stripe.event", payload, key=f"stripe:{event.account or ''}:{event.id}")
        receipts.settle(receipt.id)
