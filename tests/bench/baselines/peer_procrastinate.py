"""procrastinate, the PostgreSQL queue of the Python world, installed in an environment of its own under var/."""

import json
import os
import subprocess
import time
import venv
from pathlib import Path

import psycopg

from tests import database
from tests.bench.ground import wait_for
from tests.bench.report import Figure

VERSION = "3.10.0"
NAME = "bench_procrastinate"
_APP = Path(__file__).with_name("procrastinate_app.py")


class Unavailable(Exception):
    """procrastinate cannot be installed here."""


def python(folder: Path) -> Path:
    """Return the Python of an environment that has procrastinate, made if need be. Raises Unavailable."""
    program = folder / "bin" / "python"
    if program.exists() and subprocess.run([program, "-c", "import procrastinate"], check=False).returncode == 0:
        return program
    venv.create(folder, with_pip=True, clear=True)
    wanted = [f"procrastinate=={VERSION}", "psycopg[binary,pool]"]
    install = [str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "pip failed")
    return program


def measure(folder: Path, *, runs: int, count: int) -> list[Figure]:
    """Enqueue and drain no-op jobs: two processes of ten, its best on two cores. Raises Unavailable."""
    program = python(folder)
    singles, bulks, drained = [], [], []
    for _ in range(runs):
        dsn = _fresh_database()
        _run(program, "schema", dsn)
        rates = json.loads(_run(program, "enqueue", dsn, "500", str(count - 500)))
        singles.append(rates["single"])
        bulks.append(rates["bulk"])
        drained.append(_drain(program, dsn, count))
    database.drop(NAME)
    return [
        Figure("procrastinate: single enqueue", singles, "/s"),
        Figure("procrastinate: bulk enqueue by 1,000, no idempotency", bulks, "/s"),
        Figure("procrastinate: no-op drain, 2 processes of 10", drained, "/s"),
    ]


def _fresh_database() -> str:
    with database.admin() as server:
        server.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {NAME}")
        info = server.info
        return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{NAME}"


def _run(program: Path, *arguments: str) -> str:
    done = subprocess.run([program, _APP, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"procrastinate failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _drain(program: Path, dsn: str, count: int) -> float:
    """Return jobs a second, from the first fetched to the last done."""
    argv = [str(program), "-m", "procrastinate", "--app", "procrastinate_app.app", "worker", "--concurrency", "10"]
    environment = {**os.environ, "PROCRASTINATE_DSN": dsn, "PYTHONPATH": str(_APP.parent)}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    both = [subprocess.Popen(argv, env=environment, **quiet) for _ in range(2)]
    try:
        with psycopg.connect(dsn, autocommit=True) as watcher:
            left = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
            wait_for(lambda: watcher.execute(left).fetchone() != (count,), every=0.02)
            began = time.monotonic()
            wait_for(lambda: watcher.execute(left).fetchone() == (0,), every=0.1)
            return count / (time.monotonic() - began)
    finally:
        for process in both:
            process.terminate()
        for process in both:
            process.wait()
