"""The engine of this process: started by the worker's bootstep, rung by Celery messages and by this process's own
work.
"""

import gc
import logging
import threading
from collections.abc import Iterable
from functools import partial

from pilar.backplane.engine.coordinator import Coordinator
from pilar.backplane.engine.inline import work_off
from pilar.kernel import switchboard
from pilar.kernel.shield import shielded

logger = logging.getLogger(__name__)

STOP_SECONDS = 20.0
"""How long running handlers may finish on an orderly stop; the whole stop stays below 30 s (reliability T4)."""

_coordinator: Coordinator | None = None


def start(lanes: Iterable[str]) -> None:
    """Begin to work on these lanes in threads of this process."""
    global _coordinator
    _coordinator = Coordinator(lanes)
    _coordinator.pulse.start()
    _coordinator.start()
    threading.Thread(target=_prepare, name="warm-up", daemon=True).start()


def _prepare() -> None:
    """Warm up, then take what start-up made out of the collector's sight.

    It lives as long as the process; walking its million objects stopped every thread for 0.1 s and more at a time.
    """
    warm_up()
    gc.collect()
    gc.freeze()


def warm_up() -> None:
    """Do what the rooms ask for at a worker's start; what fails here is met again, and handled, by the first job."""
    for name, prepare in switchboard.warm_ups.items():
        shielded(prepare, partial(_not_warmed, name))


def _not_warmed(name: str, error: Exception) -> None:
    logger.warning("the warm-up %s failed", name, exc_info=error)


def stop() -> None:
    """End orderly: nothing new, what was not started goes back, what runs may finish for STOP_SECONDS."""
    global _coordinator
    if _coordinator is not None:
        _coordinator.end(STOP_SECONDS)
        _coordinator = None


def ring(lane: str) -> None:
    """Look for work in this lane now. Without an engine in this process (another Celery pool), do it here."""
    if not nudge(lane):
        work_off([lane])


def nudge(lane: str) -> bool:
    """Let the engine of this process look at the lane; False when there is none."""
    if _coordinator is None:
        return False
    _coordinator.ring(lane)
    return True
