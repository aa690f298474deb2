"""The Chromium that the browser tests drive: the system's, else one that is installed for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_MAC = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"


def system_chromium() -> str | None:
    """The path of an installed Chromium or Chrome; PILAR_CHROMIUM names another."""
    named = os.environ.get("PILAR_CHROMIUM")
    found = [shutil.which(name) for name in _NAMES] + ([_MAC] if Path(_MAC).exists() else [])
    return named or next((path for path in found if path), None)


def ensure_chromium() -> bool:
    """Install Chromium when there is none: with apt-get as root, else Playwright's. Returns whether there is one.

    A test asks Playwright for its own when `system_chromium()` is None.
    """
    if system_chromium():
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
        if system_chromium():
            return True
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0
