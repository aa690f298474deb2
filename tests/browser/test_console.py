"""The operators' pages: quiet, no wider than the screen, and shut to nobody, on a phone and on a desk, light and dark."""

from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.browser.conftest import SHAPES, InService, anna
from tests.browser.people import Person
from tests.browser.watching import watched
from tests.e2e.installation import Installation

pytestmark = [pytest.mark.browser, pytest.mark.processes]

OPERATOR = "admin@demo.pilar.test"
PAGES = {
    "overview": "/admin/",
    "queue": "/admin/backplane/autopilotjob/queue/",
    "dead letters": "/admin/backplane/autopilotjob/dead/",
    "jobs": "/admin/backplane/jobhistory/",
    "search": "/admin/find/?q=nora@kraftwerk.test",
    "letters": "/admin/workspaces/user/letters/",
}
FIRST_OF = {
    "a job": "/admin/backplane/jobhistory/",
    "a message": "/admin/coach/message/",
    "a studio's master data": "/admin/workspaces/workspace/",
}


@pytest.fixture(scope="module")
def operator(browser: Browser, product: Installation, studio: InService) -> Any:
    """The session of somebody who runs the product, in which at least one message was sent."""
    with watched(browser, base_url=product.sandbox.url, width=360) as phone:
        anna(phone, product, studio)
    with watched(browser, base_url=product.product, width=1440) as watch:
        watch.page.goto("/accounts/login/?next=/admin/")
        watch.page.fill("[name=login]", OPERATOR)
        watch.page.fill("[name=password]", product.secrets["PILAR_DEMO_PASSWORD"])
        watch.page.click("form.form [type=submit]")
        watch.page.wait_for_url("**/admin/")
        return watch.context.storage_state()


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_operators_pages_are_quiet_fit_and_shut_nobody_out(
    browser: Browser, product: Installation, operator: Any, shape: tuple[int, str]
) -> None:
    width, scheme = shape
    with watched(browser, base_url=product.product, width=width, scheme=scheme, session=operator) as watch:
        page = watch.page
        for name, path in PAGES.items():
            page.goto(path)
            watch.look(name)
        for name, path in FIRST_OF.items():
            _open_first(page, path)
            watch.look(name)
        page.goto(page.url.replace("workspaces/workspace", "studio").replace("/change/", "/"))
        watch.look("a studio at a glance")
        _ask_to_set_up_again(page)
        watch.look("a confirmation")
    assert watch.wrong == {}


def test_a_visit_to_a_studio_says_so_on_every_page(browser: Browser, product: Installation, operator: Any) -> None:
    with watched(browser, base_url=product.product, width=360, scheme="dark", session=operator) as watch:
        _open_first(watch.page, "/admin/workspaces/workspace/")
        watch.page.goto(watch.page.url.replace("workspaces/workspace", "studio").replace("/change/", "/"))
        watch.page.fill("#reason", "Ticket 4711: Chats laden nicht")
        watch.page.click("form:has(#reason) [type=submit]")
        Person(watch.page, product.sandbox, OPERATOR).prove(product.secrets["PILAR_DEMO_PASSWORD"])
        watch.page.wait_for_selector("aside:has-text('PILAR-Support')")
        watch.look("visit")
        watch.page.click("aside.page-notice button")
        watch.page.wait_for_url("**/admin/studio/**")
    assert watch.wrong == {}


def _open_first(page: Page, path: str) -> None:
    page.goto(path)
    page.goto(page.locator("#result_list tbody a").first.get_attribute("href") or "")


def _ask_to_set_up_again(page: Page) -> None:
    """The question before an action; nobody answers it."""
    page.goto("/admin/provisioning/provisioningjob/")
    page.locator("[name=_selected_action]").first.check()
    page.select_option("[name=action]", "run_again")
    with page.expect_navigation():
        page.click("button[name=index]")
