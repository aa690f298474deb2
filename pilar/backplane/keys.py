"""Keys that were used, of a job or an event: each once in its workspace, also when what it made is history."""

from typing import Literal, NamedTuple
from uuid import UUID

from pilar.backplane import sql
from pilar.backplane.tenancy import atomic, current

Kind = Literal["j", "e"]
JOB: Kind = "j"
EVENT: Kind = "e"

_FIND = "SELECT ref, request_hash FROM autopilot_idem WHERE workspace_id = %s AND idempotency_key = %s"


class Used(NamedTuple):
    """What a key made: the public id of a job or the id of an event, and what a job's request was."""

    ref: UUID
    request_hash: bytes


def known(kind: Kind, key: str) -> Used:
    """Return what the current workspace made under this key. Raises LookupError when it has not used it yet."""
    with atomic():
        found = sql.row(_FIND, [current(), f"{kind}:{key}"])
    if found is None:
        raise LookupError(key)
    return Used(UUID(str(found[0])), bytes(found[1] or b""))


def is_new(kind: Kind, key: str) -> bool:
    """Say whether the current workspace has used this key for nothing of this kind yet."""
    with atomic():
        return sql.row(_FIND, [current(), f"{kind}:{key}"]) is None
