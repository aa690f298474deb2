"""Accounts in a real browser: from the sign-up to a passkey, an app and a keyboard, on a phone and on a desk."""

from collections.abc import Iterator

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Browser

from tests.browser.conftest import SHAPES
from tests.browser.journey import PASSWORD
from tests.browser.people import Person, security_chip
from tests.browser.watching import Watch, watched
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.processes]


@pytest.fixture(params=SHAPES, ids=str)
def watch(request: pytest.FixtureRequest, browser: Browser, product: Installation) -> Iterator[Watch]:
    width, scheme = request.param
    # A passkey belongs to a name, never to an IP address.
    address = product.product.replace("127.0.0.1", "localhost")
    with watched(browser, base_url=address, width=width, scheme=scheme) as found:
        yield found


@pytest.fixture
def nora(watch: Watch, product: Installation, request: pytest.FixtureRequest) -> Person:
    """Somebody who has just signed up and confirmed the address."""
    person = Person(watch.page, product.sandbox, f"{abs(hash(request.node.name))}@studio.test")
    person.sign_up()
    watch.look("confirm the address")
    person.confirm_address()
    return person


def test_a_passkey_is_added_named_and_opens_the_account(watch: Watch, nora: Person) -> None:
    page = watch.page
    with security_chip(page):
        page.goto("/accounts/2fa/webauthn/add/")
        nora.prove()
        watch.look("add a passkey")
        page.fill("[name=name]", "Telefon")
        page.click("#mfa_webauthn_add")
        page.wait_for_url("**/2fa/**recovery-codes/**")
        watch.look("recovery codes")
        page.goto("/accounts/2fa/webauthn/")
        assert page.is_visible("text=Telefon")
        watch.look("passkeys")
        nora.sign_out()
        page.goto("/accounts/login/")
        watch.look("sign-in")
        page.click("#passkey_login")
        page.wait_for_url(lambda url: "/accounts/login" not in url)
        page.goto("/account")
        assert nora.email in page.content()
        watch.look("profile")
    assert watch.wrong == {}


def test_an_app_is_the_second_step_after_the_password(watch: Watch, nora: Person) -> None:
    page = watch.page
    page.goto("/accounts/2fa/totp/activate/")
    nora.prove()
    page.click("summary")
    secret = page.inner_text(".secret")
    watch.look("set up the app")
    page.fill("[name=code]", _code(secret))
    page.click("form.form [type=submit]")
    page.wait_for_url("**/2fa/**recovery-codes/**")
    code = page.inner_text(".codes li >> nth=0")
    nora.sign_out()
    page.goto("/accounts/login/")
    page.fill("[name=login]", nora.email)
    page.fill("[name=password]", PASSWORD)
    page.click("form.form [type=submit]")
    page.wait_for_url("**/2fa/authenticate/**")
    watch.look("second step")
    page.fill("[name=code]", code)
    page.click("form.form [type=submit]")
    page.wait_for_url(lambda url: "/accounts/2fa" not in url)
    assert watch.wrong == {}


def test_a_code_by_mail_signs_in_with_the_keyboard_alone(watch: Watch, nora: Person) -> None:
    nora.sign_out()
    page = watch.page
    page.goto("/accounts/login/code/")
    watch.look("ask for a code")
    _tab_to(watch, "email")
    page.keyboard.type(nora.email)
    page.keyboard.press("Enter")
    page.wait_for_url("**/login/code/confirm/**")
    watch.look("enter the code")
    _tab_to(watch, "code")
    page.keyboard.type(nora.code(seen=1))
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/accounts/login" not in url)
    page.goto("/accounts/sessions/")
    watch.look("devices")
    assert watch.wrong == {}


def test_every_page_of_an_account_is_quiet_fits_and_shuts_nobody_out(watch: Watch, nora: Person) -> None:
    for path in ("/account", "/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/logout/"):
        watch.page.goto(path)
        watch.look(path)
    watch.page.goto("/account/delete")
    nora.prove()
    watch.look("delete the account")
    watch.page.check("[name=agreed]")
    watch.page.click("main form.form [type=submit]")
    watch.page.wait_for_selector("text=Dein Konto wird gelöscht")
    watch.look("deletion planned")
    assert watch.wrong == {}


def _tab_to(watch: Watch, name: str) -> None:
    """Walk from the top of the page to a field, as somebody without a mouse does."""
    for _step in range(20):
        if watch.page.evaluate("document.activeElement?.name") == name:
            return
        watch.page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached with the keyboard")


def _code(secret: str) -> str:
    """What an authenticator app shows now."""
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))
