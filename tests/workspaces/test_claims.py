"""The link by which a payer takes over the studio: once, for a week, from their mailbox."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, Forbidden, NotFound
from pilar.kernel.switchboard import Happened
from pilar.providers.events import LetterLost
from tests.factories import WorkspaceFactory
from tests.mail import letters
from tests.workspaces.factories import PASSWORD, SignUpFactory, UserFactory
from workspaces import claims
from workspaces.links import LinkState, hashed
from workspaces.models import Membership, SignUp, User

pytestmark = pytest.mark.django_db
NOW = clock.now()


@pytest.fixture
def sign_up(db: None) -> SignUp:
    workspace = WorkspaceFactory(status="pending")
    return SignUpFactory(workspace=workspace, state="paid", email="anna@studio.test")  # type: ignore[no-any-return]


def mailed(sign_up: SignUp) -> str:
    """Send a link and return its token as the mail has it."""
    with tenant(sign_up.workspace_id), atomic():  # type: ignore[arg-type]
        claims.send(sign_up, now=NOW)
        mail = letters()[-1]
    found = re.search(r"/claim/([\w-]+)", mail.text)
    assert found
    return found.group(1)


def test_the_link_makes_its_holder_the_owner(sign_up: SignUp) -> None:
    person = claims.claim(mailed(sign_up), user=None, password=PASSWORD, name="Anna", now=NOW)
    assert Membership.objects.get().user == person
    assert (person.email, person.check_password(PASSWORD)) == ("anna@studio.test", True)


def test_the_address_counts_as_verified(sign_up: SignUp) -> None:
    person = claims.claim(mailed(sign_up), user=None, password=PASSWORD, now=NOW)
    assert person.emailaddress_set.get().verified  # type: ignore[attr-defined]


def lost(sign_up: SignUp, key: str) -> None:
    with tenant(sign_up.workspace_id):  # type: ignore[arg-type]
        payload = LetterLost(key=key)
        claims.write_again(Happened(uuid7(), sign_up.workspace_id, "email.lost", payload, NOW, uuid7(), 1))  # type: ignore[arg-type]


def test_for_a_link_that_got_lost_a_fresh_one_is_mailed_once(sign_up: SignUp) -> None:
    first = mailed(sign_up)
    for _ in range(2):
        lost(sign_up, f"claim:{sign_up.pk}:1")
    sign_up.refresh_from_db()
    assert sign_up.links_sent == 2
    assert claims.look(first, now=NOW).state is LinkState.UNKNOWN


def test_another_letter_that_got_lost_is_none_of_our_business(sign_up: SignUp) -> None:
    mailed(sign_up)
    lost(sign_up, "django:1")
    sign_up.refresh_from_db()
    assert sign_up.links_sent == 1


def test_a_link_works_once(sign_up: SignUp) -> None:
    token = mailed(sign_up)
    claims.claim(token, user=None, password=PASSWORD, now=NOW)
    assert claims.look(token, now=NOW).state is LinkState.USED
    with pytest.raises(NotFound):
        claims.claim(token, user=UserFactory(), now=NOW)


def test_a_link_expires(sign_up: SignUp) -> None:
    token = mailed(sign_up)
    with pytest.raises(NotFound):
        claims.claim(token, user=None, password=PASSWORD, now=NOW + timedelta(days=8))
    assert not User.objects.exists()


def test_a_new_link_ends_the_one_before(sign_up: SignUp) -> None:
    first, second = mailed(sign_up), mailed(sign_up)
    states = [claims.look(token, now=NOW).state for token in (first, second)]
    assert states == [LinkState.UNKNOWN, LinkState.VALID]


def test_the_token_is_stored_as_a_hash_only(sign_up: SignUp) -> None:
    token = mailed(sign_up)
    sign_up.refresh_from_db()
    assert sign_up.token_hash == hashed(token) != token


def test_an_address_with_an_account_signs_in_first(sign_up: SignUp) -> None:
    UserFactory(email="anna@studio.test")
    with pytest.raises(Conflict):
        claims.claim(mailed(sign_up), user=None, password=PASSWORD, now=NOW)
    assert not Membership.objects.exists()


def test_somebody_who_is_signed_in_takes_it_with_their_account(sign_up: SignUp) -> None:
    person = UserFactory(email="anna@studio.test")
    claims.claim(mailed(sign_up), user=person, now=NOW)
    assert Membership.objects.get().user == person


def test_somebody_else_who_is_signed_in_takes_nothing_and_is_told_why(sign_up: SignUp, client: Client) -> None:
    link, person = f"/claim/{mailed(sign_up)}", UserFactory()
    with pytest.raises(Forbidden):
        claims.claim(link.removeprefix("/claim/"), user=person, now=NOW)
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert [client.get(link).status_code, client.post(link).status_code] == [200, 403]
    assert client.get(link).context["is_other"]
    assert not Membership.objects.exists()
    sign_up.refresh_from_db()
    assert sign_up.state == "paid"


def test_the_link_is_sent_again_while_nobody_has_taken_the_studio(sign_up: SignUp) -> None:
    claims.send_again("  ANNA@studio.test ", now=NOW)
    sign_up.refresh_from_db()
    assert sign_up.links_sent == 1


def test_it_is_not_sent_again_for_ever(sign_up: SignUp) -> None:
    SignUp.objects.update(links_sent=claims.MOST_LINKS)
    claims.send_again("anna@studio.test", now=NOW)
    sign_up.refresh_from_db()
    assert sign_up.links_sent == claims.MOST_LINKS


@pytest.mark.parametrize("token", ["", "x", "../..", "a" * 5000, "\x00", "ümlaut"])
def test_a_token_that_was_never_sent_is_unknown(token: str) -> None:
    assert claims.look(token, now=NOW).state is LinkState.UNKNOWN
