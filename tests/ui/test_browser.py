"""The pages in a real browser, under the real CSP: no complaint, no sideways scroll, no barrier, targets big enough."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.http import HttpRequest
from django.utils.csp import LazyNonce, build_policy
from playwright.sync_api import Browser, Page, Route

from tests.browser.watching import barriers, chromium, sideways, with_axe
from tests.ui import samples
from tests.ui.conftest import Draw

SITE = "http://pilar.test"
PHONE = (360, "light")
# The phone in the dark is walked with the real pages (tests/browser); with the samples it is a drill.
SHAPES = [(1440, "light"), pytest.param((360, "dark"), marks=pytest.mark.drill)]
SMALL_TARGETS = """
() => [...document.querySelectorAll("a, button, input:not([type=hidden]), select, textarea, summary")]
  .filter((part) => {
    const box = part.getBoundingClientRect();
    const counts = box.width && getComputedStyle(part).display !== "inline" && !part.matches(".skip");
    return counts && box.height < 44 && !["checkbox", "radio"].includes(part.type);
  })
  .map((part) => part.outerHTML.slice(0, 90))
"""

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture
def site(draw: Draw, visitor: HttpRequest) -> dict[str, str]:
    """All sample pages as HTML, drawn with the nonce that `_answer` allows."""
    visitor._csp_nonce = LazyNonce()  # type: ignore[attr-defined]
    drawn = {name: draw(template, context) for name, (template, context) in samples.pages().items()}
    return drawn | {"nonce": str(visitor._csp_nonce)}  # type: ignore[attr-defined]


def _answer(route: Route, site: dict[str, str]) -> None:
    path = route.request.url.removeprefix(SITE).partition("?")[0]
    found = finders.find(path.removeprefix("/static/")) if path.startswith("/static/") else None
    if found:
        route.fulfill(path=Path(str(found)))
    elif path.strip("/") in site:
        policy = build_policy(settings.SECURE_CSP, site["nonce"])
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Security-Policy": policy}
        route.fulfill(body=site[path.strip("/")], headers=headers)
    else:
        route.fulfill(status=204)


@pytest.fixture
def page(request: pytest.FixtureRequest, browser: Browser, site: dict[str, str]) -> Iterator[Page]:
    width, scheme = getattr(request, "param", PHONE)
    context = browser.new_context(
        viewport={"width": width, "height": 800}, color_scheme=scheme, reduced_motion="reduce", locale="de-DE"
    )
    with_axe(context)
    context.route(f"{SITE}/**", lambda route: _answer(route, site))
    yield context.new_page()
    context.close()


def _complaints(page: Page) -> list[str]:
    heard: list[str] = []
    page.on("console", lambda line: heard.append(line.text) if line.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.parametrize("page", SHAPES, indirect=True, ids=str)
def test_every_page_is_quiet_fits_and_has_no_barrier(page: Page, site: dict[str, str]) -> None:
    heard = _complaints(page)
    wrong: dict[str, Any] = {}
    for name in sorted(site.keys() - {"nonce"}):
        page.goto(f"{SITE}/{name}")
        found = [barriers(page), page.evaluate(SMALL_TARGETS), sideways(page), [*heard]]
        heard.clear()
        if any(found):
            wrong[name] = found
    assert wrong == {}


def test_a_polled_part_replaces_the_old_one(page: Page, site: dict[str, str], draw: Draw) -> None:
    site["setup/progress"] = draw("provisioning/_progress.html", {"job": samples.job() | {"progress": 99}})
    page.goto(f"{SITE}/live")
    page.wait_for_selector("text=99 %", timeout=20_000)


def test_an_injected_element_cannot_make_requests(page: Page, site: dict[str, str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    site["bad"] = site["more"].replace("</main>", '<p hx-get="/stolen" hx-trigger="load"></p></main>')
    page.goto(f"{SITE}/bad")
    page.wait_for_timeout(300)
    assert not any("stolen" in url for url in asked)


def test_the_skip_link_is_the_first_stop_of_the_keyboard(page: Page, site: dict[str, str]) -> None:
    page.goto(f"{SITE}/today")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_nothing_is_asked_of_a_foreign_host(page: Page, site: dict[str, str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{SITE}/landing")
    assert all(url.startswith(SITE) for url in asked)
