"""The shell by keyboard alone, and what it says when the network is away."""

import pytest

from tests.browser.watching import Watch

pytestmark = [pytest.mark.browser, pytest.mark.processes]


def test_the_palette_opens_finds_and_leads_by_keyboard_alone(owner: Watch) -> None:
    page = owner.page
    page.goto("/dashboard")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] [data-hit]")
    page.keyboard.type("grenzen")
    page.wait_for_selector("#palette [data-hit] >> nth=0")
    owner.look("palette")
    page.keyboard.press("Escape")
    assert page.locator("#palette[open]").count() == 0
    assert owner.wrong == {}


def test_the_arrows_go_through_what_was_found_and_enter_opens_it(owner: Watch) -> None:
    page = owner.page
    page.goto("/dashboard/more")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#palette[open] [data-hit]")
    page.keyboard.type("automatik")
    page.wait_for_selector("#palette a[href='/dashboard/automation']")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dashboard/automation")


def test_the_dot_opens_a_sheet_with_one_sentence(owner: Watch) -> None:
    page = owner.page
    page.goto("/dashboard")
    page.click(".status-dot")
    page.wait_for_selector("#status-sheet[open] .status-line")
    owner.look("status sheet")
    assert owner.wrong == {}


def test_a_part_that_cannot_be_asked_for_says_how_old_it_is(owner: Watch) -> None:
    page = owner.page
    page.goto("/dashboard")
    page.route("**/dashboard/parts/messages", lambda route: route.abort())
    page.dispatch_event("#part-messages", "retry")
    page.wait_for_selector("#part-messages[data-stale^='Stand']")
    assert page.locator("#part-messages .stat").count() > 0
    page.unroute("**/dashboard/parts/messages")
    page.dispatch_event("#part-messages", "retry")
    page.wait_for_selector("#part-messages:not([data-stale])")
