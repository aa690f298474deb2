"""What the login library wants to tell people, as letters of ours: one layout, the reader's language, by way of the queue."""

from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language

from pilar.kernel.ids import uuid7
from pilar.providers.email import outbox
from workspaces.models import User
from workspaces.models.user import normal_email

LETTERS = {
    "account/email/email_confirmation": "verify_email",
    "account/email/email_confirmation_signup": "verify_email",
    "account/email/login_code": "sign_in_code",
    "account/email/password_reset_key": "password_reset",
    "account/email/account_already_exists": "account_exists",
    "account/email/unknown_account": "unknown_account",
}
"""Templates of the library by our letter; its other ones say that something changed (`security_notice`)."""
SILENT = frozenset({"account/email/email_confirm"})
"""Said on the page that is open anyway."""


def send(prefix: str, email: str, context: dict[str, Any], *, request: HttpRequest) -> None:
    """Queue the letter that stands for a template of the library. Each call is an intent of its own."""
    if prefix in SILENT:
        return
    template = LETTERS.get(prefix, "security_notice")
    reader = context.get("user") or _reader(request, email)
    outbox.send(
        to=email,
        template=template,
        context=_values(prefix, email, context),
        key=f"account:{uuid7()}",
        **_manner(reader),
    )


def new_device(user: User, facts: dict[str, Any]) -> None:
    """Tell somebody that their account was opened in a browser we had not seen. `facts`: moment, ip, device."""
    values = {**facts, "url": settings.PUBLIC_BASE_URL + reverse("usersessions_list")}
    outbox.send(to=user.email, template="new_device", context=values, key=f"account:{uuid7()}", **_manner(user))


def _values(prefix: str, email: str, context: dict[str, Any]) -> dict[str, Any]:
    return {
        "email": email,
        "kind": prefix.rsplit("/", 1)[-1],
        "code": context.get("code", ""),
        "url": _address(prefix, context),
        "moment": context.get("timestamp"),
        "ip": context.get("ip", ""),
        "device": context.get("user_agent", ""),
        "from_email": context.get("from_email", ""),
        "to_email": context.get("to_email", ""),
    }


def _address(prefix: str, context: dict[str, Any]) -> str:
    """Where the letter's button leads. The library's own addresses follow the host of the request, ours do not."""
    if prefix.endswith("password_reset_key"):
        path = str(context["password_reset_url"]).partition("/accounts/")[2]
        return f"{settings.PUBLIC_BASE_URL}/accounts/{path}"
    names = {"account_already_exists": "account_login", "unknown_account": "account_signup"}
    return settings.PUBLIC_BASE_URL + reverse(names.get(prefix.rsplit("/", 1)[-1], "workspaces:profile"))


def _reader(request: HttpRequest, email: str) -> User | None:
    if isinstance(request.user, User):
        return request.user
    found = EmailAddress.objects.filter(email=normal_email(email)).select_related("user").first()
    return found.user if found else None


def _manner(reader: User | None) -> dict[str, str]:
    if reader is None:
        return {"language": (get_language() or "de")[:2]}
    return {"language": reader.language, "zone": reader.timezone}
