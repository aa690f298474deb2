"""One browser, and one studio that was set up by hand.

The browser is the folder's, not the session's: while Playwright runs, its loop keeps other tests of the process from
their database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.journey import Member, Owner
from tests.browser.watching import Watch, chromium, watched
from tests.e2e.installation import Installation

PHONE = "+4915111111111"
SHAPES = [(360, "dark"), pytest.param((1440, "light"), marks=pytest.mark.drill)]
"""A phone in the dark; and a desk in daylight, which `make drill` walks: `make test` sees it with the samples (tests/ui)."""


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    with chromium() as started:
        yield started


@pytest.fixture(scope="package")
def product(running: Installation) -> Installation:
    return running


@dataclass(frozen=True)
class InService:
    """A studio that a newcomer has set up on a phone. `wrong` is what the pages on the way did wrong."""

    wrong: dict[str, list[Any]]
    session: Any
    number: str


@pytest.fixture(scope="package")
def studio(browser: Browser, product: Installation) -> InService:
    with watched(browser, base_url=product.product, width=360) as watch:
        owner = Owner(watch.page, product.sandbox, "nora@kraftwerk.test", member=PHONE)
        for name in owner.walk():
            watch.look(name)
        return InService(watch.wrong, watch.context.storage_state(), owner.number)


@pytest.fixture(params=SHAPES, ids=str)
def owner(
    request: pytest.FixtureRequest, browser: Browser, product: Installation, studio: InService
) -> Iterator[Watch]:
    """The owner's browser, signed in."""
    width, scheme = request.param
    with watched(browser, base_url=product.product, width=width, scheme=scheme, session=studio.session) as watch:
        yield watch


def anna(phone: Watch, product: Installation, studio: InService) -> Member:
    """The member, who has confirmed that she wants to be coached."""
    member = Member(phone.page, product.sandbox, PHONE)
    member.pick_up(studio.number)
    member.write("JA")
    member.wait_for("Danke für deine Bestätigung")
    return member
