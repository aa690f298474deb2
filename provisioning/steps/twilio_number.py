"""One phone number for the studio, in the area of its address, reporting to us (specification step 3)."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pilar.backplane import activity, effects
from pilar.backplane.effects import EffectResult
from pilar.backplane.tenancy import atomic
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.steps import Done, StepContext, StepOutcome
from pilar.providers.models import PhoneNumber
from pilar.providers.twilio import client, numbers
from pilar.providers.twilio.client import TwilioAccount
from pilar.providers.twilio.errors import NUMBER_NOT_TO_HAVE
from pilar.providers.twilio.numbers import Number
from workspaces import directory, studio

MOST_CANDIDATES = 5


def ensure_number(context: StepContext) -> StepOutcome:
    """Buy one number, ever: the intent is keyed by the workspace, and found again by its friendly name (T-21)."""
    account, workspace = client.own_account(), context.workspace_id
    name = f"pilar-{workspace}"

    def look_up() -> EffectResult | None:
        found = numbers.find(account, friendly_name=name)
        return _result(found[0]) if found else None

    effect = effects.perform(
        key=f"number:{workspace}:1",
        provider="twilio",
        operation="incoming_phone_numbers.create",
        call=lambda _key: _result(_buy(account, context, name)),
        look_up=look_up,
    )
    return _remember(numbers.fetch(account, effect.provider_ref), context)


def _result(number: Number) -> EffectResult:
    return EffectResult(ref=number.sid, data={"phone_number": number.phone_number})


def _buy(account: TwilioAccount, context: StepContext, name: str) -> Number:
    """Try the candidates in turn: a number may be gone between search and purchase, or not be for sale after all."""
    with atomic():
        country = directory.get(context.workspace_id).country
        profile = studio.latest_profile(context.workspace_id)
    papers = context.results.get("twilio_address_bundle", {})
    city = profile.city if profile else ""
    candidates = numbers.search(account, country=country, locality=city) or numbers.search(account, country=country)
    for candidate in candidates[:MOST_CANDIDATES]:
        try:
            return numbers.buy(
                account,
                phone_number=candidate.phone_number,
                friendly_name=name,
                webhooks=numbers.webhooks_for(context.workspace_id),
                address_sid=papers.get("address_sid", ""),
                bundle_sid=papers.get("bundle_sid", ""),
            )
        except ProviderError as error:
            if error.code not in NUMBER_NOT_TO_HAVE:
                raise
    raise ProviderError(
        _("No phone number is free in this area at the moment. We look again by ourselves."),
        provider="twilio",
        error_class=ErrorClass.INTEGRATION_OFFLINE,
        code="no_number_free",
        retry_after=60,
    )


def _remember(number: Number, context: StepContext) -> Done:
    with atomic():
        country = directory.get(context.workspace_id).country
        row, created = PhoneNumber.objects.update_or_create(
            e164=number.phone_number,
            defaults={"sid": number.sid, "country": country, "capabilities": number.capabilities, "status": "active"},
        )
        if created:
            activity.log(
                "provisioning.number",
                gettext_noop("The number %(number)s belongs to the studio now."),
                {"number": row.e164},
            )
    return Done({"number": row.e164, "number_sid": row.sid})


def ensure_webhooks(context: StepContext) -> StepOutcome:
    """Point the number at our addresses and see that it took them; repairs a changed one."""
    account, workspace = client.own_account(), context.workspace_id
    wanted = numbers.webhooks_for(workspace)
    sid = context.results["twilio_number"]["number_sid"]
    number = numbers.fetch(account, sid)
    if not wanted.fit(number):
        number = numbers.set_webhooks(account, sid, wanted)
    if not wanted.fit(number):
        raise ProviderError(
            _("Twilio did not keep the webhook addresses."),
            provider="twilio",
            error_class=ErrorClass.PROVISIONING_ERROR,
            code="webhooks_not_kept",
        )
    with atomic():
        PhoneNumber.objects.filter(sid=sid).update(webhook_urls=wanted.parameters())
    return Done({"voice_url": wanted.voice_url, "sms_url": wanted.sms_url})
