"""Our reactions to Stripe (providers.md 1.5). An event is a trigger: the object is fetched before anything follows
from it.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.conf import settings

from pilar.backplane.tenancy import all_tenants, tenant
from pilar.kernel import clock
from pilar.kernel.switchboard import Happened
from pilar.providers import routes
from pilar.providers.email import outbox
from pilar.providers.events import StripeHappened
from pilar.providers.stripe import checkout
from pilar.providers.stripe import money_back as stripe_money_back
from pilar.providers.stripe.shapes import Invoice, id_of
from workspaces import billing, directory, invoices, money_back, purchase
from workspaces.models import SignUp, Subscription

State = SignUp.State
Result = dict[str, str]
Reaction = Callable[[StripeHappened, datetime], Result]
IGNORED: Result = {"result": "ignored"}
NOT_OURS: Result = {"result": "not ours yet"}
BILLING_PAGE = f"{settings.PUBLIC_BASE_URL}/dashboard/settings/billing"


def react(happened: Happened[StripeHappened]) -> Result:
    """Act on one Stripe event. Events of connected accounts are the affiliates' business, unknown types nobody's."""
    event = happened.payload
    reaction = REACTIONS.get(event.type)
    if event.account or reaction is None or not event.object_id:
        return IGNORED
    return reaction(event, clock.now())


def _session_paid(event: StripeHappened, now: datetime) -> Result:
    session = checkout.retrieve(event.object_id)
    if not session.subscription:
        return IGNORED
    if session.provisions:
        return {"result": "settled", "workspace": str(purchase.settle(session, now=now))}
    return _set_state(purchase.sign_up_of(session, now=now), State.AWAITING_PAYMENT, from_states=(State.OPEN,))


def _session_failed(event: StripeHappened, now: datetime) -> Result:
    session = checkout.retrieve(event.object_id)
    if session.provisions or not session.subscription:
        return IGNORED
    sign_up = purchase.sign_up_of(session, now=now)
    result = _set_state(sign_up, State.FAILED, from_states=(State.OPEN, State.AWAITING_PAYMENT))
    outbox.send(
        to=sign_up.email,
        template="payment_failed",
        context={"studio": sign_up.studio, "url": f"{settings.PUBLIC_BASE_URL}/checkout"},
        language=sign_up.language,
        key=f"checkout-failed:{session.id}",
    )
    return result


def _session_expired(event: StripeHappened, now: datetime) -> Result:
    sign_up = SignUp.objects.filter(stripe_session_id=event.object_id).first()
    return _set_state(sign_up, State.EXPIRED, from_states=(State.OPEN,)) if sign_up else IGNORED


def _set_state(sign_up: SignUp, state: SignUp.State, *, from_states: tuple[SignUp.State, ...]) -> Result:
    changed = SignUp.objects.filter(pk=sign_up.pk, state__in=from_states).update(state=state)
    return {"result": state.value} if changed else IGNORED


def _subscription_changed(event: StripeHappened, now: datetime) -> Result:
    return _mirror(event.object_id, now)


def _mirror(subscription_id: str, now: datetime) -> Result:
    """Mirror a subscription of ours. One that we do not know yet is fetched when its studio is founded."""
    stored = _mirrored(subscription_id, now)
    if stored is None:
        return NOT_OURS
    return {"result": stored.status, "workspace": str(stored.workspace_id)}


def _mirrored(subscription_id: str, now: datetime) -> Subscription | None:
    workspace_id = routes.find("stripe", "subscription", subscription_id)
    if workspace_id is None:
        return None
    with all_tenants("an event of Stripe is about one studio"), tenant(workspace_id):
        stored = billing.mirror(subscription_id, now=now)
        if not billing.is_served(stored):  # a studio that bought twice goes on with what it has left
            for other in routes.external_ids("stripe", "subscription", workspace_id):
                stored = billing.mirror(other, now=now) if other != subscription_id else stored
        return stored


def _trial_ends(event: StripeHappened, now: datetime) -> Result:
    """Three days before: nothing has to be done, but nobody should be surprised by the first invoice. None follows a
    trial that was cancelled or is over, as a late event finds it; one that was made longer is told of again.
    """
    stored = _mirrored(event.object_id, now)
    if stored is None:
        return NOT_OURS
    ends_at = stored.trial_end
    if stored.status == "trialing" and ends_at and not billing.ends_at(stored):
        key = f"trial-ends:{stored.stripe_subscription_id}:{ends_at:%Y-%m-%d}"
        _tell_owner(stored.stripe_subscription_id, "trial_ends", key=key, ends_at=ends_at)
    return {"result": stored.status}


def _stage(invoice: Invoice) -> str:
    """How urgent the letter is: first | again | last, when Stripe tries no more."""
    if invoice.next_payment_attempt is None:
        return "last"
    return "first" if invoice.attempt_count <= 1 else "again"


def _invoice_changed(event: StripeHappened, now: datetime) -> Result:
    invoice = _mirrored_invoice(event)
    return _mirror(invoice.subscription, now) if invoice and invoice.subscription else NOT_OURS


def _studio_of(event: StripeHappened) -> UUID | None:
    """Return the workspace whose customer the event names."""
    return routes.find("stripe", "customer", str(id_of(event.object.get("customer")) or ""))


def _mirrored_invoice(event: StripeHappened) -> Invoice | None:
    """Fetch and keep an invoice of one of our studios. Those that come too early are caught up when it is founded."""
    workspace_id = _studio_of(event)
    if workspace_id is None:
        return None
    with all_tenants("an event of Stripe is about one studio"), tenant(workspace_id):
        return invoices.mirror(event.object_id)


def _refunded(event: StripeHappened, now: datetime) -> Result:
    """Money went back, or did not arrive: a refund names its charge, the charge its customer."""
    charge_id = event.object_id if event.type.startswith("charge.") else str(id_of(event.object.get("charge")) or "")
    if not charge_id:
        return IGNORED
    charge = stripe_money_back.charge(charge_id)
    workspace_id = routes.find("stripe", "customer", charge.customer or "")
    if workspace_id is None:
        return NOT_OURS
    with all_tenants("an event of Stripe is about one studio"), tenant(workspace_id):
        money_back.mirror_refunds(charge)
    return {"result": "refunds kept", "workspace": str(workspace_id)}


def _corrected(event: StripeHappened, now: datetime) -> Result:
    """A credit note came or went: it is kept, and so is the invoice, of which less may be due now."""
    workspace_id = _studio_of(event)
    if workspace_id is None:
        return NOT_OURS
    with all_tenants("an event of Stripe is about one studio"), tenant(workspace_id):
        invoices.mirror(money_back.mirror_note(event.object_id).invoice)
    return {"result": "credit note kept", "workspace": str(workspace_id)}


def _invoice_failed(event: StripeHappened, now: datetime) -> Result:
    invoice = _mirrored_invoice(event)
    if invoice is None or not invoice.subscription:
        return NOT_OURS
    result = _mirror(invoice.subscription, now)
    if invoice.status == "open":
        _tell_owner(
            invoice.subscription,
            "payment_failed",
            key=f"payment-failed:{invoice.id}:{invoice.attempt_count}",
            stage=_stage(invoice),
            amount_cents=invoice.amount_due,
            currency=invoice.currency.upper(),
            url=invoice.hosted_invoice_url or BILLING_PAGE,
            retry_at=invoice.next_payment_attempt,
        )
    return result


def _tell_owner(subscription_id: str, template: str, *, key: str, **context: object) -> None:
    """Mail the owner, in the platform's name: the letter is ours, not the studio's."""
    workspace_id = routes.find("stripe", "subscription", subscription_id)
    owner = directory.owner(workspace_id) if workspace_id else None
    if workspace_id is None or owner is None:
        return
    values = {"studio": directory.get(workspace_id).name, "url": BILLING_PAGE} | context
    outbox.send(
        to=owner.email, template=template, context=values, language=owner.language, zone=owner.timezone, key=key
    )


REACTIONS: dict[str, Reaction] = {
    "checkout.session.completed": _session_paid,
    "checkout.session.async_payment_succeeded": _session_paid,
    "checkout.session.async_payment_failed": _session_failed,
    "checkout.session.expired": _session_expired,
    "customer.subscription.created": _subscription_changed,
    "customer.subscription.updated": _subscription_changed,
    "customer.subscription.deleted": _subscription_changed,
    "customer.subscription.paused": _subscription_changed,
    "customer.subscription.resumed": _subscription_changed,
    "customer.subscription.trial_will_end": _trial_ends,
    "invoice.paid": _invoice_changed,
    "invoice.payment_succeeded": _invoice_changed,
    "invoice.voided": _invoice_changed,
    "invoice.marked_uncollectible": _invoice_changed,
    "invoice.finalization_failed": _invoice_changed,
    "charge.refunded": _refunded,
    "refund.created": _refunded,
    "refund.updated": _refunded,
    "refund.failed": _refunded,
    "credit_note.created": _corrected,
    "credit_note.updated": _corrected,
    "credit_note.voided": _corrected,
    "invoice.payment_failed": _invoice_failed,
    "invoice.payment_action_required": _invoice_failed,
}
