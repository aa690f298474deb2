"""Violence in a random order that a seed repeats: every kind once, then again until the time is up."""

import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable

from pilar.runtime import processes
from tests.drills.site import Site
from tests.e2e.installation import wait_for

FROZEN_SECONDS = 32.0
"""Longer than 25 s, after which a silent worker's jobs are taken away."""
WORKERS = ("worker", "second worker", "third worker")


class Storm(threading.Thread):
    """Runs until every kind of violence was done and `seconds` have passed; `done` counts them."""

    def __init__(self, site: Site, dice: random.Random, *, seconds: float) -> None:
        super().__init__(name="storm")
        self.site = site
        self.done: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._dice = dice
        self._seconds = seconds
        self._thaws: list[threading.Timer] = []
        self._frozen: set[int] = set()
        self.kinds: dict[str, Callable[[], None]] = {
            "a worker killed": self.kill_worker,
            "a worker frozen beyond its lease, then thawed": self.freeze_worker,
            "a worker restarted": self.restart_worker,
            "a beat killed": self.kill_beat,
            "a beat frozen": self.freeze_beat,
            "web killed": self.kill_web,
            "PostgreSQL restarted": self.restart_database,
            "PostgreSQL crashed": self.crash_database,
            "Redis restarted empty": self.restart_redis,
            "Redis frozen": self.freeze_redis,
        }

    def run(self) -> None:
        end = time.monotonic() + self._seconds
        try:
            while time.monotonic() < end or len(self.done) < len(self.kinds):
                for kind in self._dice.sample(sorted(self.kinds), len(self.kinds)):
                    self.kinds[kind]()
                    self.done[kind] += 1
                    time.sleep(self._dice.uniform(0.5, 4))
        except BaseException as error:  # noqa: BLE001 - it is raised again where somebody waits for the storm
            self.failure = error

    def pass_over(self, *, within: float) -> None:
        """Wait for its end and let everything live again. Raises what stopped it."""
        self.join(within)
        assert not self.is_alive(), "the storm does not end"
        for thaw in self._thaws:
            thaw.join()
        if self.failure:
            raise self.failure

    def kill_worker(self) -> None:
        self._hit_worker(signal.SIGKILL)

    def restart_worker(self) -> None:
        self._hit_worker(signal.SIGTERM)

    def _hit_worker(self, number: signal.Signals) -> None:
        name = self._dice.choice(WORKERS)
        if name == "worker":
            pid = self.site.pids()["worker"]
            _hit(pid, number)
            wait_for(lambda: not processes.alive(pid), seconds=45)
        else:
            self.site.helpers[name].end(number)
            self.site.help("worker", name)

    def freeze_worker(self) -> None:
        """One at a time, or nobody would be left to take over."""
        if not self._frozen:
            name = self._dice.choice(WORKERS[1:])
            self._freeze(self.site.helpers[name].pid, FROZEN_SECONDS)

    def kill_beat(self) -> None:
        if self._dice.random() < 0.5:
            _hit(self.site.pids()["beat"], signal.SIGKILL)
        else:
            self.site.help("beat", "second beat")

    def freeze_beat(self) -> None:
        self._freeze(self.site.pids()["beat"], self._dice.uniform(3, 10))

    def kill_web(self) -> None:
        _hit(self.site.pids()["web"], signal.SIGKILL)

    def restart_database(self) -> None:
        self.site.cluster.stop()
        time.sleep(self._dice.uniform(0, 5))
        self.site.cluster.start()

    def crash_database(self) -> None:
        self.site.crash_database()

    def restart_redis(self) -> None:
        assert self.site.redis
        self.site.redis.kill()
        time.sleep(self._dice.uniform(0, 3))
        self.site.redis.start()

    def freeze_redis(self) -> None:
        assert self.site.redis
        self.site.redis.send(signal.SIGSTOP)
        time.sleep(self._dice.uniform(1, 5))
        self.site.redis.send(signal.SIGCONT)

    def _freeze(self, pid: int, seconds: float) -> None:
        _hit(pid, signal.SIGSTOP)
        self._frozen.add(pid)
        thaw = threading.Timer(seconds, self._thaw, (pid,))
        thaw.start()
        self._thaws.append(thaw)

    def _thaw(self, pid: int) -> None:
        _hit(pid, signal.SIGCONT)
        self._frozen.discard(pid)


def _hit(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
