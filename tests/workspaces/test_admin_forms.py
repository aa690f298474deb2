"""What operators change in the forms of the admin: with a reason, on record, and with what follows from it."""

from typing import Any
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.test import Client

from pilar.backplane.engine import work_off
from pilar.backplane.models import AuditLog, Budget, TenantProfile
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel import clock
from pilar.providers.models import Price
from tests.workspaces.test_account import fresh
from tests.workspaces.world import World
from workspaces import api_keys
from workspaces.models import Membership, Plan, User, Workspace

pytestmark = pytest.mark.django_db
REASON = "Ticket 4711"
YES = {"confirmed": "yes", "reason": REASON}


@pytest.fixture
def operator(world: World) -> Client:
    return fresh(world, "operator")


def send(operator: Client, address: str, **changed: Any) -> Any:
    """Post a page's own form with some of its fields changed."""
    page = operator.get(address).context["adminform"].form
    shown = {name: page.get_initial_for_field(field, name) for name, field in page.fields.items()}
    return operator.post(address, {name: v for name, v in (shown | changed).items() if v not in (None, False)})


def trail(workspace_id: UUID = PLATFORM) -> list[tuple[str, Any, Any]]:
    with tenant(workspace_id), atomic():
        rows = AuditLog.objects.filter(actor__startswith="operator:").order_by("at", "id")
        return [(row.action, row.before, row.after) for row in rows]


class TestStudio:
    def send(self, operator: Client, world: World, role: str = "owner", **changed: Any) -> Any:
        people = Membership.objects.filter(workspace_id=world.workspace_id)
        rows = [(one, role if one.user == world.people["owner"] else one.role) for one in people]
        below: dict[str, Any] = {"memberships-TOTAL_FORMS": len(rows), "memberships-INITIAL_FORMS": len(rows)}
        for place, (one, wanted) in enumerate(rows):
            below |= {f"memberships-{place}-{name}": value for name, value in [
                ("id", one.pk), ("workspace", world.workspace_id), ("user", one.user_id), ("role", wanted)]}  # fmt: skip
        return send(operator, f"/admin/workspaces/workspace/{world.workspace_id}/change/", **below, **changed)

    def test_another_plan_is_on_record_and_its_limits_hold(self, operator: Client, world: World) -> None:
        before = Workspace.objects.get(pk=world.workspace_id).plan_id
        other = Plan.objects.exclude(pk=before).first()
        assert other
        self.send(operator, world, plan=other.pk, timezone="Europe/Madrid", reason=REASON)
        told = {"plan": other.pk, "timezone": "Europe/Madrid", "reason": REASON}
        [(action, was, now)] = trail(world.workspace_id)
        assert (action, was["plan"], now) == ("workspace.changed", before, told)
        with tenant(world.workspace_id), atomic():
            assert TenantProfile.objects.get().timezone == "Europe/Madrid"

    @pytest.mark.parametrize("zone", ["Europe/Berln", "localtime", ""])
    def test_a_time_zone_that_is_none_is_said_to_be_wrong(self, operator: Client, world: World, zone: str) -> None:
        answer = self.send(operator, world, timezone=zone, reason=REASON)
        assert list(answer.context["adminform"].form.errors) == ["timezone"]
        assert trail(world.workspace_id) == []

    @pytest.mark.parametrize("reason", ["", "    ", "x"])
    def test_without_a_reason_nothing_changes(self, operator: Client, world: World, reason: str) -> None:
        self.send(operator, world, name="Anders", reason=reason)
        assert Workspace.objects.get(pk=world.workspace_id).name != "Anders"
        assert trail(world.workspace_id) == []

    def test_another_role_is_on_record_of_the_studio(self, operator: Client, world: World) -> None:
        self.send(operator, world, reason=REASON)
        assert trail(world.workspace_id) == []
        Membership.objects.filter(user=world.people["viewer"]).update(role="owner")
        self.send(operator, world, role="coach", reason=REASON)
        [(action, was, now)] = trail(world.workspace_id)
        assert (action, was, now) == ("membership.changed", {"role": "owner"}, {"role": "coach", "reason": REASON})

    def test_the_last_owner_stays(self, operator: Client, world: World) -> None:
        self.send(operator, world, role="coach", reason=REASON)
        assert Membership.objects.filter(workspace_id=world.workspace_id, role="owner").exists()


class TestPlans:
    def test_new_limits_reach_those_who_have_the_plan(self, operator: Client, world: World) -> None:
        code = Workspace.objects.get(pk=world.workspace_id).plan_id
        send(operator, f"/admin/workspaces/plan/{code}/change/", messages_per_day="77", reason=REASON)
        work_off()
        with tenant(world.workspace_id), atomic():
            assert Budget.objects.get(resource="messages").daily == 77
        assert [(action, now["messages_per_day"]) for action, _was, now in trail()] == [("plan.changed", 77)]

    @pytest.mark.parametrize("code", ["PRO 2027", "pro", "a/b", "[]", "1"])
    def test_a_code_is_one_that_an_address_can_hold(self, operator: Client, code: str) -> None:
        figures = dict.fromkeys(("leads", "messages_per_day", "tokens_per_day", "seats", "trial_days"), 1)
        figures |= {"name": "Neu", "price_cents": 100, "currency": "EUR", "position": 3, "reason": REASON}
        answer = send(operator, "/admin/workspaces/plan/add/", code=code, **figures)
        assert list(answer.context["adminform"].form.errors) == ["code"]

    def test_a_plan_keeps_its_code(self, operator: Client) -> None:
        send(operator, "/admin/workspaces/plan/BASIC/change/", code="BASIC_2027", name="Klein", reason=REASON)
        assert set(Plan.objects.values_list("code", "name")) == {("BASIC", "Klein"), ("PRO", "Pro")}


class TestPrices:
    wanted = {"kind": "input", "name": "openai/gpt-x", "amount": "2", "since": "2026-01-01", "source": "Liste"}

    def test_all_that_is_done_to_one_is_on_record(self, operator: Client) -> None:
        send(operator, "/admin/providers/price/add/", **self.wanted, reason=REASON)
        [price] = Price.objects.all()
        page = f"/admin/providers/price/{price.pk}"
        send(operator, f"{page}/change/", amount="3", reason=REASON)
        operator.post(f"{page}/delete/")
        assert Price.objects.exists()
        operator.post(f"{page}/delete/", YES)
        assert not Price.objects.exists()
        assert [action for action, _was, _now in trail()] == ["price.added", "price.changed", "price.deleted"]
        assert all(now["reason"] == REASON for _action, _was, now in trail())


class TestPeople:
    def act(self, operator: Client, person: User, action: str) -> None:
        chosen = {"action": action, "_selected_action": [str(person.pk)]}
        operator.post("/admin/workspaces/user/", chosen | YES)

    def test_an_address_is_taken_as_proven(self, operator: Client, world: World) -> None:
        person = world.people["owner"]
        EmailAddress.objects.filter(user=person).delete()
        self.act(operator, person, "verify_address")
        self.act(operator, person, "verify_address")
        assert EmailAddress.objects.get(user=person).verified
        assert [action for action, _was, _now in trail()] == ["account.address_verified"]

    def test_second_factors_are_taken_away(self, operator: Client, world: World) -> None:
        person = world.people["owner"]
        Authenticator.objects.create(user=person, type="totp", data={"secret": "sealed"})
        self.act(operator, person, "forget_second_factors")
        assert not Authenticator.objects.exists()
        assert trail() == [("account.second_factors_removed", {"kinds": ["totp"]}, {"reason": REASON})]

    @pytest.mark.parametrize("zone", ["Europe/Berln", ""])
    def test_a_time_zone_in_which_no_page_can_be_drawn_is_refused(
        self, operator: Client, world: World, zone: str
    ) -> None:
        person = world.people["owner"]
        send(operator, f"/admin/workspaces/user/{person.pk}/change/", timezone=zone, reason=REASON)
        assert world.browser("owner").get("/account").status_code == 200
        assert User.objects.get(pk=person.pk).timezone == person.timezone

    def test_somebody_is_signed_out_everywhere(self, operator: Client, world: World) -> None:
        browser = world.browser("owner")
        UserSession.objects.create(user=world.people["owner"], ip="::1", session_key=browser.session.session_key)
        assert browser.get("/dashboard").status_code == 200
        self.act(operator, world.people["owner"], "sign_out")
        assert "login" in browser.get("/dashboard")["Location"]

    def test_somebody_who_is_added_has_no_password(self, operator: Client) -> None:
        send(operator, "/admin/workspaces/user/add/", email="Neu@pilar.test", is_staff="on", reason=REASON)
        assert not User.objects.get(email="neu@pilar.test").has_usable_password()
        assert trail()[0][0] == "user.added"

    def test_a_key_is_revoked(self, operator: Client, world: World) -> None:
        key, _text = api_keys.create(workspace_id=world.workspace_id, name="Kasse", role="viewer", actor="test")  # type: ignore[arg-type]
        operator.post("/admin/workspaces/apikey/", {"action": "revoke", "_selected_action": [str(key.pk)]} | YES)
        key.refresh_from_db()
        assert key.revoked_at is not None
        assert key.revoked_at <= clock.now()
