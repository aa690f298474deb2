"""`make shots`: a picture of every page at three widths, light and dark, in var/shots. Needs a running `make up`."""

import os
import sys
import time
from pathlib import Path

from playwright.sync_api import Browser

from tests.browser import pages
from tests.browser.journey import Member, Owner
from tests.browser.watching import HEIGHTS, Watch, chromium, watched
from tests.e2e.installation import Sandbox

FOLDER = Path(os.environ.get("PILAR_DATA_DIR", "var")) / "shots"
PRODUCT = os.environ.get("PUBLIC_BASE_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
SANDBOX = Sandbox(f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT') or 8001}")


def main() -> int:
    """Play a newcomer once, then take all pages of the new studio. Returns 1 when a page was wrong."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        session, wrong = _newcomer(browser)
        for width in HEIGHTS:
            for scheme in ("light", "dark"):
                with watched(browser, base_url=PRODUCT, width=width, scheme=scheme) as visitor:
                    _all(visitor, pages.PUBLIC, f"{width}-{scheme}")
                with watched(browser, base_url=PRODUCT, width=width, scheme=scheme, session=session) as owner:
                    _all(owner, pages.OWNER, f"{width}-{scheme}")
                    _chat(owner, f"{width}-{scheme}")
                wrong |= visitor.wrong | owner.wrong
    for name, found in wrong.items():
        sys.stdout.write(f"{name}: {found}\n")
    sys.stdout.write(f"The pictures are in {FOLDER}\n")
    return 1 if wrong else 0


def _newcomer(browser: Browser) -> tuple[object, dict[str, list[object]]]:
    with watched(browser, base_url=PRODUCT, width=360) as watch:
        now = int(time.time())
        owner = Owner(watch.page, SANDBOX, f"nora{now}@kraftwerk.test", member=f"+49151{now % 10**8:08}")
        for name in owner.walk():
            _shot(watch, name, "walk")
        member = Member(watch.context.new_page(), SANDBOX, owner.member)
        member.pick_up(owner.number)
        member.write("JA")
        member.wait_for("Danke für deine Bestätigung")
        member.write("Kann ich am Samstag um zehn kommen?")
        member.wait_for("Samstag")
        return watch.context.storage_state(), watch.wrong


def _all(watch: Watch, wanted: dict[str, str], mark: str) -> None:
    for name, path in wanted.items():
        watch.page.goto(path)
        _shot(watch, name, mark)


def _chat(watch: Watch, mark: str) -> None:
    watch.page.goto("/dashboard/chats")
    watch.page.click(".chat-list a")
    watch.page.wait_for_selector(".bubble")
    _shot(watch, "chat", mark)


def _shot(watch: Watch, name: str, mark: str) -> None:
    watch.look(f"{name} ({mark})")
    watch.page.screenshot(path=FOLDER / f"{name.replace(' ', '-')}-{mark}.png", full_page=True)


if __name__ == "__main__":
    sys.exit(main())
