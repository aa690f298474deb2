"""Claims whose commit nobody answered: the database has them under our name, and no thread of ours knows of them.

Nobody else may take them while we live, so we give them back. A row on its way from one list of ours to another looks
the same for a moment: only what is unknown twice, a while apart, is a stray.
"""

from collections.abc import Callable

from pilar.backplane.engine import statements
from pilar.backplane.engine.results import NotDone
from pilar.kernel.clock import monotonic

APART = 1.0


class Strays:
    """Looks twice after each error of the connection; costs nothing as long as there is none."""

    def __init__(self) -> None:
        self._looks = 0
        self._look_at = 0.0
        self._unknown: set[tuple[int, int]] = set()

    def suspect(self) -> None:
        """A transaction failed: it may have been committed all the same."""
        self._looks, self._unknown = 2, set()
        self._look_at = monotonic() + APART

    def is_time(self) -> bool:
        """Say whether to look now."""
        return self._looks > 0 and monotonic() >= self._look_at

    def found(self, cursor: statements.Cursor, *, worker: int, in_hand: Callable[[], set[int]]) -> list[NotDone]:
        """Return what must go back; `in_hand` tells the leases that this process knows of."""
        held = statements.held(cursor, worker=worker)
        known = in_hand()
        unknown = {(job, lease) for job, lease in held if lease not in known}
        strays = unknown & self._unknown
        self._looks, self._look_at, self._unknown = self._looks - 1, monotonic() + APART, unknown
        return [NotDone(job, lease, counted=False) for job, lease in sorted(strays)]
