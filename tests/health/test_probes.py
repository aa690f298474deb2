"""What the probes see of real parts: the sandbox over HTTP, the queue's own tables."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from pytest_django import Settings

from health import checks, repairs
from health.models import HealthCheck
from pilar.backplane import budgets, jobs
from pilar.backplane.engine import work_off
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.errors import ProviderError
from pilar.kernel.switchboard import Empty
from pilar.providers.models import ProviderCall
from pilar.providers.twilio import client as twilio
from pilar.providers.twilio import numbers, subaccounts
from pilar.providers.whatsapp import phones, signup
from pilar.providers.whatsapp.client import Sender
from tests.health.conftest import a_worker, incidents, stored
from tests.providers.conftest import Sandbox
from tests.sandbox.serving import HTTP

pytestmark = pytest.mark.django_db


def seen(studio: UUID, probe: str) -> HealthCheck:
    """Look once; whatever is not well must say what to do."""
    row = checks.run([switchboard.probes[probe]], studio, now=datetime.now(UTC))[0]
    assert row.summary
    assert row.status == "healthy" or row.fix
    return row


def state(row: HealthCheck) -> tuple[str, str]:
    return row.status, row.code


def test_webhooks_of_a_number_that_somebody_changed_are_set_again_and_proven(number: str, studio: UUID) -> None:
    with tenant(studio):
        numbers.set_webhooks(twilio.own_account(), number, numbers.webhooks_for(UUID(int=9)))
    broken = seen(studio, "twilio_number")
    assert state(broken) == ("failed", "twilio_webhooks_lost")
    assert repairs.heal([broken])[0].status == "healthy"
    assert [one.status for one in incidents(studio)] == ["resolved"]


def test_a_lost_subscription_is_made_again_and_proven(whatsapp: Sender, studio: UUID) -> None:
    with tenant(studio):
        signup.unsubscribe(whatsapp.graph, whatsapp.waba_id)
        broken = seen(studio, "whatsapp_number")
        assert broken.status == "failed"
        assert repairs.heal([broken])[0].status == "healthy"
        assert phones.reports_to_us(whatsapp.graph, whatsapp.waba_id)


def test_a_suspended_account_is_found_and_ends_by_itself(number: str, studio: UUID) -> None:
    sid = twilio_sid(studio)
    with tenant(studio):
        subaccounts.set_status(sid, "suspended")
    assert seen(studio, "twilio_number").status == "failed"
    with tenant(studio):
        subaccounts.set_status(sid, "active")
    assert seen(studio, "twilio_number").status == "healthy"
    assert [one.status for one in incidents(studio)] == ["resolved"]


def twilio_sid(studio: UUID) -> str:
    with tenant(studio):
        return twilio.own_account().sid


def test_a_dead_key_says_to_connect_again(whatsapp: Sender, studio: UUID, sandbox: Sandbox) -> None:
    sandbox.fault("whatsapp", "status", status=401, code=190)
    found = seen(studio, "whatsapp_number")
    assert state(found) == ("failed", "third_party_auth_failed")


def failing_calls(studio: UUID, times: int) -> None:
    with tenant(studio):
        for _ in range(times):
            with pytest.raises(ProviderError):
                numbers.fetch(twilio.own_account(), "PN" + "0" * 32)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(500, ("degraded", "transient_network")), (401, ("failed", "third_party_auth_failed"))],
)
def test_an_open_breaker_still_tells_why_it_opened(
    number: str, studio: UUID, sandbox: Sandbox, status: int, expected: tuple[str, str]
) -> None:
    sandbox.fault("twilio", "status", status=status)
    failing_calls(studio, 5)
    found = seen(studio, "twilio_number")
    assert state(found) == expected
    assert "Aufrufe ruhen" in found.summary


def test_a_provider_that_begins_to_fail_shows_without_waiting_for_a_round(
    number: str, studio: UUID, sandbox: Sandbox
) -> None:
    assert seen(studio, "twilio_number").status == "healthy"
    sandbox.fault("twilio", "status", status=500)
    failing_calls(studio, 1)
    work_off(["health"])
    assert stored(studio)["twilio_number"].status == "degraded"


def test_a_provider_that_recovers_shows_without_waiting_for_a_round(
    number: str, studio: UUID, sandbox: Sandbox
) -> None:
    sandbox.fault("twilio", "status", status=500)
    failing_calls(studio, 1)
    work_off(["health"])
    HTTP.delete(f"{sandbox.url}/_control/faults")
    with tenant(studio):
        numbers.fetch(twilio.own_account(), number)
    work_off(["health"])
    assert stored(studio)["twilio_number"].status == "healthy"


def model_call(studio: UUID, provider: str, outcome: str, *, ago: timedelta = timedelta(0), code: str = "") -> None:
    with tenant(studio), atomic():
        ProviderCall.objects.create(
            provider=provider,
            operation="chat",
            outcome=outcome,
            code=code,
            milliseconds=1,
            correlation_id=studio,
            at=datetime.now(UTC) - ago,
        )


@pytest.fixture
def keys(settings: Settings) -> None:
    settings.OPENAI_API_KEY = settings.GROQ_API_KEY = "sk-x"
    settings.ANTHROPIC_API_KEY, settings.SMTP_HOST = "", "mail.example"


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ({}, "healthy"),
        ({"openai": "ok"}, "healthy"),
        ({"openai": "TRANSIENT_NETWORK"}, "degraded"),
        ({"openai": "THIRD_PARTY_AUTH_FAILED", "groq": "ok"}, "degraded"),
        ({"openai": "THIRD_PARTY_AUTH_FAILED", "groq": "TRANSIENT_NETWORK"}, "failed"),
    ],
)
def test_the_models_are_judged_by_the_studios_own_calls(
    keys: None, studio: UUID, calls: dict[str, str], expected: str
) -> None:
    for provider, outcome in calls.items():
        model_call(studio, provider, outcome)
    assert seen(studio, "own_models").status == expected


@pytest.mark.parametrize(
    ("outcome", "minutes", "expected"),
    [("TRANSIENT_NETWORK", 3, "healthy"), ("THIRD_PARTY_AUTH_FAILED", 3, "degraded"), ("ok", 0, "healthy")],
)
def test_a_hiccup_is_forgotten_sooner_than_a_wrong_key(
    keys: None, studio: UUID, outcome: str, minutes: int, expected: str
) -> None:
    model_call(studio, "openai", outcome, ago=timedelta(minutes=minutes))
    assert seen(studio, "own_models").status == expected


def test_an_answer_that_was_refused_speaks_for_the_model(keys: None, studio: UUID) -> None:
    model_call(studio, "openai", "CONFIGURATION_ERROR", code="refused")
    assert seen(studio, "own_models").status == "healthy"


def test_another_studios_calls_say_nothing_about_this_one(keys: None, studio: UUID) -> None:
    from tests.factories import WorkspaceFactory

    model_call(WorkspaceFactory().pk, "openai", "THIRD_PARTY_AUTH_FAILED")
    assert seen(studio, "own_models").status == "healthy"


def test_mail_that_does_not_leave_is_seen(keys: None, studio: UUID) -> None:
    model_call(studio, "smtp", "TRANSIENT_NETWORK")
    assert state(seen(studio, "own_mail")) == ("degraded", "mail_failing")


def test_an_address_that_does_not_exist_is_no_illness(keys: None, studio: UUID) -> None:
    model_call(studio, "smtp", "UNREACHABLE")
    assert seen(studio, "own_mail").status == "healthy"


def use(studio: UUID, amount: int) -> HealthCheck:
    with tenant(studio):
        budgets.set_limits("messages", daily=100)
        budgets.reserve("messages", amount, key=f"k{amount}", now=datetime.now(UTC))
    return seen(studio, "own_limits")


def test_a_budget_with_room_is_well(studio: UUID) -> None:
    row = use(studio, 1)
    assert (row.status, row.metrics["budgetUtilization"]) == ("healthy", 0.01)


def test_a_budget_that_is_nearly_used_up_warns(studio: UUID) -> None:
    assert state(use(studio, 85)) == ("degraded", "budget_tight")


def test_a_budget_that_is_used_up_says_when_it_opens_again(studio: UUID) -> None:
    row = use(studio, 100)
    assert state(row) == ("degraded", "budget_used_up")
    assert ":" in row.summary


def test_a_limit_for_costs_that_is_nearly_reached_says_what_the_studio_can_do(studio: UUID) -> None:
    with tenant(studio):
        budgets.choose("euro", own_monthly=1_000_000, actor="test")
        budgets.reserve("euro", 850_000, key="k", now=datetime.now(UTC))
    row = seen(studio, "own_limits")
    assert state(row) == ("degraded", "budget_tight")
    assert "85" in row.summary


def test_a_day_that_is_used_up_is_told_before_a_month_that_is_tight(studio: UUID) -> None:
    with tenant(studio):
        budgets.choose("euro", own_monthly=1_000_000, actor="test")
        budgets.reserve("euro", 850_000, key="k", now=datetime.now(UTC))
    assert state(use(studio, 100)) == ("degraded", "budget_used_up")


def test_the_pace_of_the_day_tells_when_a_budget_will_be_used_up() -> None:
    from health.workspace_probes import _used_up_at

    now = datetime(2026, 11, 20, 6, tzinfo=UTC)
    standing = budgets.Standing("messages", "message", "queue", 100, 50, None, 0, now + timedelta(hours=18))
    assert _used_up_at(standing, now=now) == now + timedelta(hours=6)
    calm = budgets.Standing("messages", "message", "queue", 100, 26, None, 0, now + timedelta(hours=2))
    assert _used_up_at(calm, now=now) is None


def job(studio: UUID, name: str, **changes: object) -> None:
    with tenant(studio), atomic():
        public_id = jobs.enqueue(name, Empty(), key=name)
        AutopilotJob.objects.filter(public_id=public_id).update(**changes)


@pytest.fixture
def lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    from pilar.kernel.switchboard import JobType

    for name, lane in (("test.work", "messages"), ("test.webhook", "webhooks")):
        monkeypatch.setitem(switchboard.jobs, name, JobType(name, lambda _work: None, Empty, lane))


def test_work_that_has_given_up_is_seen_by_its_studio_only(lanes: None, studio: UUID) -> None:
    job(studio, "test.work", status=2)
    assert state(seen(studio, "own_queue")) == ("degraded", "dead_letters")
    assert seen(studio, "own_webhooks").status == "healthy"
    assert state(seen(PLATFORM, "dead_letters")) == ("degraded", "dead_letters")


@pytest.mark.parametrize(("seconds", "expected"), [(5, "healthy"), (90, "degraded"), (400, "failed")])
def test_the_age_of_the_oldest_unprocessed_webhook_decides(
    lanes: None, studio: UUID, seconds: int, expected: str
) -> None:
    since = datetime.now(UTC) - timedelta(seconds=seconds)
    job(studio, "test.webhook", created_at=since, scheduled_at=since)
    row = seen(studio, "own_webhooks")
    assert row.status == expected
    assert row.metrics["oldestUnprocessedSeconds"] >= seconds


@pytest.mark.parametrize(("attempts", "expected"), [(0, "healthy"), (1, "degraded")])
def test_a_webhook_that_only_looks_again_later_is_no_weakness_and_one_that_fails_is(
    lanes: None, studio: UUID, attempts: int, expected: str
) -> None:
    now = datetime.now(UTC)
    later = {"created_at": now - timedelta(seconds=90), "scheduled_at": now + timedelta(seconds=9)}
    job(studio, "test.webhook", attempts=attempts, **later)
    assert seen(studio, "own_webhooks").status == expected


def test_a_webhook_that_could_not_be_worked_on_is_seen(lanes: None, studio: UUID) -> None:
    job(studio, "test.webhook", status=2)
    assert state(seen(studio, "own_webhooks")) == ("degraded", "webhooks_dead")


def test_due_work_that_nobody_does_is_seen(studio: UUID) -> None:
    from pilar.backplane.models import Turn

    since = datetime.now(UTC) - timedelta(seconds=400)
    with tenant(studio), atomic():
        Turn.objects.create(lane=2, workspace_id=studio, next_at=since, refilled_at=since)
    assert state(seen(studio, "own_queue")) == ("failed", "queue_late")
    assert state(seen(PLATFORM, "queue")) == ("failed", "queue_late")


@pytest.mark.parametrize(("kind", "probe"), [("worker", "workers"), ("beat", "beat")])
def test_processes_that_live_and_do_not(db: None, kind: str, probe: str) -> None:
    assert state(seen(PLATFORM, probe)) == ("failed", f"no_{kind}")
    a_worker(kind=kind)
    assert seen(PLATFORM, probe).status == "healthy"


def test_a_redis_that_is_away_only_degrades(db: None, settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert state(seen(PLATFORM, "redis")) == ("degraded", "redis_away")


def test_the_database_tells_how_long_it_takes(db: None) -> None:
    row = seen(PLATFORM, "database")
    assert row.status == "healthy"
    assert row.metrics["responseTime"] > 0
