"""Settings > Autopilot: connections, keys, limits, trails and the data export, through their doors."""

import json
from datetime import timedelta
from io import BytesIO
from uuid import UUID
from zipfile import ZipFile

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from pilar.backplane import activity, audit, budgets, rates
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.problems import Conflict, NotFound
from pilar.kernel.switchboard import Empty, Finding, Probe, Work
from pilar.providers import breakers, connections
from tests.factories import LeadFactory
from tests.workspaces.world import World, make_world
from workspaces import data_export
from workspaces.models import DataExport

pytestmark = pytest.mark.django_db

PATH = "/dashboard/settings/autopilot"
PAGES = ("", "/setup", "/keys", "/limits", "/changes", "/export")


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def owner(world: World) -> Client:
    return world.browser("owner")


def _text(browser: Client, page: str, **filters: str) -> str:
    return browser.get(PATH + page, filters).content.decode()


@pytest.mark.parametrize("page", PAGES)
def test_owner_and_admin_see_each_page_and_a_coach_none(world: World, page: str) -> None:
    assert [world.browser(who).get(PATH + page).status_code for who in ("owner", "admin", "coach")] == [200, 200, 403]


def _probe(monkeypatch: pytest.MonkeyPatch, found: Finding) -> None:
    monkeypatch.setitem(
        switchboard.probes, "stripe", Probe("stripe", "external_apis", lambda _id: found, per_workspace=False)
    )


def test_a_test_asks_the_provider_and_tells_the_answer(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _probe(monkeypatch, Finding("failed", "Stripe schweigt.", fix="Schlüssel prüfen."))
    answer = owner.post(f"{PATH}/test/stripe", follow=True)
    assert "Stripe schweigt. Schlüssel prüfen." in answer.content.decode()


def test_a_provider_is_not_asked_more_than_six_times_a_minute(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    _probe(monkeypatch, Finding("healthy", "Gut."))
    with time_machine.travel(clock.now(), tick=False):
        assert [owner.post(f"{PATH}/test/stripe").status_code for _try in range(7)] == [302] * 6 + [429]


def test_a_pause_after_refused_credentials_is_shown_and_a_test_ends_it(
    world: World, owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = ProviderError("535", provider="smtp", error_class=ErrorClass.THIRD_PARTY_AUTH_FAILED)
    with tenant(world.workspace_id), atomic():
        connections.put("email")
        for _ in range(5):
            breakers.failed("smtp", refused.error_class)
        connections.mark("smtp", error=refused)
    assert "Nächster Versuch: " in _text(owner, "")
    tried: list[str] = []
    probe = Probe("mail_server", "external_apis", lambda _id: _let_in(tried), per_workspace=False)
    monkeypatch.setitem(switchboard.probes, "mail_server", probe)
    owner.post(f"{PATH}/test/email")
    assert tried == ["let in"]


def _let_in(tried: list[str]) -> Finding:
    with atomic():
        breakers.admit("smtp")
    tried.append("let in")
    return Finding("healthy", "Gut.")


def test_an_unknown_provider_cannot_be_tested(owner: Client) -> None:
    assert owner.post(f"{PATH}/test/nobody").status_code == 404


def _standing(world: World) -> tuple[int | None, str]:
    with tenant(world.workspace_id):
        found = next(entry for entry in budgets.status(clock.now()) if entry.resource == "messages")
    return found.hourly_limit, found.policy


def test_a_studio_limits_its_hour_and_says_what_happens_beyond(world: World, owner: Client) -> None:
    owner.post(f"{PATH}/limits/messages", {"hourly": "20", "policy": "drop"})
    assert _standing(world) == (20, "drop")


def test_a_studio_allows_itself_less_a_day_than_its_plan_and_takes_that_back(world: World, owner: Client) -> None:
    with tenant(world.workspace_id), atomic():
        budgets.allow("messages", daily=100)
    owner.post(f"{PATH}/limits/messages", {"daily": "7", "policy": "queue"})
    assert 'value="7"' in _text(owner, "/limits")
    with tenant(world.workspace_id), pytest.raises(budgets.Exceeded):
        budgets.reserve("messages", 8, key="k", now=clock.now())
    owner.post(f"{PATH}/limits/messages", {"daily": "", "policy": "queue"})
    with tenant(world.workspace_id):
        assert budgets.reserve("messages", 8, key="k", now=clock.now()).amount == 8


@pytest.mark.parametrize("wanted", [{"hourly": "999999"}, {"daily": "999999"}, {"hourly": "0"}, {"daily": "0"}])
def test_nobody_allows_themselves_more_than_the_plan_nor_nothing(
    world: World, owner: Client, wanted: dict[str, str]
) -> None:
    before = _standing(world)
    page = owner.post(f"{PATH}/limits/messages", wanted | {"policy": "queue"}).content.decode()
    assert ("aria-invalid" in page, _standing(world)) == (True, before)


def test_what_the_studios_programs_ordered_is_shown_with_when_more_would_begin(world: World, owner: Client) -> None:
    assert "Es beginnt: " not in _text(owner, "/limits")
    for _ in range(401):
        rates.count(rates.Limit.parse(rates.JOBS), rates.of_workspace(world.workspace_id), clock.now())
    page = _text(owner, "/limits")
    assert ("401 / 500" in page, "Es beginnt: " in page) == (True, True)


def test_an_owner_caps_what_a_month_costs_and_sees_what_it_has_cost(world: World, owner: Client) -> None:
    with tenant(world.workspace_id):
        budgets.reserve("euro", 113_100, key="k", now=clock.now())
    owner.post(f"{PATH}/limits/euro", {"daily": "", "monthly": "12.50", "policy": "drop"})
    page = _text(owner, "/limits")
    assert 'value="12.50"' in page
    assert "0,11" in page
    with tenant(world.workspace_id), pytest.raises(budgets.Exceeded):
        budgets.reserve("euro", 12_500_000, key="more", now=clock.now())


@pytest.mark.parametrize("wanted", [{"daily": "-1"}, {"monthly": "0.001"}, {"monthly": "NaN"}, {"policy": "give"}])
def test_an_amount_that_is_none_caps_nothing(world: World, owner: Client, wanted: dict[str, str]) -> None:
    page = owner.post(f"{PATH}/limits/euro", {"daily": "", "monthly": "", "policy": "queue"} | wanted).content.decode()
    with tenant(world.workspace_id):
        assert budgets.reserve("euro", 10**9, key="k", now=clock.now())
    assert "aria-invalid" in page


def test_changes_are_narrowed_by_person_and_kind(world: World, owner: Client) -> None:
    with tenant(world.workspace_id), atomic():
        audit.record(f"user:{world.people['owner'].pk}", "lead.added", "Lead", "7")
        audit.record("stripe", "workspace.created", "Workspace", "8")
    page = _text(owner, "/changes", who=f"user:{world.people['owner'].pk}", what="members")
    assert ("Mitglied angelegt" in page, "Studio eröffnet" in page) == (True, False)


@pytest.mark.parametrize(
    ("actor", "said"),
    [("stripe", "Stripe"), ("operator:7", "PILAR-Support"), ("system", "Der Autopilot"), ("user:0", "Team verlassen")],
)
def test_a_change_says_who_it_was_in_words(world: World, owner: Client, actor: str, said: str) -> None:
    with tenant(world.workspace_id), atomic():
        audit.record(actor, "subscription.changed", "subscription", "sub_1")
    page = _text(owner, "/changes", who=actor.partition(":")[0], what="billing")
    row = page[page.index("Das Abo hat sich geändert") :]
    assert said in row[:200]
    assert 'href="?object_id=sub_1"' in row


def test_activity_is_narrowed_by_day(world: World, owner: Client) -> None:
    with tenant(world.workspace_id), atomic():
        activity.log("coach.x", "Something happened", {})
    today = timezone.localdate()
    before, later = ((today + timedelta(days=days)).isoformat() for days in (-1, 1))
    assert "Something happened" in _listed(owner, since=today.isoformat(), until=today.isoformat())
    assert "Something happened" not in _listed(owner, since=later) + _listed(owner, until=before)


def _listed(browser: Client, **filters: str) -> str:
    return browser.get("/dashboard/settings/activity", filters).content.decode()


def test_the_next_page_of_a_trail_keeps_its_filters(world: World, owner: Client) -> None:
    with tenant(world.workspace_id), atomic():
        for number in range(51):
            audit.record("system", "lead.added", "Lead", str(number))
    assert "?what=members&amp;cursor=" in _text(owner, "/changes", what="members")


@pytest.mark.parametrize(
    "filters",
    [{"since": "gestern"}, {"what": "\x00"}, {"who": "nobody"}, {"since": "0001-01-01", "until": "9999-12-31"}],
)
def test_filters_without_sense_do_not_break_a_trail(owner: Client, filters: dict[str, str]) -> None:
    assert owner.get(PATH + "/changes", filters).status_code == 200


def _ordered(studio: UUID) -> DataExport:
    with tenant(studio), atomic():
        return data_export.order(actor="user:1", now=clock.now())


def _written(studio: UUID) -> DataExport:
    export = _ordered(studio)
    order = data_export.ExportOrder(export_id=export.pk)
    with tenant(studio):
        data_export.write(Work(export.pk, studio, "workspaces.export", order, 1, export.pk))
        with atomic():
            export.refresh_from_db()
    return export


def test_an_export_holds_the_rows_of_this_studio_only(world: World) -> None:
    for studio, name in ((world.workspace_id, "Anna"), (world.foreign_id, "Fremd")):
        with tenant(studio), atomic():
            LeadFactory(name=name)
    content = _written(world.workspace_id).content
    assert content is not None
    lines = ZipFile(BytesIO(bytes(content))).read("members.jsonl").decode().splitlines()
    assert [json.loads(line)["name"] for line in lines] == ["Anna"]


def test_an_export_holds_no_secrets(world: World) -> None:
    content = _written(world.workspace_id).content
    assert content is not None
    names = ZipFile(BytesIO(bytes(content))).namelist()
    assert "changes.jsonl" in names
    assert not any("key" in name or "connection" in name for name in names)


def test_one_export_at_a_time(world: World) -> None:
    _ordered(world.workspace_id)
    with pytest.raises(Conflict):
        _ordered(world.workspace_id)


def test_an_export_needs_a_recent_sign_in(world: World, owner: Client) -> None:
    export = _written(world.workspace_id)
    answers = [owner.post(f"{PATH}/export/new"), owner.get(f"{PATH}/export/{export.pk}")]
    assert all(answer["Location"].startswith("/accounts/reauthenticate/") for answer in answers)


def test_an_export_is_gone_after_a_week(world: World) -> None:
    export = _written(world.workspace_id)
    with tenant(world.workspace_id), pytest.raises(NotFound):
        data_export.fetch(export_id=export.pk, actor="x", now=clock.now() + timedelta(days=8))


def test_another_studios_export_is_not_found(world: World) -> None:
    export = _written(world.workspace_id)
    with tenant(world.foreign_id), pytest.raises(NotFound):
        data_export.fetch(export_id=export.pk, actor="x", now=clock.now())


def test_old_exports_are_deleted(world: World) -> None:
    export = _written(world.workspace_id)
    with tenant(world.workspace_id), atomic():
        DataExport.objects.update(expires_at=clock.now() - timedelta(days=1))
    assert data_export.forget(Work(export.pk, export.pk, "x", Empty(), 1, export.pk)) == {"deleted": 1}
