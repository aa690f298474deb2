"""`python -m tests.bench [--full] [--only PART ...]`: prints a table and writes var/bench.json (docs/benchmarks.md)."""

import argparse
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.bench.course import Course

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "var" / "bench"
DATABASE = "bench"
PARTS = (
    "raw",
    "celery",
    "procrastinate",
    "throughput",
    "single",
    "fairness",
    "waits",
    "latency",
    "isolation",
    "volume",
    "forgotten",
)


def main(arguments: list[str]) -> int:
    """Measure; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--full",
        action="store_true",
        help="the volumes and times of the bars, an hour in all: 10,000,000 finished jobs, a transaction forgotten for 10 min",
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS, help="measure these parts only")
    parser.add_argument("--runs", type=int, default=3, help="how often each is measured; the median counts")
    options = parser.parse_args(arguments)
    with _course() as course:
        course.run(set(options.only), runs=options.runs, is_full=options.full)
        course.report.write(ROOT / "var" / "bench.json")
        sys.stdout.write(course.report.table())
    return 0


@contextmanager
def _course() -> "Iterator[Course]":
    """Start the servers. What belongs to Django is imported when the settings can be loaded, not before."""
    # The measurements have a database server of their own, in a folder of their own.
    os.environ["PILAR_DATA_DIR"] = str(FOLDER)
    from pilar.runtime.ports import free_port
    from pilar.runtime.postgres import Cluster
    from tests import database
    from tests.bench.ground import Ground, redis_server

    processes = FOLDER / "run"
    shutil.rmtree(processes, ignore_errors=True)
    processes.mkdir(parents=True)
    with ExitStack() as stack:
        cluster = Cluster(FOLDER)
        cluster.start()
        stack.callback(cluster.stop)
        database.create(DATABASE)
        urls = {**database.login_urls(DATABASE), "ADMIN": cluster.dsn("postgres", DATABASE)}
        port = free_port("127.0.0.1")
        redis = stack.enter_context(redis_server(processes, port))
        ground = Ground(urls, processes, port, cluster.pid() or 0)
        _become_a_web_process(ground.environment())
        from tests.bench.course import Course

        yield Course(ground, redis, FOLDER)


def _become_a_web_process(environment: dict[str, str]) -> None:
    """This process enqueues as a web process does, on the database of the measurements."""
    import django

    os.environ.update(environment | {"PILAR_PROCESS": "web"})
    django.setup()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
