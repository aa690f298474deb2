"""Members of the team: other roles, leaving, handing over. Nobody reaches above themselves, and an owner always stays."""

from typing import Any

import pytest
from pytest_django import DjangoAssertNumQueries

from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Conflict, Forbidden, NotFound
from tests.mail import letters
from tests.workspaces.factories import PASSWORD, MembershipFactory
from tests.workspaces.world import World
from workspaces import api_keys, farewell, team
from workspaces.models import Membership, Workspace
from workspaces.models.access import MemberRole

pytestmark = pytest.mark.django_db
PAGE = "/dashboard/settings/people"
TEAM = "/dashboard/settings/team"


def principal(world: World, who: str = "owner") -> Principal:
    return Principal(world.workspace_id, f"user:{world.people[who].pk}", Role(who))


def member(world: World, who: str) -> Membership:
    return Membership.objects.get(user=world.people[who])


def change(world: World, who: str, role: str, *, by: str = "owner") -> Any:
    return team.change_role(
        by=principal(world, by), name="Olivia", membership_id=member(world, who).pk, role=MemberRole(role)
    )


def remove(world: World, who: str, *, by: str = "owner") -> Any:
    return team.remove(by=principal(world, by), name="Olivia", membership_id=member(world, who).pk)


def trail(world: World) -> list[tuple[str, str]]:
    with tenant(world.workspace_id):
        return list(AuditLog.objects.order_by("pk").values_list("action", "object_id"))


def test_a_new_role_is_kept_told_and_written_down(world: World) -> None:
    change(world, "viewer", "coach")
    assert member(world, "viewer").role == "coach"
    assert trail(world)[-1] == ("member.role_changed", str(world.people["viewer"].pk))
    with tenant(world.workspace_id):
        assert letters()[-1].to == world.people["viewer"].email


@pytest.mark.parametrize(("who", "role"), [("owner", "coach"), ("coach", "owner")])
def test_an_admin_reaches_no_owner(world: World, who: str, role: str) -> None:
    with pytest.raises(Forbidden):
        change(world, who, role, by="admin")
    assert member(world, who).role == who


def test_an_admin_cannot_remove_an_owner(world: World) -> None:
    with pytest.raises(Forbidden):
        remove(world, "owner", by="admin")


def test_the_last_owner_stays_one(world: World) -> None:
    for act in (lambda: change(world, "owner", "admin"), lambda: remove(world, "owner")):
        with pytest.raises(Conflict) as refused:
            act()
        assert refused.value.code == "last_owner"
    with pytest.raises(Conflict):
        team.leave(by=principal(world), user=world.people["owner"])


def test_one_of_two_owners_may_leave(world: World) -> None:
    MembershipFactory(workspace_id=world.workspace_id, role="owner")
    team.leave(by=principal(world), user=world.people["owner"])
    assert not Membership.objects.filter(user=world.people["owner"]).exists()
    assert trail(world)[-1][0] == "member.left"


def test_an_owner_whose_account_is_being_deleted_does_not_count(world: World) -> None:
    MembershipFactory(workspace_id=world.workspace_id, role="owner", user__is_active=False)
    with pytest.raises(Conflict):
        team.leave(by=principal(world), user=world.people["owner"])


def test_another_studios_member_is_not_found(world: World) -> None:
    foreign = Principal(world.foreign_id, "user:x", Role.OWNER)
    with pytest.raises(NotFound):
        team.remove(by=foreign, name="X", membership_id=member(world, "coach").pk)


def test_a_studio_is_not_handed_to_somebody_whose_account_waits_for_its_deletion(world: World) -> None:
    farewell.ask(user=world.people["coach"], now=clock.now())
    with pytest.raises(Conflict):
        team.hand_over(by=principal(world), user=world.people["owner"], membership_id=member(world, "coach").pk)
    assert member(world, "owner").role == "owner"


def test_who_is_removed_finds_no_studio_at_the_next_request(world: World) -> None:
    browser = world.browser("coach")
    assert browser.get("/dashboard").status_code == 200
    remove(world, "coach")
    assert browser.get("/dashboard").headers["Location"] == "/checkout"
    assert browser.get("/dashboard/chats").headers["Location"] == "/checkout"


def test_removing_says_which_keys_go_on_working(world: World) -> None:
    actor = f"user:{world.people['admin'].pk}"
    api_keys.create(workspace_id=world.workspace_id, name="Empfang", role=Role.COACH, actor=actor)
    assert remove(world, "admin").api_keys == 1


def test_handing_over_swaps_the_roles_and_tells_both(world: World) -> None:
    team.hand_over(by=principal(world), user=world.people["owner"], membership_id=member(world, "coach").pk)
    assert (member(world, "owner").role, member(world, "coach").role) == ("admin", "owner")
    with tenant(world.workspace_id):
        told = {letter.to for letter in letters()}
    assert told == {world.people["owner"].email, world.people["coach"].email}
    assert trail(world)[-1] == ("ownership.moved", str(world.people["coach"].pk))


def test_only_an_owner_hands_over(world: World) -> None:
    with pytest.raises(Forbidden):
        team.hand_over(by=principal(world), user=world.people["admin"], membership_id=member(world, "coach").pk)


def test_handing_over_asks_for_the_password_again(world: World) -> None:
    world.people["owner"].set_password(PASSWORD)
    world.people["owner"].save()
    answer = world.browser("owner").post(f"{TEAM}/{member(world, 'coach').pk}/owner")
    assert "/reauthenticate" in answer.headers["Location"]
    assert member(world, "coach").role == "coach"


def test_the_page_changes_roles_removes_and_leaves(world: World) -> None:
    owner, coach = world.browser("owner"), member(world, "coach")
    assert owner.post(f"{TEAM}/{coach.pk}/role", {"role": "viewer"}).status_code == 302
    assert member(world, "coach").role == "viewer"
    assert owner.post(f"{TEAM}/{coach.pk}/remove").status_code == 302
    assert world.browser("admin").post(f"{TEAM}/leave").headers["Location"] == "/account"
    assert Membership.objects.filter(workspace_id=world.workspace_id).count() == 2


def test_the_page_says_what_each_role_may_do_and_which_seats_are_taken(world: World) -> None:
    page = world.browser("owner").get(PAGE).content.decode()
    assert "4 von 15 Plätzen belegt" in page
    assert "Darf alles: Team, Tarif und Zahlung" in page


@pytest.mark.parametrize("who", ["coach", "viewer", "stranger"])
def test_nobody_below_an_admin_changes_the_team(world: World, who: str) -> None:
    answer = world.browser(who).post(f"{TEAM}/{member(world, 'admin').pk}/remove")
    assert answer.status_code in (302, 403)
    assert member(world, "admin").role == "admin"


def test_the_page_needs_as_many_queries_for_fifteen_members_as_for_four(
    world: World, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    MembershipFactory.create_batch(11, workspace=Workspace.objects.get(pk=world.workspace_id), role="coach")
    browser = world.browser("owner")
    with django_assert_max_num_queries(16):
        assert browser.get(PAGE).status_code == 200
