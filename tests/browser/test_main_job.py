"""The main job in a real browser, under the real policies: from a payment to an answered member."""

import pytest
from playwright.sync_api import Browser, FilePayload, Page

from tests.browser import pages
from tests.browser.conftest import InService, anna
from tests.browser.journey import PASSWORD, Owner
from tests.browser.watching import Watch, watched
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_a_newcomer_gets_from_the_front_door_to_a_studio_in_service(studio: InService) -> None:
    assert studio.wrong == {}


def test_a_member_is_answered_while_the_owner_watches(
    owner: Watch, studio: InService, product: Installation, browser: Browser
) -> None:
    with watched(browser, base_url=product.sandbox.url, width=360) as phone:
        member = anna(phone, product, studio)
        _open_chat(owner.page, name="Anna")
        answers = owner.page.locator(".bubble.is-out")
        before = answers.count()
        member.write("Kann ich am Samstag um zehn kommen?")
        answers.nth(before).wait_for()
        phone.look("phone")
    owner.look("chat")
    assert (owner.wrong, phone.wrong) == ({}, {})


def test_a_chat_is_taken_over_answered_explained_and_handed_back(
    owner: Watch, studio: InService, product: Installation, browser: Browser
) -> None:
    page, words = owner.page, f"Klar, bis Samstag! {owner.page.viewport_size}"
    with watched(browser, base_url=product.sandbox.url, width=360) as phone:
        member = anna(phone, product, studio)
        _open_chat(page, name="Anna")
        page.click("#ai-switch[aria-checked=true]")
        page.fill("#text", words)
        page.keyboard.press("Enter") if page.viewport_size["width"] > 800 else page.click("[aria-label=Senden]")
        page.locator("#log .bubble.is-human", has_text=words).wait_for()
        assert page.input_value("#text") == ""
        member.wait_for("Klar, bis Samstag!")
    page.locator("[data-why]").last.click()
    page.wait_for_selector("#why[open] .facts")
    owner.look("why")
    page.keyboard.press("Escape")
    page.click("#ai-switch[aria-checked=false]")
    page.wait_for_selector("#ai-switch[aria-checked=true]")
    owner.look("chat handed back")
    assert owner.wrong == {}


def test_settings_are_tried_and_saved_and_outside_the_window_a_template_is_sent(owner: Watch) -> None:
    page, name = owner.page, f"Ida {owner.page.viewport_size['width']}"
    phone = f"+49151222{owner.page.viewport_size['width']:05}"
    for _step in Owner(page, None, "", member=phone).add_member(name, phone):
        pass
    page.goto("/dashboard/automation")
    page.fill("[name=window_start]", "00:00")
    page.fill("[name=window_end]", "24:00")
    page.click("text=Ausprobieren, ohne zu speichern")
    page.wait_for_selector("text=So wäre es (nicht gespeichert)")
    owner.look("simulator")
    page.click("#coach-form >> text=Speichern")
    page.wait_for_selector("[data-toast]")
    page.once("dialog", lambda question: question.accept())
    page.click(f"[aria-label='Nachricht an {name} jetzt senden']")
    page.wait_for_selector(f"text=Die Nachricht an {name} ist unterwegs")
    _open_chat(page, name=name)
    page.locator(".template-option").first.click()
    page.click("text=Vorlage senden")
    page.locator("#log .bubble.is-human").wait_for()
    owner.look("template sent")
    assert owner.wrong == {}


def test_every_page_of_the_owner_is_quiet_fits_and_shuts_nobody_out(owner: Watch) -> None:
    _visit(owner, pages.OWNER)
    assert owner.wrong == {}


@pytest.mark.parametrize("shape", [(360, "light"), pytest.param((1440, "dark"), marks=pytest.mark.drill)], ids=str)
def test_every_public_page_is_quiet_fits_and_shuts_nobody_out(
    browser: Browser, product: Installation, shape: tuple[int, str]
) -> None:
    width, scheme = shape
    with watched(browser, base_url=product.product, width=width, scheme=scheme) as visitor:
        _visit(visitor, pages.PUBLIC)
    assert visitor.wrong == {}


def test_the_owner_makes_an_api_key_and_revokes_it(owner: Watch) -> None:
    page = owner.page
    page.goto("/dashboard/settings/autopilot/keys")
    page.fill("#id_name", "Empfang")
    page.click("form:has(#id_name) [type=submit]")
    if "/reauthenticate" in page.url:
        page.fill("[name=password]", PASSWORD)
        page.click("form.form [type=submit]")
    assert page.inner_text("#new-key").startswith("pilar_")
    page.once("dialog", lambda question: question.accept())
    page.click("text=Widerrufen")
    page.wait_for_selector("[data-toast]")
    owner.look("autopilot without the key")
    assert owner.wrong == {}


def test_members_come_from_a_file_are_filtered_and_paused_with_a_way_back(owner: Watch) -> None:
    page, width = owner.page, owner.page.evaluate("innerWidth")
    rows = "".join(f"Mara {width};0152 {width:04d}{n:03d}\n" for n in range(100, 103))
    page.goto("/dashboard/members/import")
    file = FilePayload(name="liste.csv", mimeType="text/csv", buffer=f"Name;Handy\n{rows}".encode("cp1252"))
    page.set_input_files("[name=file]", files=[file])
    page.click("form.form [type=submit]")
    page.wait_for_selector("[name=do][value=begin]")
    owner.look("import is checked")
    page.click("[name=do][value=begin]")
    page.wait_for_selector("a[href$='report.csv']")
    owner.look("import is done")
    page.goto(f"/dashboard/members?q=mara+{width}")
    page.locator("[name=ids]").first.check()
    owner.look("members are chosen")
    bar = page.locator(".bulk-bar").bounding_box()
    assert bar
    assert bar["height"] < 80, "the bar is one row, also on the phone"
    page.click("[popovertarget=bulk-more]")
    owner.look("what else can be done with them")
    page.keyboard.press("Escape")
    page.click("[popovertarget=bulk-pause]")
    page.click("[name=do][value=pause]")
    page.locator("[name=ids]").first.check()
    page.click("[popovertarget=bulk-more]")  # the note of what was done does not lie over the bar
    page.keyboard.press("Escape")
    page.click("[data-toast] form [type=submit]")
    page.goto("/dashboard/members?paused=1")
    assert page.locator("[name=ids]").count() == 0
    assert owner.wrong == {}


def _open_chat(page: Page, name: str) -> None:
    page.goto("/dashboard/chats")
    page.locator(".chat-list a", has_text=name).first.click()
    page.wait_for_selector("#log")


def _visit(watch: Watch, wanted: dict[str, str]) -> None:
    for name, path in wanted.items():
        answer = watch.page.goto(path)
        assert answer is not None
        assert answer.ok, f"{name}: {answer.status}"
        watch.look(name)
        assert watch.beyond(768) == [], f"{name} on a tablet"
