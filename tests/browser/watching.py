"""A browser whose pages are watched: what they complain of, whether they fit, and whether anybody is shut out."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Error, Page, sync_playwright

from pilar.runtime.browser import system_chromium
from tests.e2e.installation import wait_for

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Only what is wrong crosses over to Python: all that is right would be half a megabyte a page. No rule of ours needs the
# style sheets a second time.
BARRIERS = """
(rules) => axe.run({runOnly: rules, resultTypes: ["violations"], preload: false}).then((found) => found.violations)
"""
HEIGHTS = {360: 780, 768: 1024, 1440: 900}
SLOW_MACHINE = "was preloaded using link preload but not used within a few seconds"
"""Chromium says so of the font when it draws the page late, as on a machine that has other work."""
TELL_REFUSALS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP refused ${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=system_chromium(), args=FLAGS)
        yield started
        started.close()


@dataclass
class Watch:
    """One person's browser. `look` collects what is wrong with the page on screen; `wrong` is empty when nothing was."""

    context: BrowserContext
    page: Page = field(init=False)
    wrong: dict[str, list[Any]] = field(default_factory=dict)
    _heard: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.add_init_script(TELL_REFUSALS)
        with_axe(self.context)
        self.context.on("page", self._listen)
        self.page = self.context.new_page()

    def _listen(self, page: Page) -> None:
        page.on("console", lambda line: self._heard.append(line.text) if _is_complaint(line) else None)
        page.on("pageerror", lambda error: self._heard.append(str(error)))

    def look(self, name: str) -> None:
        """Judge the page on screen under `name`."""
        found = [*self._heard, *sideways(self.page), *barriers(self.page)]
        self._heard.clear()
        if found:
            self.wrong.setdefault(name, []).extend(found)

    def beyond(self, width: int) -> list[str]:
        """Say whether the page on screen could be scrolled to the side at another width."""
        before = self.page.viewport_size
        assert before
        self.page.set_viewport_size({"width": width, "height": HEIGHTS[width]})
        found = sideways(self.page)
        self.page.set_viewport_size(before)
        return found

    def tell(self) -> None:
        """Log what is on screen; pytest shows it when the test has failed."""
        shown = self.page.locator("body").inner_text()[:2000]
        logging.getLogger(__name__).warning("%s %s\n%s", self.page.url, self._heard, shown)


def _is_complaint(line: ConsoleMessage) -> bool:
    return line.type in ("error", "warning") and SLOW_MACHINE not in line.text


def wait_until(page: Page, condition: str, subject: Any = None, *, seconds: float = 60) -> None:
    """Wait until JavaScript says so. Playwright's own way evaluates strings inside the page, which our policy forbids
    whenever the first answer is no.
    """
    wait_for(lambda: _says_so(page, condition, subject), seconds=seconds)


def _says_so(page: Page, condition: str, subject: Any) -> bool:
    try:
        return bool(page.evaluate(condition, subject))
    except Error as error:
        if "context was destroyed" not in error.message:
            raise
        return False  # the page is just being left for the next one


@contextmanager
def closing() -> Iterator[None]:
    """What is pressed in here makes its window close itself, perhaps before Playwright has heard how the press went."""
    try:
        yield
    except Error as error:
        if "has been closed" not in error.message:
            raise


def sideways(page: Page) -> list[str]:
    """Say so when the page can be scrolled to the side."""
    beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return [f"{beyond} px too wide"] if beyond > 0 else []


def with_axe(context: BrowserContext) -> None:
    """Put axe into every page of this profile from its beginning: four times quicker than to send it when it is needed."""
    context.add_init_script(Axe().axe_script)


def barriers(page: Page) -> list[Any]:
    """Return axe's findings with the elements they are about, in a profile with axe."""
    found = page.evaluate(BARRIERS, RULES)
    return [(entry["id"], [node["html"][:160] for node in entry["nodes"]][:5]) for entry in found]


@contextmanager
def watched(
    browser: Browser, *, base_url: str, width: int, scheme: str = "light", session: Any = None
) -> Iterator[Watch]:
    """A browser profile of one width and colour scheme: fresh, or with the cookies of `session`."""
    context = browser.new_context(
        base_url=base_url,
        viewport={"width": width, "height": HEIGHTS[width]},
        color_scheme=scheme,  # type: ignore[arg-type]  # the callers pass light or dark
        locale="de-DE",
        storage_state=session,
        reduced_motion="reduce",
        has_touch=width < 768,
    )
    context.set_default_timeout(60_000)
    watch = Watch(context)
    try:
        yield watch
    finally:
        watch.tell()
        context.close()
