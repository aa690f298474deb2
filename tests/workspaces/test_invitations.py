"""Colleagues come in by a link: with a role not above the inviter's, while the plan has seats, once."""

import re
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Conflict, Forbidden, NotFound
from tests.mail import letters
from tests.workspaces.factories import PASSWORD, UserFactory
from tests.workspaces.world import World, call
from workspaces import invitations
from workspaces.links import LinkState, hashed
from workspaces.models import Invitation, Membership, Plan, Workspace
from workspaces.models.access import MemberRole

pytestmark = pytest.mark.django_db
COLLEAGUE = "nora@studio.test"


def principal(world: World, role: Role = Role.OWNER) -> Principal:
    return Principal(world.workspace_id, f"user:{world.people[role].pk}", role)


def invite(world: World, *, by: Role = Role.OWNER, role: str = "coach", email: str = COLLEAGUE) -> Invitation:
    return invitations.invite(
        inviter=principal(world, by), name="Olivia", email=email, role=MemberRole(role), now=clock.now()
    )


def token(world: World) -> str:
    """The token of the newest letter."""
    with tenant(world.workspace_id):
        found = re.search(r"/invitation/([\w-]+)", letters()[-1].text)
    assert found
    return found.group(1)


def accept(world: World, link: str, user: Any = None) -> Any:
    return invitations.accept(link, user=user, password=PASSWORD, name="Nora", now=clock.now())


def test_somebody_new_gets_an_account_and_the_role(world: World) -> None:
    invite(world)
    person = accept(world, token(world))
    membership = Membership.objects.get(user=person)
    assert (person.email, membership.workspace_id, membership.role) == (COLLEAGUE, world.workspace_id, "coach")


def test_somebody_with_an_account_takes_it_signed_in(world: World) -> None:
    known = UserFactory(email=COLLEAGUE)
    invite(world)
    with pytest.raises(Conflict):
        accept(world, token(world))
    accept(world, token(world), known)
    assert Membership.objects.get(user=known).role == "coach"


def test_the_link_works_once_and_is_kept_as_a_hash(world: World) -> None:
    made = invite(world)
    link = token(world)
    assert made.token_hash == hashed(link) != link
    accept(world, link)
    assert invitations.look(link, now=clock.now()).state is LinkState.USED
    with pytest.raises(NotFound):
        accept(world, link, UserFactory())


def test_the_link_expires(world: World) -> None:
    invite(world)
    later = clock.now() + invitations.LIVES
    assert invitations.look(token(world), now=later).state is LinkState.EXPIRED
    with pytest.raises(NotFound):
        invitations.accept(token(world), user=UserFactory(), now=later + timedelta(seconds=1))


@pytest.mark.parametrize(("by", "role"), [(Role.ADMIN, "owner"), (Role.COACH, "admin"), (Role.VIEWER, "coach")])
def test_nobody_gives_a_stronger_role_than_their_own(world: World, by: Role, role: str) -> None:
    with pytest.raises(Forbidden):
        invite(world, by=by, role=role)
    assert not Invitation.objects.exists()


def test_nobody_takes_back_a_stronger_role_than_their_own(world: World) -> None:
    made = invite(world, role="owner")
    for act in (invitations.revoke, invitations.send_again):
        with pytest.raises(Forbidden):
            act(inviter=principal(world, Role.ADMIN), invitation_id=made.pk, now=clock.now())
    with pytest.raises(Forbidden):
        invite(world, by=Role.ADMIN, role="viewer")


def test_members_and_open_invitations_share_the_seats(world: World) -> None:
    Plan.objects.filter(pk="PRO").update(seats=5)
    invite(world)
    with pytest.raises(Conflict) as refused:
        invite(world, email="more@studio.test")
    assert refused.value.code == "no_seat"


def test_a_seat_lost_meanwhile_is_noticed_at_the_door(world: World) -> None:
    invite(world)
    Plan.objects.filter(pk="PRO").update(seats=4)
    with pytest.raises(Conflict):
        accept(world, token(world))


def test_the_same_address_again_gets_a_fresh_link_and_role(world: World) -> None:
    invite(world)
    old = token(world)
    invite(world, role="viewer", email=" NORA@studio.test ")
    assert Invitation.objects.get().role == "viewer"
    assert invitations.look(old, now=clock.now()).state is LinkState.UNKNOWN


def test_a_member_needs_no_invitation(world: World) -> None:
    with pytest.raises(Conflict):
        invite(world, email=world.people["viewer"].email)


def test_sending_again_ends_the_link_before(world: World) -> None:
    made = invite(world)
    old = token(world)
    invitations.send_again(inviter=principal(world), invitation_id=made.pk, now=clock.now())
    assert invitations.look(old, now=clock.now()).state is LinkState.UNKNOWN
    assert invitations.look(token(world), now=clock.now()).state is LinkState.VALID


def test_a_revoked_invitation_is_unknown(world: World) -> None:
    made = invite(world)
    invitations.revoke(inviter=principal(world), invitation_id=made.pk, now=clock.now())
    assert invitations.look(token(world), now=clock.now()).state is LinkState.UNKNOWN


def test_another_studios_invitation_is_not_found(world: World) -> None:
    made = invite(world)
    outsider = Principal(world.foreign_id, "user:x", Role.OWNER)
    with pytest.raises(NotFound):
        invitations.revoke(inviter=outsider, invitation_id=made.pk, now=clock.now())


def test_a_closed_studio_lets_nobody_in(world: World) -> None:
    invite(world)
    Workspace.objects.filter(pk=world.workspace_id).update(status="closed")
    assert invitations.look(token(world), now=clock.now()).state is LinkState.UNKNOWN


def test_every_step_is_in_the_audit_trail(world: World) -> None:
    made = invite(world)
    invitations.send_again(inviter=principal(world), invitation_id=made.pk, now=clock.now())
    accept(world, token(world))
    with tenant(world.workspace_id):
        actions = list(AuditLog.objects.order_by("pk").values_list("action", flat=True))
    assert actions[-3:] == ["member.invited", "invitation.sent_again", "member.admitted"]


def test_the_page_invites_and_the_link_lets_in(world: World) -> None:
    owner = world.browser("owner")
    assert owner.post("/dashboard/settings/people", {"email": COLLEAGUE, "role": "coach"}).status_code == 302
    assert COLLEAGUE in owner.get("/dashboard/settings/people").content.decode()
    browser, link = Client(), f"/invitation/{token(world)}"
    assert browser.get(link).context["state"] == "valid"
    answer = browser.post(link, {"name": "Nora", "password": PASSWORD})
    assert answer.headers["Location"] == "/dashboard"
    assert browser.get("/dashboard").status_code == 200


def test_a_known_address_is_sent_to_the_sign_in(world: World) -> None:
    UserFactory(email=COLLEAGUE)
    invite(world)
    assert (
        Client().get(f"/invitation/{token(world)}").headers["Location"].startswith("/accounts/login/?next=/invitation/")
    )


def test_who_is_signed_in_with_another_address_joins_nothing_and_may_switch(world: World) -> None:
    invite(world)
    other, link = world.browser("stranger"), f"/invitation/{token(world)}"
    shown = other.get(link)
    assert shown.context["is_other"]
    assert COLLEAGUE in shown.content.decode()
    assert other.post(link).status_code == 403
    assert not Membership.objects.filter(user=world.people["stranger"]).exists()
    assert other.post("/accounts/logout/", {"next": link}).headers["Location"] == link
    assert other.post(link, {"name": "Nora", "password": PASSWORD}).headers["Location"] == "/dashboard"
    assert Membership.objects.get(user__email=COLLEAGUE).role == "coach"


def test_an_outsider_is_refused_by_the_domain_too(world: World) -> None:
    invite(world)
    with pytest.raises(Forbidden):
        accept(world, token(world), world.people["outsider"])
    assert Invitation.objects.get().accepted_at is None


def test_a_second_confirmed_address_of_a_person_counts(world: World) -> None:
    person = world.people["stranger"]
    invite(world)
    mine = EmailAddress.objects.create(user=person, email=COLLEAGUE, verified=False)
    assert world.browser("stranger").post(f"/invitation/{token(world)}").status_code == 403
    mine.set_verified()
    assert world.browser("stranger").post(f"/invitation/{token(world)}").headers["Location"] == "/dashboard"
    assert Membership.objects.get(user=person).role == "coach"


@pytest.mark.parametrize(("who", "status"), [("admin", 200), ("coach", 403), ("viewer", 403)])
def test_only_who_may_invite_sees_the_page(world: World, who: str, status: int) -> None:
    assert world.browser(who).get("/dashboard/settings/people").status_code == status


def test_an_admin_is_offered_no_owners_seat(world: World) -> None:
    answer = world.browser("admin").post("/dashboard/settings/people", {"email": COLLEAGUE, "role": "owner"})
    assert answer.status_code == 422
    assert not Invitation.objects.exists()


def test_the_page_sends_again_and_revokes(world: World) -> None:
    made, admin = invite(world), world.browser("admin")
    assert admin.post(f"/dashboard/settings/people/{made.pk}/resend").status_code == 302
    assert admin.post(f"/dashboard/settings/people/{made.pk}/revoke").status_code == 302
    assert not Invitation.objects.exists()


def test_programs_invite_list_and_revoke(world: World, client: Client) -> None:
    mine, other = world.headers("admin"), world.headers("outsider")
    made = call(client, "POST", "/api/invitations", headers=mine, body={"email": COLLEAGUE, "role": "viewer"})
    assert (made.status_code, made.json()["role"]) == (201, "viewer")
    assert "token" not in made.content.decode().lower()
    one = f"/api/invitations/{made.json()['id']}"
    listed = call(client, "GET", "/api/invitations", headers=mine).json()["items"]
    assert [row["email"] for row in listed] == [COLLEAGUE]
    assert call(client, "GET", "/api/invitations", headers=other).json()["items"] == []
    assert call(client, "DELETE", one, headers=other).status_code == 404
    assert [call(client, "DELETE", one, headers=mine).status_code for _ in range(2)] == [204, 404]


def test_a_key_cannot_invite_above_its_own_role(world: World, client: Client) -> None:
    wanted = {"email": COLLEAGUE, "role": "owner"}
    assert call(client, "POST", "/api/invitations", headers=world.headers("admin"), body=wanted).status_code == 403
