"""What keeps the hot tables small: retention, partitions, vacuum settings, and the master keys' renewal."""

from datetime import timedelta
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command

from pilar.backplane import events, maintenance, vault
from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import tenant
from pilar.backplane.tenant_model import tenant_models
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Empty, Work
from tests.backplane.trade import Task, Trade, enqueue, rows, value

pytestmark = pytest.mark.django_db
UPKEEP = Work(uuid7(), uuid7(), "upkeep", Empty(), 1, uuid7())

KEPT = {
    "autopilot_event": "partitions",
    "autopilot_job_attempt": "partitions",
    "autopilot_job_done": "partitions",
    "autopilot_turn": "one row for a workspace and lane",
    "autopilot_tenant": "one row for a workspace",
    "autopilot_budget": "one row for a workspace and resource",
    "autopilot_data_key": "goes with the workspace",
    "autopilot_event_stream": "one row for an aggregate, whose order must never begin anew",
    "autopilot_audit": "outlives the workspace (reliability S9)",
    "autopilot_audit_seal": "outlives the workspace (reliability S9)",
    "autopilot_lane_figures": "one row for a lane",
    "autopilot_lane_count": "some rows for a lane",
    "autopilot_type_time": "one row for a type of job",
}
"""Tables of the backplane without a rule of `maintenance.RETENTION`, each with what bounds it."""

HOT = (
    "autopilot_job", "autopilot_turn", "autopilot_event_dispatch", "autopilot_event_stream", "autopilot_effect",
    "autopilot_lock", "autopilot_budget_window", "autopilot_budget_entry", "autopilot_receipt", "autopilot_activity",
    "autopilot_cache", "autopilot_worker", "autopilot_idem_0", "autopilot_idem_15", "autopilot_lane_count",
    "autopilot_type_time",
)  # fmt: skip


def test_every_table_is_bounded_by_a_rule_or_says_by_what() -> None:
    present = value(
        "SELECT array_agg(relname::text) FROM pg_class WHERE relname LIKE 'autopilot\\_%%' AND relkind IN ('r', 'p')"
        " AND NOT relispartition AND relnamespace = 'public'::regnamespace"
    )
    assert set(present) == set(KEPT) | set(maintenance.RETENTION)
    assert not set(KEPT) & set(maintenance.RETENTION)


@pytest.mark.parametrize("table", HOT)
def test_a_hot_table_is_vacuumed_by_count_not_by_share(table: str) -> None:
    options = dict(option.split("=") for option in value("SELECT reloptions FROM pg_class WHERE relname = %s", table))
    assert "autovacuum_vacuum_threshold" in options
    assert float(options.get("autovacuum_vacuum_scale_factor", 0.02)) <= 0.05


@pytest.mark.parametrize("table", sorted(maintenance.RETENTION))
def test_each_rule_of_retention_runs(table: str) -> None:
    assert maintenance._delete(table, maintenance.RETENTION[table]) == 0


def test_a_dead_job_is_kept_for_thirty_days_from_its_last_run(workspace: UUID, trade: Trade) -> None:
    trade.job()
    enqueue(workspace)
    for days, left in ((29, 1), (31, 0)):
        rows(
            "UPDATE autopilot_job SET status = 2, created_at = statement_timestamp() - interval '90 days',"
            " locked_at = statement_timestamp() - make_interval(days => %s) RETURNING 1",
            days,
        )
        maintenance.retain(UPKEEP)
        assert value("SELECT count(*) FROM autopilot_job") == left


def test_an_event_of_the_far_future_outlives_the_partitions_of_its_day(trade: Trade, inside: UUID) -> None:
    trade.event("t.event")
    later = clock.now() + timedelta(days=200)
    events.publish("t.event", Task(), key="far", at=later)
    events.publish("t.event", Task(), key="now")
    awaited = {day for (day,) in rows(maintenance._AWAITED_DAYS)}
    assert awaited == {clock.now().date()}
    maintenance.keep_partitions(UPKEEP)
    assert AutopilotEvent.objects.count() == 2


class TestMasterKeys:
    @pytest.fixture
    def sealed(self, settings: Any) -> list[str]:
        for _ in range(3):
            with tenant(uuid7()):
                vault.seal("secret", provider="p", field="f")
        old = list(settings.ENCRYPTION_KEYS)
        settings.ENCRYPTION_KEYS = ["n" * 44, *old]
        return old

    def rewrap(self, *options: str) -> str:
        out = StringIO()
        call_command("vault", "rewrap", *options, stdout=out)
        return out.getvalue()

    def test_all_keys_are_wrapped_anew_and_the_old_master_key_can_go(self, sealed: list[str]) -> None:
        assert "3 data keys were wrapped anew, 0 remain." in self.rewrap()
        assert "can be taken out" in self.rewrap()

    def test_it_says_how_many_remain(self, sealed: list[str]) -> None:
        said = self.rewrap("--limit", "2")
        assert "2 data keys were wrapped anew, 1 remain." in said
        assert "can be taken out" not in said

    def test_a_key_that_nothing_opens_stops_it(self, sealed: list[str], settings: Any) -> None:
        settings.ENCRYPTION_KEYS = ["n" * 44]
        with pytest.raises(CommandError, match="PILAR_ENCRYPTION_KEYS"):
            self.rewrap()


def test_every_table_of_the_backplane_is_known_to_the_guard() -> None:
    ours = {m._meta.db_table for m in tenant_models() if m._meta.app_label == "backplane"}
    assert ours <= set(KEPT) | set(maintenance.RETENTION)
