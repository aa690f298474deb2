"""What Meta says of the studio's number, and which prerequisites are met (specification Module 5 `WABAPrerequisites`)."""

from dataclasses import dataclass, field

from pilar.backplane.tenancy import atomic
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import client, phones
from provisioning import whatsapp


@dataclass(frozen=True, slots=True)
class WhatsAppHealth:
    """`payment_method_added` is None while Meta has not said anything about it."""

    configured: bool
    connected: bool = False
    number: str = ""
    status: str = ""
    quality: str = ""
    can_send: str = ""
    webhook_configured: bool = False
    phone_number_verified: bool = False
    display_name_approved: bool = False
    payment_method_added: bool | None = None
    templates_approved: list[str] = field(default_factory=list)


PAYMENT_MISSING = ("131042", "131044")


def look() -> WhatsAppHealth:
    """Ask Meta about the current workspace's number. Outside `atomic()`; raises ProviderError when Meta cannot be asked."""
    if client.own_connection() is None:
        return WhatsAppHealth(configured=whatsapp.is_configured())
    sender = client.own_sender()
    phone = phones.fetch(sender.graph, sender.phone_number_id)
    with atomic():
        names = MessageTemplate.objects.filter(status__in=("APPROVED", "REINSTATED"))
        approved = sorted(set(names.values_list("name", flat=True)))
    return WhatsAppHealth(
        configured=True,
        connected=phone.status == "CONNECTED",
        number=phone.display_phone_number,
        status=phone.status,
        quality=phone.quality_rating,
        can_send=phone.can_send,
        webhook_configured=phones.reports_to_us(sender.graph, sender.waba_id),
        phone_number_verified=phone.code_verification_status == "VERIFIED",
        display_name_approved=phone.name_status in ("APPROVED", "AVAILABLE_WITHOUT_REVIEW"),
        payment_method_added=not phone.faults & set(PAYMENT_MISSING) if phone.health_status else None,
        templates_approved=approved,
    )
