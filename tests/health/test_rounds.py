"""Rounds: who is looked at, when, and at what cost."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from health import checks, rounds
from health.models import HealthCheck
from pilar.backplane import events, jobs
from pilar.backplane.engine import work_off
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Empty, Work
from pilar.providers.events import ProviderFailed, WhatsAppAccount
from tests.factories import WorkspaceFactory
from tests.health.conftest import ILL, WELL, Lamp, age, incidents, look, stored
from workspaces import directory

pytestmark = pytest.mark.django_db
OVERDUE = timedelta(minutes=10)


def order() -> int:
    """A minute passes: the studios that are due get their orders."""
    work = Work(uuid7(), PLATFORM, "health.tick", Empty(), 1, uuid7())
    return rounds.tick(work)["ordered"]  # type: ignore[index,call-overload,return-value]


def work() -> None:
    work_off(["health"])


def test_only_studios_that_are_due_are_looked_at(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    assert order() == 0
    age(studio, OVERDUE)
    assert order() == 1


def test_a_round_looks_at_the_due_probes_only(studio: UUID, lamp: Lamp) -> None:
    checks.run_workspace(studio, now=datetime.now(UTC))
    looks = len(lamp.looks)
    with tenant(studio), atomic():
        HealthCheck.objects.filter(probe="lamp").update(
            next_check=datetime.now(UTC) - timedelta(seconds=1), last_check=datetime.now(UTC) - OVERDUE
        )
    before = stored(studio)["own_queue"].last_check
    order()
    work()
    assert len(lamp.looks) == looks + 1
    assert stored(studio)["own_queue"].last_check == before


def test_a_studio_is_ordered_once_until_its_order_is_old(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    age(studio, OVERDUE)
    assert [order(), order()] == [1, 0]


def test_a_backlog_of_orders_is_one_look(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    for _ in range(3):
        age(studio, OVERDUE)
        order()
    work()
    assert len(lamp.looks) == 2


def test_a_suspended_studio_gets_no_orders_and_is_seen_again_when_it_returns(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    age(studio, OVERDUE)
    directory.suspend(workspace_id=studio, reason="x", actor="test", now=datetime.now(UTC))
    assert order() == 0
    directory.resume(workspace_id=studio, actor="test", now=datetime.now(UTC))
    work()
    assert len(lamp.looks) == 2


def test_a_studio_in_service_without_checks_gets_them(studio: UUID) -> None:
    rounds.adopt(Work(uuid7(), PLATFORM, "health.adopt", Empty(), 1, uuid7()))
    work()
    assert {"own_queue", "twilio_number", "whatsapp_number"} <= set(stored(studio))


def test_a_probe_that_a_deploy_adds_is_run_in_the_next_round(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    age(studio, OVERDUE)
    order()
    work()
    assert "own_limits" in stored(studio)


def test_a_probe_that_a_deploy_takes_away_is_forgotten(
    studio: UUID, lamp: Lamp, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(lamp, studio, WELL)
    age(studio, OVERDUE)
    order()
    monkeypatch.delitem(switchboard.probes, "lamp")
    work()
    assert "lamp" not in stored(studio)


def test_a_round_repairs_what_it_finds_broken(studio: UUID, lamp: Lamp) -> None:
    look(lamp, studio, WELL)
    age(studio, OVERDUE)
    lamp.finding = ILL
    order()
    work()
    assert (lamp.repairs, incidents(studio)[0].status) == (1, "resolved")


def test_a_provider_that_fails_is_looked_at_at_once(studio: UUID, lamp: Lamp) -> None:
    fact = ProviderFailed(provider="x", operation="y", error_class="TRANSIENT_NETWORK", code="", message="")
    with tenant(studio), atomic():
        events.publish("provider.failed", fact, key="k")
    work()
    assert lamp.looks == [studio]


def test_what_meta_tells_of_an_account_is_looked_at_at_once(studio: UUID, lamp: Lamp) -> None:
    fact = WhatsAppAccount(field="account_update", event="ACCOUNT_RESTRICTION", details={})
    with tenant(studio), atomic():
        events.publish("whatsapp.account", fact, key="k")
    work()
    assert lamp.looks == [studio]


def test_a_provider_that_fails_the_platform_is_looked_at_by_the_platform(db: None, lamp: Lamp) -> None:
    fact = ProviderFailed(provider="x", operation="y", error_class="TRANSIENT_NETWORK", code="", message="")
    with tenant(PLATFORM), atomic():
        events.publish("provider.failed", fact, key="k")
    work()
    assert lamp.looks == []
    assert "stripe" in stored(PLATFORM)


def test_the_platform_looks_at_itself_only_as_often_as_each_probe_wants(db: None) -> None:
    for slot in ("a", "b"):
        with tenant(PLATFORM), atomic():
            jobs.enqueue("health.check_system", Empty(), key=slot)
        work()
        age(PLATFORM, timedelta(seconds=61))
    rows = stored(PLATFORM)
    assert {"database", "queue", "workers", "beat", "redis", "stripe", "shared_webhooks"} <= set(rows)
    assert rows["database"].last_check > rows["stripe"].last_check


def seed(studios: int) -> None:
    """Studios with eight checks each, spread over five minutes as in service."""
    now, made = datetime.now(UTC), []
    ids = [WorkspaceFactory.build().pk for _ in range(studios)]
    with all_tenants("find the studios whose health checks are due"), atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO workspaces_workspace (id, name, country, language, timezone, status, plan_id, created_at) "
            "SELECT unnest(%s::uuid[]), 'x', 'DE', 'de', 'Europe/Berlin', 'active', 'PRO', now()",
            [ids],
        )
        for place, studio in enumerate(ids):
            due = now + timedelta(seconds=300 * place / studios - 30)
            made += [
                HealthCheck(workspace_id=studio, probe=f"p{n}", status="healthy", last_check=now, next_check=due)
                for n in range(8)
            ]
        HealthCheck.objects.bulk_create(made, batch_size=5000)


def test_the_due_are_found_by_an_index_of_due_times(db: None) -> None:
    values = {"now": datetime.now(UTC), "platform": PLATFORM, "most": 20_000}
    values |= {"ordered_for": rounds.ORDERED_FOR, "asleep_for": rounds.ASLEEP_FOR}
    with all_tenants("find the studios whose health checks are due"), atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # an empty table is read as a whole otherwise
        cursor.execute("EXPLAIN " + rounds._ORDER, values)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "health_check_due" in plan


def test_a_round_over_many_studios_costs_a_fixed_number_of_statements(db: None) -> None:
    seed(300)
    with CaptureQueriesContext(connection) as queries:
        ordered = order()
    assert 20 < ordered < 40
    assert len(queries) < 15
    with all_tenants("find the studios whose health checks are due"), atomic():
        assert AutopilotJob.objects.filter(type="health.check_workspace").count() == ordered


def test_looking_at_one_studio_costs_a_fixed_number_of_statements_besides_its_probes(studio: UUID) -> None:
    quick = [probe for name, probe in switchboard.probes.items() if name.startswith("own_")]
    checks.run(quick, studio, now=datetime.now(UTC))
    with CaptureQueriesContext(connection) as queries:
        checks.run(quick, studio, now=datetime.now(UTC))
    writes = [query["sql"] for query in queries if "health_" in query["sql"]]
    assert len(writes) == 3, writes
