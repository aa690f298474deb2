"""Celery as it is used everywhere: one message a task on Redis, a prefork worker of two, no results kept."""

import os
import subprocess
import sys
import time

from celery import Celery
from redis import Redis

from tests.bench.ground import wait_for
from tests.bench.report import Figure

_QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
app = Celery("plain", broker=os.environ.get("PLAIN_BROKER", ""))
app.conf.update(task_ignore_result=True, task_default_queue="plain", broker_connection_retry_on_startup=True)


@app.task(name="plain.nothing")  # type: ignore[untyped-decorator]
def nothing(n: int, text: str) -> None:
    """End at once."""


def measure(redis: Redis, url: str, *, runs: int, count: int) -> list[Figure]:
    """Enqueue one by one, then drain by a worker that starts on the full queue."""
    app.conf.broker_url = url
    enqueued, drained = [], []
    for _ in range(runs):
        redis.flushdb()
        began = time.monotonic()
        for n in range(count):
            nothing.delay(n, "x" * 160)
        enqueued.append(count / (time.monotonic() - began))
        drained.append(_drain(redis, url))
    return [
        Figure("Celery + Redis: single enqueue", enqueued, "/s"),
        Figure("Celery + Redis: no-op drain, prefork 2", drained, "/s"),
    ]


def _drain(redis: Redis, url: str) -> float:
    """Return tasks a second, from the first that leaves the queue to the last that is acknowledged."""
    argv = [sys.executable, "-m", "celery", "--quiet", "--app", "tests.bench.baselines.plain_celery:app", "worker"]
    argv += ["--pool", "prefork", "--concurrency", "2", "--loglevel", "ERROR", "--queues", "plain"]
    argv += ["--without-gossip", "--without-mingle", "--without-heartbeat"]
    worker = subprocess.Popen(argv, env={**os.environ, "PLAIN_BROKER": url}, **_QUIET)
    try:
        total = int(redis.llen("plain"))
        wait_for(lambda: redis.llen("plain") < total, every=0.005)
        began = time.monotonic()
        wait_for(lambda: not redis.llen("plain") and not redis.hlen("unacked"), every=0.01)
        return total / (time.monotonic() - began)
    finally:
        worker.terminate()
        worker.wait()
