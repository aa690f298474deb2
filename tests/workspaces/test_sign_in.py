"""Signing in, as an attacker and as a victim see it: the doors of allauth under our settings."""

import re
import time
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from pilar.backplane.cache import SteadyCache
from pilar.backplane.tenancy import PLATFORM, tenant
from tests.mail import letters
from tests.workspaces.factories import PASSWORD, UserFactory
from workspaces.accounts import SecondFactorAdapter
from workspaces.models import KnownDevice, User

pytestmark = [pytest.mark.django_db, pytest.mark.requests]
EMAIL = "nora@studio.test"
NEW_PASSWORD = "another battery horse"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_limits_used() -> None:
    cache.clear()


@pytest.fixture
def nora() -> User:
    user: User = UserFactory(email=EMAIL)
    user.set_password(PASSWORD)
    user.save()
    EmailAddress.objects.create(user=user, email=EMAIL, verified=True, primary=True)
    return user


def log_in(browser: Client, password: str = PASSWORD, address: str = "203.0.113.1") -> Any:
    return browser.post(LOGIN, {"login": EMAIL, "password": password}, REMOTE_ADDR=address)


def is_in(browser: Client) -> bool:
    return browser.get("/account").status_code == 200


def mails() -> list[Any]:
    with tenant(PLATFORM):
        return letters()


def code() -> str:
    found = re.search(r"^ {4}(\S+)$", mails()[-1].text, re.MULTILINE)
    assert found
    return found.group(1)


def attack(times: int = 6) -> None:
    """Wrong passwords from ever new addresses, as a botnet sends them."""
    for number in range(times):
        log_in(Client(), "wrong", address=f"198.51.100.{number}")


def shown(answer: HttpResponse) -> str:
    """A page without what differs on every visit."""
    return re.sub(r'(nonce|value)="[^"]*"', "", answer.content.decode())


def test_an_attacker_is_slowed_down_by_account_whatever_address_they_use(nora: User) -> None:
    attack()
    stranger = Client()
    assert "Zu viele Versuche" in log_in(stranger, address="198.51.100.99").content.decode()
    assert not is_in(stranger)


def test_an_attacker_is_slowed_down_by_address_whatever_account_they_try(nora: User) -> None:
    for number in range(21):
        answer = Client().post(LOGIN, {"login": f"x{number}@studio.test", "password": "wrong"})
    assert "Zu viele Versuche" in answer.content.decode()


def test_a_device_that_was_signed_in_before_gets_in_during_an_attack(nora: User) -> None:
    device = Client()
    log_in(device)
    device.post("/accounts/logout/")
    attack()
    log_in(device)
    assert is_in(device)


def test_a_code_by_mail_gets_in_during_an_attack(nora: User) -> None:
    attack()
    stranger = Client()
    stranger.post("/accounts/login/code/", {"email": EMAIL})
    stranger.post("/accounts/login/code/confirm/", {"code": code()})
    assert is_in(stranger)


def test_a_stolen_device_cookie_of_another_account_does_not_help(nora: User) -> None:
    attack()
    thief = Client()
    thief.cookies["device"] = "guessed"
    assert "Zu viele Versuche" in log_in(thief).content.decode()


def test_the_limits_hold_while_redis_is_away(nora: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    away = SteadyCache("redis://127.0.0.1:1/0", {})
    monkeypatch.setattr("allauth.core.internal.ratelimit.cache", away)
    attack()
    assert "Zu viele Versuche" in log_in(Client()).content.decode()


def test_signing_up_looks_the_same_for_a_known_and_an_unknown_address(nora: User) -> None:
    form = {"password1": PASSWORD}
    known = Client().post("/accounts/signup/", form | {"email": EMAIL})
    unknown = Client().post("/accounts/signup/", form | {"email": "new@studio.test"})
    assert (known.status_code, known.headers["Location"]) == (unknown.status_code, unknown.headers["Location"])
    assert [letter.to for letter in mails()] == [EMAIL, "new@studio.test"]


@pytest.mark.parametrize("email", [EMAIL, "new@studio.test"])
def test_signing_up_takes_one_slow_hash_for_a_known_and_an_unknown_address(
    nora: User, monkeypatch: pytest.MonkeyPatch, email: str
) -> None:
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def noted(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", noted)
    Client().post("/accounts/signup/", {"email": email, "password1": NEW_PASSWORD})
    assert hashed == [NEW_PASSWORD]


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/login/code/"])
def test_asking_for_a_way_in_looks_the_same_for_a_known_and_an_unknown_address(nora: User, path: str) -> None:
    known, unknown = Client(), Client()
    first = known.post(path, {"email": EMAIL}, follow=True)
    second = unknown.post(path, {"email": "niemand@studio.test"}, follow=True)
    assert shown(first).replace(EMAIL, "X") == shown(second).replace("niemand@studio.test", "X")


def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(nora: User) -> None:
    known = log_in(Client(), "wrong").content.decode()
    unknown = Client().post(LOGIN, {"login": "niemand@studio.test", "password": "wrong"}).content.decode()
    sentence = "Adresse oder Passwort stimmt nicht."
    assert sentence in known
    assert sentence in unknown


def test_a_new_account_is_usable_once_the_code_from_the_mail_was_entered() -> None:
    browser = Client()
    browser.post("/accounts/signup/", {"email": EMAIL, "password1": PASSWORD})
    assert not is_in(browser)
    assert code() in mails()[-1].subject
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert is_in(browser)
    assert EmailAddress.objects.get(email=EMAIL).verified


@pytest.mark.parametrize(("path", "form"), [("signup", {"password1": PASSWORD}), ("login/code", {})])
def test_the_page_that_asks_for_the_code_says_where_it_went(nora: User, path: str, form: dict[str, str]) -> None:
    page = Client().post(f"/accounts/{path}/", form | {"email": EMAIL}, follow=True)
    assert f"Wir haben einen Code an {EMAIL} geschickt" in page.content.decode()


def test_the_session_gets_a_new_key_at_the_sign_in(nora: User) -> None:
    browser = Client()
    session = browser.session
    session["planted"] = "by an attacker"
    session.save()
    browser.cookies["session"] = before = session.session_key
    log_in(browser)
    assert browser.cookies["session"].value != before


def test_a_new_password_ends_every_other_session_and_renews_this_one(nora: User) -> None:
    here, there = Client(), Client()
    log_in(here)
    log_in(there)
    before = here.cookies["session"].value
    form = {"oldpassword": PASSWORD, "password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    here.post("/accounts/password/change/", form)
    assert is_in(here)
    assert here.cookies["session"].value != before
    assert not is_in(there)
    assert "Passwort wurde geändert" in mails()[-1].subject


def test_only_a_new_device_is_worth_a_letter(nora: User) -> None:
    first, second = Client(), Client()
    log_in(first)
    assert mails() == []
    log_in(second)
    assert mails()[-1].subject == "Dein Konto wurde auf einem neuen Gerät geöffnet"
    second.post("/accounts/logout/")
    log_in(second)
    assert len(mails()) == 1
    assert KnownDevice.objects.filter(user=nora).count() == 2


def test_every_form_of_the_sign_in_wants_its_token(nora: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    for path in (LOGIN, "/accounts/signup/", "/accounts/password/reset/", "/accounts/login/code/", "/accounts/logout/"):
        assert browser.post(path, {"login": EMAIL, "password": PASSWORD}).status_code == 403, path


def test_a_changed_address_counts_when_it_is_confirmed_and_the_old_one_is_told(nora: User) -> None:
    browser = Client()
    log_in(browser)
    asked = browser.post("/accounts/email/", {"email": "neu@studio.test", "action_add": "1"})
    browser.post(asked.headers["Location"], {"password": PASSWORD})
    assert User.objects.get(pk=nora.pk).email == EMAIL
    browser.post("/accounts/confirm-email/", {"code": code()})
    assert User.objects.get(pk=nora.pk).email == "neu@studio.test"
    told = mails()[-1]
    assert (told.to, told.subject) == (EMAIL, "Deine E-Mail-Adresse wurde geändert")


def totp(user: User) -> str:
    """What an authenticator app shows now."""
    sealed = Authenticator.objects.get(user=user, type="totp").data["secret"]
    return str(format_hotp_value(hotp_value(SecondFactorAdapter().decrypt(sealed), int(time.time()) // 30)))


def test_a_second_factor_stands_between_the_password_and_the_account(nora: User) -> None:
    TOTP.activate(nora, "JBSWY3DPEHPK3PXP")
    browser = Client()
    log_in(browser)
    assert not is_in(browser)
    browser.post("/accounts/2fa/authenticate/", {"code": totp(nora)})
    assert is_in(browser)


def test_the_seed_of_the_second_factor_is_not_readable_in_the_database(nora: User) -> None:
    TOTP.activate(nora, "JBSWY3DPEHPK3PXP")
    assert "JBSWY3DPEHPK3PXP" not in str(Authenticator.objects.get(user=nora).data)


PROTECTED = ("/accounts/2fa/webauthn/add/", "/accounts/2fa/totp/activate/", "/accounts/email/", "/account/delete")


@pytest.mark.parametrize("path", PROTECTED)
def test_what_protects_the_account_asks_for_the_password_again(nora: User, path: str) -> None:
    browser = Client()
    log_in(browser)
    answer = browser.post(path, {"email": "neu@studio.test", "action_add": "1"})
    assert "/reauthenticate" in answer.headers["Location"]
