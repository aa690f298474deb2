"""Embedded Signup v4: from the studio's click at Meta to a number that can send (providers.md 3.5)."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import Field

from pilar.kernel.errors import NotConfigured
from pilar.providers.shape import Shape
from pilar.providers.whatsapp.client import Graph, Success, app_graph
from pilar.providers.whatsapp.phones import Phone, list_of
from pilar.providers.whatsapp.phones import subscribe as _subscribe

MANAGEMENT, MESSAGING = "whatsapp_business_management", "whatsapp_business_messaging"


class BusinessToken(Shape):
    access_token: str = Field(repr=False)
    token_type: str = ""
    expires_in: int | None = None


class GranularScope(Shape):
    scope: str
    target_ids: list[str] = []


class TokenFacts(Shape):
    """What Meta says a token may do; the browser's word does not count."""

    is_valid: bool = False
    app_id: str = ""
    expires_at: int = 0
    scopes: list[str] = []
    granular_scopes: list[GranularScope] = []

    def names(self, waba_id: str) -> bool:
        """Say whether the token is ours and was given for this account."""
        targets = {target for scope in self.granular_scopes for target in scope.target_ids}
        return self.is_valid and self.app_id == settings.WHATSAPP_APP_ID and waba_id in targets

    @property
    def expires(self) -> datetime | None:
        """When the token ends; None for one without an end."""
        return datetime.fromtimestamp(self.expires_at, UTC) if self.expires_at else None


class _Inspection(Shape):
    data: TokenFacts


def exchange_code(code: str) -> BusinessToken:
    """Trade the pop-up's code, valid once and for about 30 seconds, for the studio's token."""
    if not (settings.WHATSAPP_APP_ID and settings.WHATSAPP_APP_SECRETS):
        raise NotConfigured(
            "whatsapp", _("WHATSAPP_APP_ID and WHATSAPP_APP_SECRET are not set, so no studio can connect its WhatsApp.")
        )
    secret = settings.WHATSAPP_APP_SECRETS[0]
    params = {"client_id": settings.WHATSAPP_APP_ID, "client_secret": secret, "code": code}
    # A second try would spend a code that the first may have used up.
    return Graph("").get("oauth.access_token", "oauth/access_token", BusinessToken, params, repeatable=False)


def inspect_token(token: str) -> TokenFacts:
    """Ask Meta what a token is for."""
    return app_graph().get("debug_token", "debug_token", _Inspection, {"input_token": token}).data


def phone_numbers(graph: Graph, waba_id: str) -> list[Phone]:
    """Fetch the numbers of the account."""
    return list_of(graph, waba_id)


def subscribe(graph: Graph, waba_id: str) -> None:
    """Let the account report to our app; safe to repeat."""
    _subscribe(graph, waba_id)


def register(graph: Graph, phone_number_id: str, pin: str, *, region: str = "") -> None:
    """Register the number for the Cloud API. `pin` sets two-step verification or must match the one that is set.

    ProviderError 133005 for a wrong PIN: ask the studio, never guess. At most ten times in 72 hours (133016).
    """
    body: dict[str, Any] = {"messaging_product": "whatsapp", "pin": pin}
    if region:
        body["data_localization_region"] = region
    graph.post("phones.register", f"{phone_number_id}/register", Success, body)


def deregister(graph: Graph, phone_number_id: str) -> None:
    """Take the number out of the Cloud API."""
    graph.post("phones.deregister", f"{phone_number_id}/deregister", Success)


def unsubscribe(graph: Graph, waba_id: str) -> None:
    """Stop the account's reports to our app."""
    graph.delete("subscribed_apps.delete", f"{waba_id}/subscribed_apps", Success)
