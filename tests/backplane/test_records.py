"""Receipts, activity and what the engine knows of each workspace."""

from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from django.db import connections

from pilar.backplane import activity, receipts, tenants
from pilar.backplane.models import ActivityLog, TenantProfile
from pilar.backplane.tenancy import PLATFORM, tenant
from pilar.kernel.problems import Problem
from tests.backplane.trade import value


@pytest.mark.django_db
class TestReceipts:
    def test_a_delivery_is_kept_with_its_bytes(self) -> None:
        receipt, is_new = receipts.store("stripe", "acct", "evt_1", b'{"a": 1}', {"Signature": "s"})
        assert is_new
        assert (bytes(receipt.body), receipt.headers) == (b'{"a": 1}', {"Signature": "s"})

    def test_the_same_event_again_is_the_first_receipt(self) -> None:
        first, _ = receipts.store("stripe", "acct", "evt_1", b"1", {})
        again, is_new = receipts.store("stripe", "acct", "evt_1", b"2", {})
        assert (again.id, bytes(again.body), is_new) == (first.id, b"1", False)

    def test_accounts_have_events_of_their_own(self) -> None:
        receipts.store("twilio", "a", "1", b"", {})
        assert receipts.store("twilio", "b", "1", b"", {})[1]

    def test_a_receipt_gets_its_workspace_and_its_end(self, workspace: UUID) -> None:
        receipt, _ = receipts.store("stripe", "", "evt_1", b"", {})
        receipts.resolve(receipt.id, workspace)
        receipts.settle(receipt.id, error="no such customer")
        receipt.refresh_from_db()
        assert receipt.processed_at is not None
        assert (receipt.workspace_id, receipt.error) == (workspace, "no such customer")


def test_a_storm_of_one_delivery_is_kept_once(threads: str) -> None:
    def deliver(_number: int) -> bool:
        try:
            return receipts.store("stripe", "", "evt_1", b"{}", {})[1]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(deliver, range(20))) == 1


@pytest.mark.django_db
class TestTenants:
    def test_a_workspace_lives_in_its_own_time_zone(self, inside: UUID) -> None:
        tenants.put(inside, timezone="America/New_York")
        assert tenants.zone().key == "America/New_York"

    def test_the_platform_lives_in_utc(self, db: None) -> None:
        with tenant(PLATFORM):
            assert tenants.zone().key == "UTC"

    def test_an_unknown_time_zone_is_refused(self, inside: UUID) -> None:
        with pytest.raises(Problem):
            tenants.put(inside, timezone="Mars/Olympus")

    def test_putting_again_changes_it(self, inside: UUID) -> None:
        tenants.put(inside, weight=1)
        tenants.put(inside, weight=5)
        assert TenantProfile.objects.get().weight == 5
        assert value("SELECT count(*) FROM autopilot_tenant") == 1


@pytest.mark.django_db
def test_activity_tells_what_was_done_and_to_whom(inside: UUID) -> None:
    activity.log("coach", "Wrote to %(name)s", {"name": "Anna"}, subject=("lead", "1"))
    entry = ActivityLog.objects.get()
    assert (entry.summary_key % entry.facts, entry.subject_type, entry.subject_id) == ("Wrote to Anna", "lead", "1")
