"""Without a mouse: a studio is set up, its owner signs in, and a member is answered."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FilePayload, Page

from provisioning.scripted_customer import PAPER
from tests.browser.conftest import InService, anna
from tests.browser.journey import PAPERS, PASSWORD, Owner
from tests.browser.keyboard import Keyboard
from tests.browser.watching import closing, wait_until, watched
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.processes]

GO_ON = "main form:not(.form):not(.choice) [type=submit]"


@pytest.fixture
def keys(browser: Browser, product: Installation) -> Iterator[Keyboard]:
    with watched(browser, base_url=product.product, width=1440) as watch:
        yield Keyboard(watch.page)


def test_a_studio_is_set_up_from_the_claim_to_the_test_message(keys: Keyboard, product: Installation) -> None:
    owner = Owner(keys.page, product.sandbox, "tessa@tastatur.test", member="", studio="Tastatur")
    product.sandbox.post("checkout", email=owner.email, name=owner.studio, plan="PRO")
    _claim(keys, owner)
    _describe(keys)
    _papers(keys)
    _hours(keys)
    _coach(keys)
    _whatsapp(keys, owner)
    _own_phone(keys)
    assert keys.wrong == []


def _claim(keys: Keyboard, owner: Owner) -> None:
    keys.page.goto(owner.link("/claim/"))
    keys.type("Tessa Taste", into="[name=name]")
    keys.type(PASSWORD, into="[name=password]")
    with keys.leads("**/onboarding/studio"):
        keys.press("Enter")


def _describe(keys: Keyboard) -> None:
    """Two pages of words; an answer that is missing is where one lands."""
    keys.type("Tastatur GmbH", into="[name=legal_name]")
    keys.type("https://tastatur.example", into="[name=website]")
    keys.page.wait_for_selector("#saved p")
    keys.lands("[name=website]")
    _enter(keys, "**/onboarding/address")
    keys.type("Aachener Straße 5", into="[name=street]")
    with keys.leads("**/onboarding/address"):
        keys.press("Enter")
    keys.lands("[name=register_number][aria-invalid]")
    keys.page.keyboard.type("HRB 12345")
    _enter(keys, "**/onboarding/papers")


def _papers(keys: Keyboard) -> None:
    for place, kind in enumerate(PAPERS):
        keys.to("[name=kind]", back=place > 0)
        while keys.page.input_value("[name=kind]") != kind:
            keys.press("ArrowDown")
        keys.to("[name=file]")
        # What opens on Space is the system's own dialog; the page's part ends with the field being reached.
        paper = FilePayload(name="auszug.pdf", mimeType="application/pdf", buffer=PAPER)
        keys.page.set_input_files("[name=file]", files=[paper])
        _enter(keys, "**/onboarding/papers")
        keys.lands("main form.form [type=submit]")
    _enter(keys, "**/onboarding/hours", GO_ON)


def _hours(keys: Keyboard) -> None:
    keys.to("[name=mon_open]")
    keys.press("Space")
    keys.type("0600A", into="[name=mon_from]")
    keys.type("1000P", into="[name=mon_to]")
    _enter(keys, "**/onboarding/hours", "[name=copy]")
    keys.lands("[name=copy]")
    assert keys.page.input_value("[name=fri_to]") == "22:00"
    keys.to("form.form [type=submit]:not([name])", back=True)
    with keys.leads("**/onboarding/coach"):
        keys.press("Enter")


def _coach(keys: Keyboard) -> None:
    keys.to("[name=tone]")
    keys.press("ArrowDown")
    assert keys.is_at("[name=tone]:checked")
    _enter(keys, "**/onboarding/members")
    _enter(keys, "**/onboarding/whatsapp", GO_ON)


def _whatsapp(keys: Keyboard, owner: Owner) -> None:
    """Meta's window takes the focus, and this page goes on by itself when it is closed."""
    page = keys.page
    page.goto("/setup")
    page.wait_for_selector("a[href='/onboarding/whatsapp']")
    keys.to("a[href='/onboarding/whatsapp']")
    with keys.leads("**/onboarding/whatsapp"):
        keys.press("Enter")
    wait_until(page, "Boolean(window.FB)")
    keys.to("[data-start]")
    with page.expect_popup() as opened:
        keys.press("Enter")
    window = Keyboard(opened.value)
    window.type(owner.studio, into="[name=business_name]")
    window.type(_number(page), into="[name=phone_number]")
    with keys.leads("**/setup"), closing():
        window.press("Enter")


def _number(page: Page) -> str:
    shown = re.search(r"\+[\d ]+", page.inner_text(".numbered"))
    assert shown
    return shown.group().replace(" ", "")


def _own_phone(keys: Keyboard) -> None:
    keys.page.goto("/onboarding/test")
    keys.type("+4915155555555", into="[name=phone]")
    keys.to("[name=agreed]")
    keys.press("Space")
    _enter(keys, "**/onboarding/test")
    keys.to("main a[href='/setup']")


def test_a_member_is_answered_and_the_chat_handed_back(
    keys: Keyboard, studio: InService, product: Installation, browser: Browser
) -> None:
    with watched(browser, base_url=product.sandbox.url, width=360) as phone:
        member = anna(phone, product, studio)
        _sign_in(keys)
        _open_chat(keys)
        _take_over(keys)
        _write(keys, "Klar, bis Samstag! (getippt)")
        member.wait_for("Klar, bis Samstag! (getippt)")
    _ask_why(keys)
    _send_template(keys, product)
    _hand_back(keys)
    assert keys.wrong == []


def _sign_in(keys: Keyboard) -> None:
    keys.page.goto("/accounts/login/")
    keys.type("nora@kraftwerk.test", into="[name=login]")
    keys.type(PASSWORD, into="[name=password]")
    with keys.leads("**/dashboard"):
        keys.press("Enter")


def _open_chat(keys: Keyboard) -> None:
    with keys.leads("**/dashboard/chats"):
        keys.press("g", "c")
    keys.to(".chat-list a")
    with keys.leads(re.compile(r"/dashboard/chats/[0-9a-f-]{36}$")):
        keys.press("Enter")


def _take_over(keys: Keyboard) -> None:
    keys.to("#ai-switch[aria-checked=true]")
    with keys.leads(re.compile("/dashboard/chats/")):
        keys.press("Space")
    keys.lands("#ai-switch[aria-checked=false]")


def _write(keys: Keyboard, words: str) -> None:
    """The second link of a chat leads past its list to where one writes; what is sent leaves the focus there."""
    keys.page.reload()
    keys.to(".skip[href='#text']")
    keys.press("Enter")
    keys.lands("#text")
    keys.page.keyboard.type(words)
    keys.press("Enter")
    keys.page.locator("#log .bubble.is-human", has_text=words).wait_for()
    keys.lands("#text")


def _ask_why(keys: Keyboard) -> None:
    keys.to("[data-why]", back=True)
    keys.press("Enter")
    keys.page.wait_for_selector("#why[open] .facts")
    keys.walks_around("#why")
    keys.closes("#why", back_to="[data-why]")


def _send_template(keys: Keyboard, product: Installation) -> None:
    """The day has passed, and the composer has become a choice of templates."""
    product.sql("UPDATE coach_conversation SET window_closed_at = now() RETURNING id")
    keys.page.reload()
    keys.to(".skip[href='#composer']")
    keys.press("Enter")
    keys.to("[name=template]")
    keys.press("ArrowRight")
    assert keys.is_at("[name=template]:checked")
    ours = keys.page.locator("#log .bubble.is-human")
    before = ours.count()
    _enter(keys, re.compile("/dashboard/chats/"), ".templates [type=submit]")
    ours.nth(before).wait_for()


def _hand_back(keys: Keyboard) -> None:
    keys.to("#ai-switch", back=True)
    with keys.leads(re.compile("/dashboard/chats/")):
        keys.press("Enter")
    keys.lands("#ai-switch[aria-checked=true]")


def _enter(keys: Keyboard, url: object, button: str = "form.form [type=submit]") -> None:
    keys.to(button)
    with keys.leads(url):
        keys.press("Enter")
