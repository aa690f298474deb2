"""Brings a bare checkout to life with any Python 3: `python3 pilar/runtime/bootstrap.py [--dev] [arguments]`.

Finds a Python that is new enough, makes `.venv`, installs the locked requirements when they have changed, and
becomes the `.venv`'s Python with the remaining arguments. Standard library only, in the words of Python 3.8.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "installed.json"
LOCK, DEV_LOCK = "requirements.txt", "requirements-dev.txt"
OLDEST = (3, 12)
PREFERRED = ("python3.13", "python3.12", "python3.14")
# Of the user's settings for pip, these would put packages elsewhere than into the environment.
MISLEADING = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME")


class CannotInstallError(Exception):
    """The text tells a newcomer what to do."""


def main(arguments: list[str]) -> int:
    """Install what is missing, then run `.venv/bin/python` with the arguments."""
    dev = arguments[:1] == ["--dev"]
    rest = arguments[1:] if dev else arguments
    try:
        install(DEV_LOCK if dev else LOCK)
    except CannotInstallError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    if rest:
        os.execv(str(PYTHON), [str(PYTHON), *rest])
    return 0


def install(lock: str) -> None:
    """Make `.venv` hold what `lock` lists. Two installations at once wait for each other.

    Raises CannotInstallError.
    """
    folder = os.open(str(ROOT), os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if version_of(str(PYTHON)) < OLDEST:
            make_venv()
        if installed().get(lock) != digest(lock):
            install_lock(lock)
    finally:
        os.close(folder)


def make_venv() -> None:
    """Replace `.venv` by a fresh one. Raises CannotInstallError."""
    interpreter = find_interpreter()
    say(f"Making .venv with {interpreter}")
    shutil.rmtree(str(VENV), ignore_errors=True)
    if run([interpreter, "-m", "venv", str(VENV)]).returncode == 0:
        return
    # Debian keeps pip's installer in a package of its own; a pip outside can do its work.
    if run([interpreter, "-m", "venv", "--clear", "--without-pip", str(VENV)]).returncode != 0:
        raise CannotInstallError("Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv")


def find_interpreter() -> str:
    """The first Python that is new enough. Raises CannotInstallError.

    A name on the path may be a shim that leads nowhere, so each one is tried.
    """
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    named = [shutil.which(name) for name in PREFERRED]
    kept = sorted(map(str, pyenv.glob("versions/3.1[2-9]*/bin/python")), reverse=True)
    candidates = [path for path in (*named, *kept, sys.executable, shutil.which("python3")) if path]
    for candidate in candidates:
        if version_of(candidate) >= OLDEST:
            return candidate
    versions = sorted({version_of(candidate) for candidate in candidates} - {(0, 0)})
    found = ", ".join(f"{major}.{minor}" for major, minor in versions)
    raise CannotInstallError(
        f"PILAR needs Python 3.12 or newer; found only {found}. Install one and run this again:\n"
        "  apt-get install python3.13 python3.13-venv   (Debian, Ubuntu)\n"
        "  brew install python@3.13                     (macOS)\n"
        "  pyenv install 3.13                           (anywhere)"
    )


def version_of(interpreter: str) -> tuple[int, int]:
    """Its major and minor version; (0, 0) when it does not run."""
    try:
        answer = run([interpreter, "-c", "import sys; print(*sys.version_info[:2])"])
        major, minor = answer.stdout.split()
    except (OSError, ValueError):
        return (0, 0)
    return (int(major), int(minor))


def install_lock(lock: str) -> None:
    """Install exactly the locked files. Raises CannotInstallError."""
    say(f"Installing {lock}; the first time this takes a minute or two")
    options = ["--require-hashes", "-qq", "--disable-pip-version-check", "--no-input"]
    argv = [*pip(), "install", *options, "-r", str(ROOT / lock)]
    environment = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    if subprocess.run(argv, env=environment, check=False).returncode != 0:
        raise CannotInstallError(f"pip could not install {lock}; its message is above.")
    # The development lock holds the other one too.
    locks = [LOCK, DEV_LOCK] if lock == DEV_LOCK else [LOCK]
    STAMP.write_text(json.dumps({name: digest(name) for name in locks}))


def pip() -> list[str]:
    """The environment's own pip, or the one of the Python that runs this."""
    own = [str(PYTHON), "-m", "pip"]
    if run([*own, "--version"]).returncode == 0:
        return own
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def digest(lock: str) -> str:
    """What tells whether a lock has changed."""
    return hashlib.sha256((ROOT / lock).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """The digests of the locks that `.venv` holds."""
    try:
        return dict(json.loads(STAMP.read_text()))
    except (OSError, ValueError):
        return {}


def run(argv: list[str]) -> subprocess.CompletedProcess[str]:
    """Run quietly; the caller looks at the return code and the output."""
    return subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def say(text: str) -> None:
    """Tell the newcomer what takes so long."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
