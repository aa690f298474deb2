"""`make bench-pages`: Lighthouse on a phone over the pages of a running `make up`; a table, and exit 1 below the bars.

`make bench` ends with it. Needs Chromium and the `lighthouse` command (`npm i lighthouse` in any folder, its path in
LIGHTHOUSE); without them, or without a product, it says so.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx
from playwright.sync_api import Playwright, sync_playwright

from pilar.runtime.browser import system_chromium
from pilar.runtime.ports import free_port
from provisioning.scripted_customer import Forms

PRODUCT = os.environ.get("PUBLIC_BASE_URL") or f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
PUBLIC = {"landing": "/", "pricing": "/pricing", "sign-in": "/accounts/login/"}
OWNERS = {"today": "/dashboard", "chats": "/dashboard/chats", "members": "/dashboard/members"}
BARS = {"performance": 95, "accessibility": 100, "best-practices": 100}


def main() -> int:
    """Measure each page once; returns the exit code."""
    command = os.environ.get("LIGHTHOUSE") or shutil.which("lighthouse")
    chromium = system_chromium()
    if not command or not chromium:
        sys.stdout.write(
            "Lighthouse or Chromium is not here, so the pages were not measured. See tests/bench/lighthouse.py.\n"
        )
        return 0
    try:
        cookies = _signed_in()
    except httpx.ConnectError:
        sys.stdout.write(
            f"Nothing runs at {PRODUCT}, so the pages were not measured: make up, then make bench-pages.\n"
        )
        return 0
    failed = False
    with sync_playwright() as playwright:
        for name, path in (PUBLIC | (OWNERS if cookies else {})).items():
            scores = _scores(playwright, command, str(chromium), path, cookies if name in OWNERS else {})
            failed |= any(scores[kind] < bar for kind, bar in BARS.items())
            sys.stdout.write(f"{name:10}" + "".join(f"{kind} {scores[kind]:3}  " for kind in BARS) + "\n")
    return int(failed)


def _signed_in() -> dict[str, str]:
    """The cookies of the demo's owner, none where there is no demo."""
    password = os.environ.get("PILAR_DEMO_PASSWORD", "")
    with httpx.Client(base_url=PRODUCT, follow_redirects=True, timeout=30) as browser:
        page = browser.get(PUBLIC["sign-in"])
        token = Forms.of(page.text).fields.get("csrfmiddlewaretoken", ("", ""))[1]
        given = {"csrfmiddlewaretoken": token, "login": "owner@demo.pilar.test", "password": password}
        answer = browser.post(PUBLIC["sign-in"], data=given, headers={"Referer": str(page.url)})
        if not answer.url.path.startswith("/dashboard"):
            return {}
        return {cookie.name: cookie.value or "" for cookie in browser.cookies.jar}


def _scores(playwright: Playwright, command: str, chromium: str, path: str, cookies: dict[str, str]) -> dict[str, int]:
    """Measure in a browser that has seen nothing yet but its cookies: as headers they would not reach what a page loads."""
    port = free_port("127.0.0.1")
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        browser = playwright.chromium.launch_persistent_context(
            f"{folder}/profile", executable_path=chromium, args=[f"--remote-debugging-port={port}", "--no-sandbox"]
        )
        browser.add_cookies([{"name": name, "value": value, "url": PRODUCT} for name, value in cookies.items()])
        subprocess.run(
            [
                command, PRODUCT + path, "--quiet", "--output=json", f"--output-path={report}", f"--port={port}",
                f"--only-categories={','.join(BARS)}", "--disable-storage-reset",
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        browser.close()
        found = json.loads(report.read_text())
    if found["finalDisplayedUrl"] != PRODUCT + path:
        raise SystemExit(f"{path} led to {found['finalDisplayedUrl']}: nothing was measured")
    return {kind: round(100 * (found["categories"][kind]["score"] or 0)) for kind in BARS}


if __name__ == "__main__":
    sys.exit(main())
