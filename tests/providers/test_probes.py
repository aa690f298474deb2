"""What health sees of the providers, and what is repaired by itself."""

import json
from collections.abc import Callable
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.errors import ProviderError
from pilar.kernel.switchboard import Finding
from pilar.providers import connections, probes
from pilar.providers.ai import chat
from pilar.providers.models import PhoneNumber, ProviderCall
from pilar.providers.twilio import numbers, subaccounts
from pilar.providers.upkeep import forget_old_calls
from pilar.providers.voice import voices
from pilar.providers.whatsapp import client, phones, signup
from pilar.providers.whatsapp.client import Graph
from tests.providers.conftest import Sandbox
from tests.providers.misbehaving import json_answer, server

pytestmark = pytest.mark.django_db
PLATFORM_PROBES = [probes.stripe_prices, probes.twilio_account, probes.mail_server, probes.voice_service]


def seen(probe: Callable[[UUID | None], Finding]) -> tuple[str, str]:
    found = probe(None)
    assert found.summary
    assert found.status == "healthy" or found.fix
    return found.status, found.code


@pytest.fixture
def number(sandbox: Sandbox, in_studio: UUID) -> str:
    account = subaccounts.find_or_create(in_studio).account
    connections.put("twilio", identifiers={"account_sid": account.sid}, secrets={"auth_token": account.token})
    (candidate,) = numbers.search(account, country="US", limit=1)
    hooks = numbers.webhooks_for(in_studio)
    bought = numbers.buy(account, phone_number=candidate.phone_number, friendly_name="pilar", webhooks=hooks)
    with atomic():
        PhoneNumber.objects.create(e164=bought.phone_number, sid=bought.sid, country="US")
    return bought.sid


@pytest.fixture
def whatsapp(sandbox: Sandbox, in_studio: UUID) -> client.Sender:
    made = sandbox.post("/_meta/signup", phone_number="+493012345678", business_name="Studio Eins")
    graph = Graph(signup.exchange_code(made["code"]).access_token)
    signup.register(graph, made["phone_number_id"], "123456")
    signup.subscribe(graph, made["waba_id"])
    names = {"waba_id": made["waba_id"], "phone_number_id": made["phone_number_id"]}
    connections.put("whatsapp", identifiers=names, secrets={"token": graph.token})
    return client.own_sender()


@pytest.mark.parametrize("probe", PLATFORM_PROBES)
def test_a_provider_that_answers_is_healthy(sandbox: Sandbox, probe: Callable[[UUID | None], Finding]) -> None:
    with tenant(PLATFORM):
        assert seen(probe) == ("healthy", "")


@pytest.mark.parametrize("probe", [*PLATFORM_PROBES, probes.language_models])
def test_a_provider_that_is_not_configured_is_not_ill(
    db: None, settings: Settings, probe: Callable[[UUID | None], Finding]
) -> None:
    for name in ("STRIPE_SECRET_KEY", "TWILIO_ACCOUNT_SID", "SMTP_HOST", "ELEVENLABS_API_KEY", "OPENAI_API_KEY"):
        setattr(settings, name, "")
    settings.GROQ_API_KEY = settings.ANTHROPIC_API_KEY = ""
    with tenant(PLATFORM):
        assert seen(probe) == ("healthy", "not_configured")


@pytest.mark.parametrize(
    ("status", "expected"), [(500, ("degraded", "transient_network")), (401, ("failed", "third_party_auth_failed"))]
)
def test_a_provider_that_fails_says_what_to_do(sandbox: Sandbox, status: int, expected: tuple[str, str]) -> None:
    sandbox.fault("stripe", "status", status=status)
    with tenant(PLATFORM):
        assert seen(probes.stripe_prices) == expected


def test_a_number_that_reports_to_us_is_healthy(number: str) -> None:
    assert seen(probes.own_number) == ("healthy", "")


def test_lost_webhooks_of_a_number_are_found_and_repaired(number: str, in_studio: UUID) -> None:
    account = subaccounts.find_or_create(in_studio).account
    numbers.set_webhooks(account, number, numbers.webhooks_for(UUID(int=9)))
    status, code = seen(probes.own_number)
    assert status == "failed"
    switchboard.remediations[code].run(in_studio)
    assert seen(probes.own_number) == ("healthy", "")


def test_a_number_that_is_gone_is_found(number: str, in_studio: UUID) -> None:
    numbers.release(subaccounts.find_or_create(in_studio).account, number)
    assert seen(probes.own_number) == ("failed", "number_lost")


def test_a_connected_whatsapp_number_is_healthy(whatsapp: client.Sender) -> None:
    assert seen(probes.own_whatsapp) == ("healthy", "")


def test_a_lost_subscription_is_found_and_repaired(whatsapp: client.Sender, in_studio: UUID) -> None:
    signup.unsubscribe(whatsapp.graph, whatsapp.waba_id)
    status, code = seen(probes.own_whatsapp)
    assert status == "failed"
    switchboard.remediations[code].run(in_studio)
    assert phones.reports_to_us(whatsapp.graph, whatsapp.waba_id)


def test_a_number_that_reports_to_somebody_else_is_found_and_repaired(whatsapp: client.Sender, in_studio: UUID) -> None:
    theirs = {"webhook_configuration": {"override_callback_uri": "https://else.example/hook", "verify_token": "x"}}
    whatsapp.graph.post("phones.update", whatsapp.phone_number_id, client.Success, theirs)
    assert seen(probes.own_whatsapp) == ("failed", "whatsapp_not_reporting")
    switchboard.remediations["whatsapp_not_reporting"].run(in_studio)
    assert seen(probes.own_whatsapp) == ("healthy", "")


def test_a_number_that_is_not_registered_any_more_is_registered_again_once(
    whatsapp: client.Sender, in_studio: UUID
) -> None:
    connections.put("whatsapp", secrets={"pin": "123456"})
    signup.deregister(whatsapp.graph, whatsapp.phone_number_id)
    assert seen(probes.own_whatsapp) == ("failed", "whatsapp_unregistered")
    switchboard.remediations["whatsapp_unregistered"].run(in_studio)
    assert seen(probes.own_whatsapp) == ("healthy", "")
    signup.deregister(whatsapp.graph, whatsapp.phone_number_id)
    with pytest.raises(ProviderError):
        switchboard.remediations["whatsapp_unregistered"].run(in_studio)
    assert seen(probes.own_whatsapp) == ("failed", "whatsapp_unregistered")


@pytest.mark.parametrize(
    "unregistered", [{"platform_type": "NOT_APPLICABLE"}, {"throughput": {"level": "NOT_APPLICABLE"}}]
)
def test_a_number_that_was_verified_and_never_registered_cannot_send(
    in_studio: UUID, settings: Settings, unregistered: dict[str, object]
) -> None:
    identifiers = {"waba_id": "w1", "phone_number_id": "p1"}
    connections.put("whatsapp", identifiers=identifiers, secrets={"token": "t"})
    answer = {"id": "p1", "status": "CONNECTED", "health_status": {"can_send_message": "AVAILABLE"}} | unregistered
    with server(json_answer(json.dumps(answer).encode())) as settings.WHATSAPP_API_BASE:
        assert seen(probes.own_whatsapp) == ("failed", "whatsapp_unregistered")


def test_a_whatsapp_connection_being_set_up_is_not_ill(whatsapp: client.Sender) -> None:
    connections.put("whatsapp", status="pending")
    assert seen(probes.own_whatsapp) == ("healthy", "not_configured")


def test_the_models_are_judged_by_their_last_calls(sandbox: Sandbox, in_studio: UUID) -> None:
    for provider, outcome, expected in (("openai", "ok", "healthy"), ("groq", "RATE_LIMITED", "degraded")):
        with atomic():
            ProviderCall.objects.create(
                provider=provider,
                operation="chat",
                outcome=outcome,
                milliseconds=1,
                correlation_id=in_studio,
                at=clock.now(),
            )
        assert seen(probes.language_models)[0] == expected
    assert chat.configured()


def test_voices_are_listed(sandbox: Sandbox, in_studio: UUID) -> None:
    assert {voice.voice_id for voice in voices.list_voices()}


def test_old_calls_are_forgotten_new_ones_kept(in_studio: UUID) -> None:
    for age in (1, 29, 31, 400):
        at = clock.now() - ProviderCall.retention / 30 * age
        with atomic():
            ProviderCall.objects.create(
                provider="stripe", operation=str(age), outcome="ok", milliseconds=1, correlation_id=in_studio, at=at
            )
    assert forget_old_calls(None) == {"deleted": 2}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("provider", "probe", "is_theirs"), [("whatsapp", probes.own_whatsapp, True), ("twilio", probes.own_number, False)]
)
def test_what_the_studio_s_own_account_refuses_only_the_studio_can_mend(
    sandbox: Sandbox,
    number: str,
    whatsapp: client.Sender,
    provider: str,
    probe: Callable[[UUID | None], Finding],
    is_theirs: bool,
) -> None:
    sandbox.fault(provider, "status", status=401)
    found = probe(None)
    assert (found.status, found.for_studio) == ("failed", is_theirs)
