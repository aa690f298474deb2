"""The pages of studio and account in the command palette, and the bill that waits for the owner."""

from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pilar.kernel.principal import Role
from pilar.kernel.shown import Command, Need
from workspaces import billing


def _page(name: str, label: object, icon: str, words: object, *, order: int, role: Role = Role.ADMIN) -> Command:
    return Command(name, label, icon, lambda: reverse(name), role=role, words=words, order=order)


COMMANDS = (
    _page(
        "workspaces:billing",
        gettext_lazy("Plan and billing"),
        "credit-card",
        gettext_lazy("invoice card pay cancel upgrade"),
        order=20,
    ),
    _page("workspaces:people", gettext_lazy("People"), "users", gettext_lazy("team invite role colleague"), order=21),
    _page(
        "workspaces:autopilot",
        gettext_lazy("Autopilot and connections"),
        "plug",
        gettext_lazy("settings whatsapp twilio stripe key api test audit export"),
        order=22,
    ),
    _page(
        "workspaces:onboarding",
        gettext_lazy("Studio details"),
        "building-2",
        gettext_lazy("address name hours website"),
        order=23,
    ),
    _page("account_email", gettext_lazy("E-mail address"), "mail", "", order=40, role=Role.VIEWER),
    _page("account_change_password", gettext_lazy("Password"), "lock", "", order=41, role=Role.VIEWER),
    _page(
        "mfa_index",
        gettext_lazy("Passkeys and second factor"),
        "shield-check",
        "totp 2fa webauthn",
        order=42,
        role=Role.VIEWER,
    ),
    _page("usersessions_list", gettext_lazy("Signed-in devices"), "monitor", "", order=43, role=Role.VIEWER),
    _page("account_logout", gettext_lazy("Sign out"), "log-out", "logout", order=49, role=Role.VIEWER),
)


def open_payment(_workspace_id: UUID, _now: datetime) -> list[Need]:
    """A payment that did not go through."""
    found = billing.subscription()
    if found is None or found.status not in billing.GRACE | billing.SUSPENDING - {"canceled"}:
        return []
    return [Need(_("The last payment did not go through"), reverse("workspaces:billing"), _("Pay now"), tone="bad")]
