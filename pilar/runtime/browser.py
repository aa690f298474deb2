"""The Chromium that the browser tests drive: the system's, else one that is installed for them."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_PACKAGES = ("chromium-headless-shell", "chromium")
"""The shell draws the same pages for half of the processor's time; not every distribution has it apart."""
_NAMES = (*_PACKAGES, "chromium-browser", "google-chrome-stable", "google-chrome")
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
        _apt("update", "-qq")
        for package in _PACKAGES:
            _apt("install", "-y", "-qq", "--no-install-recommends", package)
            if system_chromium():
                return True
    return subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False).returncode == 0


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", *arguments], env=environment, stdout=subprocess.DEVNULL, check=False)
