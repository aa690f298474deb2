"""Where suspects run: jobs that were in the hands of two workers as these died. One at a time, in a process of its own,
so that a killer is known for sure and takes nobody else's work with it.
"""

import logging
import os
import subprocess
import sys
import threading

import psycopg

from pilar.backplane.engine import statements
from pilar.backplane.engine.execute import execute, timed_out
from pilar.backplane.engine.link import Link
from pilar.backplane.engine.pulse import Pulse
from pilar.backplane.engine.results import Claimed, Result
from pilar.kernel import switchboard

logger = logging.getLogger(__name__)

SIGN_IN_SECONDS = 10.0


class Ward:
    """Keeps the process for suspects while there are any; one for each worker process at most."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def is_open(self) -> bool:
        """Say whether the process runs; also takes note of its end."""
        return self._child is not None and self._child.poll() is None

    def open(self) -> None:
        """Start the process unless it runs. It has a session of its own: a signal to this worker's group is none for
        it, or the end of a worker would be counted against the suspect.
        """
        if not self.is_open():
            logger.warning("jobs that may have killed their workers are run alone")
            argv = [sys.executable, "-m", "django", "run_suspects"]
            self._child = subprocess.Popen(argv, env=os.environ.copy(), start_new_session=True)

    def ask_to_end(self) -> None:
        """Let the process end after its present job. Nobody waits for it: it lives and signs off by itself."""
        if self._child is not None and self.is_open():
            self._child.terminate()


def run_suspects(ending: threading.Event) -> int:
    """Run due suspects in this process until there are none or `ending` is set, and return how many were run."""
    pulse, link, runs = Pulse([], running=lambda: 1, kind="alone"), Link("pilar suspects"), 0
    pulse.start()
    pulse.wait_until_fresh(SIGN_IN_SECONDS)
    try:
        while not ending.is_set() and pulse.is_fresh():
            row = _next(link, pulse.worker)
            if row is None:
                break
            result, is_over = _run(row, pulse.worker)
            _keep(link, result, pulse.worker)
            runs += 1
            if not is_over:
                break
    finally:
        pulse.end()
        link.close()
    return runs


def _next(link: Link, worker: int) -> Claimed | None:
    with link.transaction() as cursor:
        return statements.claim_suspect(cursor, worker=worker)


def _run(row: Claimed, worker: int) -> tuple[Result, bool]:
    """Run the job; the second value is False when its time was up and its thread is still at it."""
    results: list[Result] = []
    job_type = switchboard.jobs.get(row.type)
    runner = threading.Thread(target=lambda: results.append(execute(row, worker=worker)), daemon=True)
    runner.start()
    runner.join(job_type.timeout.total_seconds() if job_type else None)
    if results or job_type is None:
        return results[0], True
    return timed_out(row, job_type), False


def _keep(link: Link, result: Result, worker: int) -> None:
    try:
        with link.transaction() as cursor:
            statements.write(cursor, [result], worker=worker)
    except psycopg.Error as error:
        # Its row of the worker goes at the end, so the job is taken back and run alone again.
        logger.warning("the result of a suspect was not written: %s", error)
