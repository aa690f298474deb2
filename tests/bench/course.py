"""The parts of a run, in order, and which figures stand beside which."""

from pathlib import Path

from redis import Redis

from tests.bench import forgotten, queue, volume, waits
from tests.bench.baselines import peer_procrastinate, plain_celery, raw
from tests.bench.ground import Ground
from tests.bench.report import Report

REDIS_AWAY = "redis://127.0.0.1:1/0"
_COMPARED = {
    "no-op drain, 2 workers, everything on": {
        "raw limit": "raw limit: pgbench claims and completes by 500, 2 clients",
        "raw with history": "raw limit, moved into a history",
        "Celery + Redis": "Celery + Redis: no-op drain, prefork 2",
        "procrastinate": "procrastinate: no-op drain, 2 processes of 10",
    },
    "single enqueue, one client": {
        "Celery + Redis": "Celery + Redis: single enqueue",
        "procrastinate": "procrastinate: single enqueue",
    },
    "bulk enqueue with idempotency, 1,000 a statement": {
        "procrastinate": "procrastinate: bulk enqueue by 1,000, no idempotency",
    },
    "handlers that read and write a tenant's row, with RLS": {
        "RLS disabled": "handlers that read and write a tenant's row, RLS disabled",
    },
}
# Issue 3 asks for 25,000/s or both of the first two, and for the third in any case.
_RATIOS = {
    "Celery + Redis: no-op drain, prefork 2": 30.0,
    "procrastinate: no-op drain, 2 processes of 10": 40.0,
    "raw limit: pgbench claims and completes by 500, 2 clients": 0.7,
}


class Course:
    """One run of the measurements. `folder` keeps what is worth keeping between runs."""

    def __init__(self, ground: Ground, redis: Redis, folder: Path) -> None:
        self.report = Report()
        self._ground = ground
        self._redis = redis
        self._folder = folder
        self.report.machine["postgresql"] = ground.value("SHOW server_version")
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            self.report.machine[name] = ground.value(f"SHOW {name}")

    def run(self, parts: set[str], *, runs: int, is_full: bool) -> None:
        """Measure these parts; each figure is reported when it is known."""
        self._baselines(parts, runs)
        if parts & {"throughput", "single", "fairness", "waits", "isolation"}:
            self._queue(parts, runs)
        if "latency" in parts:
            self._latency(is_full)
        if "volume" in parts:
            self._volume(is_full)
        if "forgotten" in parts:
            self.report.say("Claims with a forgotten transaction")
            self.report.add(*forgotten.transaction(self._ground, seconds=600 if is_full else 60))
        for name, others in _COMPARED.items():
            self.report.compare(name, others)
        for other, bar in _RATIOS.items():
            self.report.ratio("no-op drain, 2 workers, everything on", other, bar=bar)

    def _baselines(self, parts: set[str], runs: int) -> None:
        self.report.say("Baselines")
        if "raw" in parts:
            self.report.add(*raw.limits(self._ground.urls["ADMIN"], runs=runs, count=60_000))
        if "celery" in parts:
            self.report.add(*plain_celery.measure(self._redis, self._ground.redis_url, runs=runs, count=4_000))
            self._redis.flushdb()
        if "procrastinate" in parts:
            try:
                self.report.add(*peer_procrastinate.measure(self._folder / "procrastinate", runs=runs, count=2_500))
            except peer_procrastinate.Unavailable as error:
                self.report.say(f"procrastinate is left out, it could not be installed: {error}.")

    def _queue(self, parts: set[str], runs: int) -> None:
        self.report.say("The queue, two workers, Redis")
        with self._ground.workers():
            if "throughput" in parts:
                self.report.add(*queue.throughput(self._ground, runs=runs, count=60_000))
            if "single" in parts:
                self.report.add(*queue.single_enqueue(self._ground, runs=runs))
            if "fairness" in parts:
                self.report.add(*queue.fairness(self._ground, runs=runs))
            if "waits" in parts:
                self.report.add(*waits.providers(self._ground, runs=runs))
            if "isolation" in parts:
                self.report.add(*queue.isolation(self._ground, runs=runs, count=2_000))

    def _latency(self, is_full: bool) -> None:
        self.report.say("Latency on an idle system, two workers")
        for name, url, bar in (("Redis", None, 100.0), ("no Redis", "", 2000.0), ("Redis away", REDIS_AWAY, 2000.0)):
            count, gap = (100, 0.4) if url is None else (12, 3.0)
            count *= 3 if is_full else 1
            with self._ground.workers(redis_url=url):
                self.report.add(*waits.latency(self._ground, name, redis_url=url, count=count, gap=gap, bar=bar))

    def _volume(self, is_full: bool) -> None:
        self.report.say("Claims among many rows")
        pending, finished = (1_000_000, 10_000_000) if is_full else (100_000, 500_000)
        self.report.add(*volume.claims(self._ground, pending=pending, finished=finished))
