"""Somebody without a mouse: each stop of the Tab key is judged as it is made.

A stop is wrong when nothing shows where the keyboard is (WCAG 2.4.7), when something covers it (2.4.11), or when it
lies wholly above the stop before it in the same part of the page, against the reading order (2.4.3).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page

from tests.browser.watching import wait_until

MOST_STOPS = 150
STOP = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const rings = (e) => e && getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
  const shadow = (e) => e && getComputedStyle(e).boxShadow !== "none" && e.matches(":has(:focus-visible)");
  const ringed = [at, ...(at.labels ?? []), at.closest("label")].find(rings) ?? (shadow(at.form) ? at.form : null);
  const box = [...(ringed ?? at).getClientRects()][0] ?? (ringed ?? at).getBoundingClientRect();
  const seen = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  const related = (a, b) => a.contains(b) || b.contains(a);
  const parts = "dialog, aside, .pane, .thread, main, header, nav, footer";
  const words = at.getAttribute("aria-label") ?? at.labels?.[0]?.innerText ?? at.innerText?.slice(0, 40) ?? "";
  return {
    name: `${at.localName}#${at.id} ${words}`.trim(),
    place: [...document.all].indexOf(at),
    part: [...document.querySelectorAll(parts)].indexOf(at.closest(parts)),
    shows: Boolean(ringed),
    covered: box.height < window.innerHeight && !(seen && related(ringed ?? at, seen)),
    top: box.top + window.scrollY, bottom: box.bottom + window.scrollY, left: box.left, right: box.right,
    scrolls: Boolean(at.closest(".thread-scroll")),
  };
}"""
IS_AT = "(selector) => document.activeElement?.matches(selector) ?? false"


@dataclass
class Keyboard:
    """Hands on the keys of one page. `wrong` names each stop that was not as it should be."""

    page: Page
    wrong: list[str] = field(default_factory=list)

    def is_at(self, selector: str) -> bool:
        return bool(self.page.evaluate(IS_AT, selector))

    def lands(self, selector: str) -> None:
        """Fail unless the focus comes to `selector` by itself."""
        try:
            wait_until(self.page, IS_AT, selector, seconds=20)
        except AssertionError as error:
            raise AssertionError(f"the focus is at {self._stop()}, not at {selector}") from error

    def to(self, selector: str, *, back: bool = False) -> None:
        """Tab until the focus is at `selector`."""
        for _stop in self.stops(back=back):
            if self.is_at(selector):
                return
        raise AssertionError(f"{selector} cannot be reached at {self.page.url}")

    def stops(self, *, back: bool = False) -> Iterator[dict[str, Any]]:
        """Walk from where the focus is to the end of the page."""
        before, passed = self._stop(), set[int]()
        for _step in range(MOST_STOPS):
            self.page.keyboard.press("Shift+Tab" if back else "Tab")
            stop = self._stop()
            if stop is None:
                return
            # A date or time has several stops of its own; anything else that comes again means that we are around.
            is_new = before is None or stop["place"] != before["place"]
            if is_new and stop["place"] in passed:
                return
            passed.add(stop["place"])
            self._judge(stop, None if back else before)
            yield stop
            before = stop
        raise AssertionError(f"the keyboard does not come out of {self.page.url}")

    def _stop(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.page.evaluate(STOP)
        return found

    def _judge(self, stop: dict[str, Any], before: dict[str, Any] | None) -> None:
        where = f"{self.page.url}: {stop['name']}"
        if not stop["shows"]:
            self.wrong.append(f"{where} does not show the focus")
        if stop["covered"]:
            self.wrong.append(f"{where} is covered")
        if before and _is_above(stop, before):
            self.wrong.append(f"{where} stands above {before['name']}, which comes first")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def type(self, text: str, *, into: str) -> None:
        self.to(into)
        self.page.keyboard.type(text)

    @contextmanager
    def leads(self, url: Any) -> Iterator[None]:
        """What is done inside brings another page."""
        with self.page.expect_navigation(url=url):
            yield

    def walks_around(self, dialog: str) -> None:
        """Go once around an open dialog: the keyboard does not leave it for the page below."""
        for stop in self.stops():
            if not self.is_at(f"{dialog}, {dialog} *"):
                self.wrong.append(f"{self.page.url}: {stop['name']} is reached from {dialog}")

    def closes(self, dialog: str, *, back_to: str) -> None:
        """Escape closes the dialog, and the focus is where it was before."""
        self.press("Escape")
        self.page.wait_for_selector(f"{dialog}:not([open])", state="attached")
        self.lands(back_to)


def _is_above(stop: dict[str, Any], before: dict[str, Any]) -> bool:
    """Further up in the same part of the page and in no column to its right. A chat's scroller runs backwards."""
    same_part = before["part"] == stop["part"] and not before["scrolls"]
    return bool(same_part and stop["bottom"] <= before["top"] and stop["left"] < before["right"])
