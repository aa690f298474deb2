"""The studio's own Twilio subaccount and its API key (specification step 2, checklist T-24)."""

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane import effects
from pilar.backplane.effects import EffectResult
from pilar.kernel.steps import Done, Skipped, StepContext, StepOutcome
from pilar.providers import connections, routes
from pilar.providers.twilio import client, subaccounts
from pilar.providers.twilio.subaccounts import Subaccount


def not_configured() -> Skipped | None:
    """Say what is missing, or return None when Twilio can be used."""
    if settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN:
        return None
    return Skipped(_("Twilio is not configured on this installation. The studio can use a number of its own."))


def ensure_subaccount(context: StepContext) -> StepOutcome:
    workspace = context.workspace_id
    effect = effects.perform(
        key=f"twilio-subaccount:{workspace}",
        provider="twilio",
        operation="accounts.create",
        call=lambda _key: _result(subaccounts.create(workspace)),
        look_up=lambda: _found(subaccounts.find(workspace)),
    )
    account = subaccounts.find(workspace)
    if account is None:  # closed behind our back: a new one needs a new decision
        return Skipped(_("The Twilio account of this studio was closed. Write to support to have a new one."))
    routes.bind("twilio", "account_sid", account.sid, workspace)
    connections.put("twilio", identifiers={"account_sid": account.sid}, secrets={"auth_token": account.auth_token})
    return Done({"account_sid": effect.provider_ref or account.sid})


def _result(account: Subaccount) -> EffectResult:
    return EffectResult(ref=account.sid, data={})


def _found(account: Subaccount | None) -> EffectResult | None:
    return _result(account) if account else None


def ensure_api_key(context: StepContext) -> StepOutcome:
    """Twilio shows a key's secret once, so it is sealed before the effect counts as made; a key without it is deleted."""
    account = client.own_account()
    name = subaccounts.label(context.workspace_id)

    def create(_key: str) -> EffectResult:
        made = subaccounts.create_key(account, name)
        connections.put("twilio", identifiers={"api_key_sid": made.sid}, secrets={"api_key_secret": made.secret})
        return EffectResult(ref=made.sid, data={})

    def look_up() -> EffectResult | None:
        connection = connections.get("twilio")
        kept = connection.identifiers.get("api_key_sid") if connection else None
        present = subaccounts.find_keys(account, name)
        for sid in present:
            if sid != kept:
                subaccounts.delete_key(account, sid)
        return EffectResult(ref=kept, data={}) if kept in present else None

    effect = effects.perform(
        key=f"twilio-key:{context.workspace_id}:1",
        provider="twilio",
        operation="keys.create",
        call=create,
        look_up=look_up,
    )
    return Done({"api_key_sid": effect.provider_ref})
