"""How allauth works with our people: no user names, letters through the outbox, secrets sealed, devices known."""

from base64 import b64decode, b64encode
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext, gettext_lazy

from pilar.api import client
from pilar.backplane import vault
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from workspaces import account_letters, devices
from workspaces.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    error_messages: ClassVar = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": gettext_lazy(
            "Too many attempts. Wait five minutes, or use a passkey or a code by e-mail: both work right now."
        ),
        "email_password_mismatch": gettext_lazy(
            "The address or the password is wrong. Check both, or have a code sent to you by e-mail."
        ),
        "incorrect_code": gettext_lazy("This code is wrong. Use the newest letter, or have a new code sent to you."),
        "incorrect_password": gettext_lazy("This password is wrong. Try again, or choose another way below."),
    }

    def populate_username(self, request: HttpRequest, user: Any) -> None:
        """There are no user names."""

    def save_user(self, request: HttpRequest, user: Any, form: Any, commit: bool = True) -> Any:
        """Remember the language in which the person signed up."""
        user.language = (get_language() or "de")[:2]
        return super().save_user(request, user, form, commit=commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        account_letters.send(template_prefix, email, context, request=self.request)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The limits count the same address as those of our own doors."""
        return client.address(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong passwords of a known device apart from those of strangers (see `devices`)."""
        key: str = super()._get_login_attempts_cache_key(request, **credentials)
        return f"{key}:{devices.recognized(request, credentials.get('email', ''))}"

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        """Write to the person when this browser is new to the account."""
        response: HttpResponse = super().post_login(request, user, **more)
        now = clock.now()
        if devices.remember(request, response, user, now=now):
            agent = self.get_http_user_agent(request)
            account_letters.new_device(user, {"moment": now, "ip": client.address(request), "device": agent})
        return response


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Seeds of one-time codes lie sealed in the database; passkeys are bound to PILAR by name."""

    error_messages: ClassVar = DefaultMFAAdapter.error_messages | {
        "incorrect_code": gettext_lazy("This code is wrong. Enter the one your app shows now, or a recovery code.")
    }

    def encrypt(self, text: str) -> str:
        with tenant(PLATFORM), atomic():
            return b64encode(vault.seal(text, provider="mfa", field="secret")).decode()

    def decrypt(self, encrypted_text: str) -> str:
        with tenant(PLATFORM), atomic():
            return vault.open(b64decode(encrypted_text), provider="mfa", field="secret")

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        """Suggest a name for a passkey: the person sees it in the list and can change it."""
        number = Authenticator.objects.filter(user_id=user.pk, type=type).count() + 1
        return gettext("My passkey") if number == 1 else gettext("Passkey %(number)s") % {"number": number}

    def _get_site_name(self) -> str:
        return "PILAR"
