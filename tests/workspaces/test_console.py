"""What operators see of all studios, what their search finds, and their visits to a studio."""

import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse, reverse_lazy

from coach.models import Lead
from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock, switchboard
from pilar.kernel.console import Panel
from pilar.kernel.ids import uuid7
from pilar.providers.models import ProviderCall
from tests.workspaces.test_account import fresh
from tests.workspaces.world import World
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711: Chats laden nicht"


@pytest.fixture
def operator(world: World) -> Client:
    return fresh(world, "operator")


def find(operator: Client, term: Any) -> str:
    return operator.get(reverse("dashboard:console_find"), {"q": term}).content.decode()


def go_in(operator: Client, world: World, *, role: str = "viewer", reason: str = REASON) -> Any:
    address = reverse("workspaces:console_enter", args=[world.workspace_id])
    return operator.post(address, {"role": role, "reason": reason})


class TestFrontPage:
    def test_its_main_part_is_a_landmark_and_its_cells_know_their_columns(self, operator: Client, world: World) -> None:
        call = {"provider": "twilio", "operation": "x", "outcome": "ok", "milliseconds": 5, "correlation_id": uuid7()}
        with tenant(world.workspace_id), atomic():
            ProviderCall.objects.create(**call, at=clock.now())
        page = operator.get("/admin/").content.decode()
        assert page.count("<main ") == page.count("</main>") == 1
        assert re.search(r'data-label="(Anbieter|Provider)"[^>]*><a [^>]*provider__exact=twilio', page)

    def test_every_room_draws_its_part(self, operator: Client) -> None:
        page = operator.get("/admin/").content.decode()
        assert [name for name in switchboard.panels if f'id="panel-{name}"' not in page] == []
        assert 'role="alert"' not in page

    def test_each_figure_leads_to_a_list_that_takes_its_filter(self, operator: Client, world: World) -> None:
        """Django sends whoever asks for a filter that it does not know back to the list without one."""
        page = operator.get("/admin/").content.decode()
        leads = {html.unescape(one) for one in re.findall(r'href="(/admin/[^"]*/\?[^"]*)"', page)}
        assert len(leads) >= 10
        assert {one: operator.get(one).status_code for one in leads} == dict.fromkeys(leads, 200)

    def test_a_part_that_breaks_leaves_the_others(self, operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(switchboard.panels, "x", Panel("x", "X", lambda _now: 1 / 0))  # type: ignore[arg-type,return-value]
        page = operator.get("/admin/").content.decode()
        assert page.count('role="alert"') == 1
        assert 'id="panel-queue"' in page

    def test_its_queries_do_not_grow_with_the_studios(
        self, operator: Client, django_assert_max_num_queries: Any
    ) -> None:
        Workspace.objects.bulk_create(Workspace(name=f"Studio {n}") for n in range(300))
        operator.get("/admin/")
        with django_assert_max_num_queries(40):
            operator.get("/admin/")


class TestSearch:
    def test_a_studio_is_found_by_name_and_id(self, operator: Client, world: World) -> None:
        Workspace.objects.filter(pk=world.workspace_id).update(name="Eisenwerk Nord")
        address = reverse("workspaces:console_studio", args=[world.workspace_id])
        assert address in find(operator, "eisenwerk")
        assert address in find(operator, world.workspace_id)

    def test_a_member_is_found_by_number_in_any_studio(self, operator: Client, world: World) -> None:
        with tenant(world.foreign_id), atomic():
            lead = Lead.objects.create(name="Anna", phone="+4915112345678")
        assert reverse("admin:coach_lead_change", args=[lead.pk]) in find(operator, "+49 151 12345678")

    def test_a_person_is_found_by_address(self, operator: Client, world: World) -> None:
        person = world.people["owner"]
        assert reverse("admin:workspaces_user_change", args=[person.pk]) in find(operator, person.email)

    @pytest.mark.parametrize("term", ["", "x", "\x00\x00\x00", "nirgends-zu-finden", "'; DROP TABLE x; --"])
    def test_what_is_not_there_is_said(self, operator: Client, term: str) -> None:
        assert operator.get(reverse("dashboard:console_find"), {"q": term}).status_code == 200

    @pytest.mark.parametrize("who", ["owner", "nobody"])
    def test_nobody_else_searches(self, world: World, who: str) -> None:
        answer = world.browser(who).get(reverse("dashboard:console_find"), {"q": "eisenwerk"})
        assert answer.status_code == 302
        assert "login" in answer["Location"]


class TestStudio:
    def test_every_room_draws_its_part(self, operator: Client, world: World) -> None:
        page = operator.get(reverse("workspaces:console_studio", args=[world.workspace_id])).content.decode()
        assert [name for name in switchboard.studio_panels if f'id="panel-{name}"' not in page] == []
        assert 'role="alert"' not in page

    def test_one_that_is_not_there_leads_back(self, operator: Client) -> None:
        answer = operator.get("/admin/studio/01900000-0000-7000-8000-000000000000/")
        assert answer["Location"] == "/admin/"


class TestVisit:
    def test_an_operator_looks_with_a_banner_and_the_studio_reads_why(self, operator: Client, world: World) -> None:
        assert go_in(operator, world)["Location"] == "/dashboard"
        assert REASON in operator.get("/dashboard").content.decode()
        with tenant(world.workspace_id), atomic():
            entry = AuditLog.objects.get(action="support.entered")
        assert entry.actor == f"operator:{world.people['operator'].pk}"
        assert entry.after["reason"] == REASON

    def test_who_only_looks_changes_nothing(self, operator: Client, world: World) -> None:
        go_in(operator, world)
        assert operator.get("/dashboard/members/add").status_code == 403

    def test_who_helps_does_what_a_coach_may_and_no_more(self, operator: Client, world: World) -> None:
        go_in(operator, world, role="coach")
        assert operator.get("/dashboard/members/add").status_code == 200
        assert operator.get("/dashboard/settings/autopilot").status_code == 403

    @pytest.mark.parametrize(
        ("role", "reason"), [("owner", REASON), ("", REASON), ("viewer", "weil  "), ("viewer", "")]
    )
    def test_no_visit_as_owner_or_without_a_reason(
        self, operator: Client, world: World, role: str, reason: str
    ) -> None:
        assert "/admin/studio/" in go_in(operator, world, role=role, reason=reason)["Location"]
        assert operator.get("/dashboard")["Location"] == "/admin/"

    def test_it_ends_after_an_hour(self, operator: Client, world: World) -> None:
        go_in(operator, world)
        with time_machine.travel(datetime.now(UTC) + timedelta(minutes=61)):
            assert operator.get("/dashboard")["Location"] == "/admin/"

    def test_it_ends_by_a_click_and_the_trail_says_so(self, operator: Client, world: World) -> None:
        go_in(operator, world)
        answer = operator.post(reverse("workspaces:support_leave"))
        assert answer["Location"] == reverse("workspaces:console_studio", args=[world.workspace_id])
        assert operator.get("/dashboard")["Location"] == "/admin/"
        with tenant(world.workspace_id), atomic():
            assert AuditLog.objects.filter(action="support.left").exists()

    def test_it_ends_for_who_is_no_operator_any_more(self, operator: Client, world: World) -> None:
        go_in(operator, world)
        person = world.people["operator"]
        person.is_staff = False
        person.save()
        assert operator.get("/dashboard")["Location"] == "/checkout"

    def test_an_owner_cannot_go_into_another_studio(self, world: World) -> None:
        address = reverse("workspaces:console_enter", args=[world.foreign_id])
        answer = world.browser("owner").post(address, {"role": "viewer", "reason": REASON})
        assert "login" in answer["Location"]


class TestSuspending:
    address = reverse_lazy("admin:workspaces_workspace_changelist")

    def send(self, operator: Client, world: World, action: str, **more: str) -> Any:
        return operator.post(self.address, {"action": action, "_selected_action": [str(world.workspace_id)], **more})

    def test_it_is_asked_with_what_will_happen(self, operator: Client, world: World) -> None:
        asked = self.send(operator, world, "suspend").context_data
        assert (len(asked["facts"]), len(asked["things"])) == (2, 1)
        assert Workspace.objects.get(pk=world.workspace_id).status == "active"

    def test_both_ways_stand_in_the_trail_with_their_reason(self, operator: Client, world: World) -> None:
        Workspace.objects.filter(pk=world.workspace_id).update(activated_at=clock.now())
        for action in ("suspend", "resume"):
            self.send(operator, world, action, confirmed="yes", reason=REASON)
        with tenant(world.workspace_id), atomic():
            told = AuditLog.objects.filter(action__startswith="workspace.").order_by("at")
            reasons = [(entry.action, entry.after["reason"]) for entry in told if "reason" in (entry.after or {})]
        assert reasons == [("workspace.suspended", REASON), ("workspace.active", REASON)]

    def test_a_studio_is_neither_made_nor_erased_by_hand(self, operator: Client, world: World) -> None:
        addresses = ("/admin/workspaces/workspace/add/", f"/admin/workspaces/workspace/{world.workspace_id}/delete/")
        assert [operator.get(address).status_code for address in addresses] == [403, 403]
