"""What is decided once for an embedded cluster."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pilar.runtime.placement import Account
from pilar.runtime.private import write_private


@dataclass
class Record:
    """What is decided once for a cluster and kept in its data folder, readable by the owner alone."""

    home: str
    uid: int
    gid: int
    port: int
    passwords: dict[str, str] = field(repr=False)

    @property
    def pgdata(self) -> Path:
        return Path(self.home) / "pgdata"

    @property
    def account(self) -> Account:
        return Account(self.uid, self.gid)


@contextlib.contextmanager
def password_file(record: Record, password: str) -> Iterator[Path]:
    """initdb reads the superuser's password from a file of its own user, never from its arguments."""
    path = Path(record.home) / "initial-password"
    write_private(path, password)
    try:
        record.account.take(path)
        yield path
    finally:
        path.unlink(missing_ok=True)
