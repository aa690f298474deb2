"""A person's account: wishes, devices, deletion with a way back, and the end of a kind of letters."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from allauth.account.internal.userkit import user_id_to_str
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import PLATFORM, tenant
from pilar.kernel import clock
from pilar.kernel.problems import Conflict
from pilar.kernel.switchboard import Empty, Work
from tests.mail import letters
from tests.workspaces.factories import MembershipFactory, UserFactory
from tests.workspaces.world import World
from workspaces import farewell, profile
from workspaces.models import Membership, User

pytestmark = pytest.mark.django_db
WISHES = {
    "name": "Nora Klein",
    "language": "en",
    "timezone": "Europe/London",
    "theme": "dark",
    "digest": "daily",
}


def run() -> Any:
    with tenant(PLATFORM):
        return farewell.carry_out(Work(uuid4(), PLATFORM, "x", Empty(), 1, uuid4()))


def fresh(world: World, who: str) -> Client:
    """A browser in which somebody has just given their password."""
    browser, person = world.browser(who), user_id_to_str(world.people[who])
    session = browser.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": clock.now().timestamp(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = person
    session.save()
    return browser


def last_link(part: str) -> str:
    with tenant(PLATFORM):
        found = re.search(rf"/{part}/\S+", letters()[-1].text)
    assert found
    return found.group()


@pytest.mark.parametrize(
    "path", ["/account", "/accounts/email/", "/accounts/sessions/", "/accounts/2fa/totp/activate/", "/checkout"]
)
def test_no_page_of_somebody_signed_in_may_be_kept(world: World, path: str) -> None:
    answer = fresh(world, "owner").get(path)
    assert (answer.status_code, answer["Cache-Control"]) == (200, "private, no-store")


def test_the_profile_is_kept_and_pages_follow_its_language(world: World) -> None:
    browser = world.browser("viewer")
    assert "Profil" in browser.get("/account").content.decode()
    answer = browser.post("/account", WISHES)
    assert answer.cookies["theme"].value == "dark"
    page = browser.get("/account", headers={"Accept-Language": "de"}).content.decode()
    assert "Sign-in and security" in page
    person = User.objects.get(pk=world.people["viewer"].pk)
    assert (person.name, person.timezone, person.digest, person.escalations) == (
        "Nora Klein",
        "Europe/London",
        "daily",
        False,
    )


def test_the_language_switch_is_remembered_for_letters_too(world: World) -> None:
    world.browser("viewer").post("/ui/language", {"language": "en"})
    assert User.objects.get(pk=world.people["viewer"].pk).language == "en"


def test_nonsense_in_the_profile_changes_nothing(world: World) -> None:
    answer = world.browser("viewer").post("/account", WISHES | {"timezone": "Mars/Base", "language": "tlh"})
    assert answer.status_code == 422
    assert User.objects.get(pk=world.people["viewer"].pk).language == "de"


def test_a_person_without_a_studio_has_a_profile(world: World) -> None:
    assert world.browser("stranger").get("/account").status_code == 200


def test_the_only_owner_must_hand_over_first(world: World) -> None:
    with pytest.raises(Conflict):
        farewell.ask(user=world.people["owner"], now=clock.now())
    answer = fresh(world, "owner").post("/account/delete", {"agreed": "on"})
    assert answer.status_code == 409
    assert User.objects.get(pk=world.people["owner"].pk).is_active


def test_a_planned_deletion_ends_the_session_and_can_be_undone(world: World) -> None:
    browser = fresh(world, "coach")
    assert browser.post("/account/delete", {"agreed": "on"}).status_code == 200
    assert browser.get("/dashboard").headers["Location"].startswith("/accounts/login/")
    link, visitor = last_link("account/keep"), Client()
    assert not User.objects.get(pk=world.people["coach"].pk).is_active
    assert visitor.get(link).status_code == 200
    assert not User.objects.get(pk=world.people["coach"].pk).is_active
    visitor.post(link)
    assert User.objects.get(pk=world.people["coach"].pk).is_active
    assert visitor.get(link).status_code == 404


def test_after_the_grace_only_a_pseudonym_is_left(world: World) -> None:
    person = world.people["coach"]
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    farewell.ask(user=person, now=clock.now())
    assert run() == {"accounts": 0}
    with time_machine.travel(clock.now() + farewell.GRACE + timedelta(minutes=1)):
        assert run() == {"accounts": 1}
        assert run() == {"accounts": 0}
    left = User.objects.get(pk=person.pk)
    assert (left.email, left.name, left.is_active) == (f"{person.pk}@deleted.invalid", "", False)
    assert not Membership.objects.filter(user=person).exists()
    assert not EmailAddress.objects.filter(user=person).exists()


def test_deleting_asks_for_the_password_again(world: World) -> None:
    answer = world.browser("coach").post("/account/delete", {"agreed": "on"})
    assert "/reauthenticate" in answer.headers["Location"]
    assert User.objects.get(pk=world.people["coach"].pk).is_active


def test_the_deletion_is_in_the_audit_trail(world: World) -> None:
    farewell.ask(user=world.people["coach"], now=clock.now())
    with tenant(PLATFORM):
        assert AuditLog.objects.filter(action="account.deletion_planned").count() == 1


def test_an_undone_deletion_is_not_carried_out(world: World) -> None:
    farewell.ask(user=world.people["coach"], now=clock.now())
    farewell.undo(last_link("account/keep").rpartition("/")[2])
    with time_machine.travel(clock.now() + farewell.GRACE + timedelta(minutes=1)):
        assert run() == {"accounts": 0}


def test_two_owners_of_one_studio_may_go_one_after_the_other_only(world: World) -> None:
    second = MembershipFactory(workspace_id=world.workspace_id, role="owner").user
    farewell.ask(user=second, now=clock.now())
    with pytest.raises(Conflict):
        farewell.ask(user=world.people["owner"], now=clock.now())


def test_one_click_ends_a_kind_of_letters_and_no_other(world: World) -> None:
    person = world.people["owner"]
    token = profile.unsubscribe_token(person, profile.DIGEST)
    visitor = Client(enforce_csrf_checks=True)
    assert visitor.get(f"/letters/unsubscribe/{token}").status_code == 200
    assert User.objects.get(pk=person.pk).digest == "weekly"
    assert visitor.post(f"/letters/unsubscribe/{token}", {"List-Unsubscribe": "One-Click"}).status_code == 200
    person.refresh_from_db()
    assert (person.digest, person.escalations) == ("off", True)


def test_a_forged_token_ends_nothing(world: World) -> None:
    assert Client().post("/letters/unsubscribe/forged").status_code == 404


def test_one_device_is_signed_out_and_nobody_elses(world: World) -> None:
    here, there = world.browser("coach"), world.browser("coach")
    mine = [
        UserSession.objects.create(
            user=world.people["coach"], ip="203.0.113.7", session_key=browser.session.session_key
        )
        for browser in (here, there)
    ]
    stranger = UserSession.objects.create(user=UserFactory(), ip="203.0.113.8", session_key="other")
    assert here.post(f"/account/devices/{stranger.pk}/end").status_code == 404
    assert here.post(f"/account/devices/{mine[1].pk}/end").status_code == 302
    assert there.get("/dashboard").headers["Location"].startswith("/accounts/login/")
    assert here.get("/dashboard").status_code == 200
