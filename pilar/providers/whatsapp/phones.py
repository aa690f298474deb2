"""Phone numbers at Meta: how they are, and what a WABA reports to us (providers.md 3.4)."""

from typing import Any

from django.conf import settings

from pilar.providers.shape import Shape
from pilar.providers.whatsapp.client import Graph, Success

FIELDS = (
    "display_phone_number,verified_name,name_status,code_verification_status,quality_rating,status,platform_type,"
    "throughput,webhook_configuration,health_status"
)
STOPPED = ("BANNED", "RESTRICTED", "RATE_LIMITED", "FLAGGED")
"""What Meta decides and no registration mends."""
TROUBLE = (*STOPPED, "DISCONNECTED", "DELETED")


class _Fault(Shape):
    error_code: str = ""


class _Entity(Shape):
    errors: list[_Fault] = []


class _Health(Shape):
    can_send_message: str = ""
    entities: list[_Entity] = []


class _Addresses(Shape):
    """Where reports go: the number's own address wins over the account's, and that over the app's."""

    phone_number: str = ""
    application: str = ""


class Phone(Shape):
    id: str
    display_phone_number: str = ""
    verified_name: str = ""
    name_status: str = ""
    code_verification_status: str = ""
    quality_rating: str = ""
    status: str = ""
    platform_type: str = ""
    throughput: dict[str, Any] = {}
    webhook_configuration: _Addresses = _Addresses()
    health_status: _Health | None = None

    @property
    def registered(self) -> bool:
        """Verified numbers that were never registered say NOT_APPLICABLE (providers.md 3.4)."""
        return "NOT_APPLICABLE" not in (self.platform_type, self.throughput.get("level"))

    @property
    def reports_elsewhere(self) -> bool:
        """Say whether somebody gave the number an address of its own for its messages, which then never reach us."""
        own = self.webhook_configuration
        return own.phone_number not in ("", own.application)

    @property
    def can_send(self) -> str:
        """AVAILABLE, LIMITED or BLOCKED; empty when Meta does not say."""
        return self.health_status.can_send_message if self.health_status else ""

    @property
    def faults(self) -> set[str]:
        """The codes of what keeps the number from sending (providers.md 3.8)."""
        parts = self.health_status.entities if self.health_status else []
        return {fault.error_code for part in parts for fault in part.errors}


class Phones(Shape):
    data: list[Phone] = []


class _App(Shape):
    whatsapp_business_api_data: dict[str, Any] = {}
    override_callback_uri: str | None = None


class _Apps(Shape):
    data: list[_App] = []


def fetch(graph: Graph, phone_number_id: str) -> Phone:
    """Fetch one number as it is now."""
    return graph.get("phones.fetch", phone_number_id, Phone, {"fields": FIELDS})


def list_of(graph: Graph, waba_id: str) -> list[Phone]:
    """Fetch the numbers of an account."""
    return graph.get("phones.list", f"{waba_id}/phone_numbers", Phones).data


def reports_to_us(graph: Graph, waba_id: str) -> bool:
    """Say whether the account sends its webhooks to our app, without a foreign override."""
    apps = graph.get("subscribed_apps.list", f"{waba_id}/subscribed_apps", _Apps).data
    ours = [app for app in apps if str(app.whatsapp_business_api_data.get("id")) == settings.WHATSAPP_APP_ID]
    return bool(ours) and not ours[0].override_callback_uri


def subscribe(graph: Graph, waba_id: str) -> None:
    """Let the account report to our app; safe to repeat, and removes an override."""
    graph.post("subscribed_apps.create", f"{waba_id}/subscribed_apps", Success)


def forget_own_address(graph: Graph, phone_number_id: str) -> None:
    """Let the number report where its account does; safe to repeat."""
    body = {"webhook_configuration": {"override_callback_uri": ""}}
    graph.post("phones.update", phone_number_id, Success, body)
