"""The processes of an installation and how each is started: by `make up`, and one by one in containers."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

LANES = ("events", "provisioning", "messages", "webhooks", "health", "bulk")
_PYTHON = sys.executable


@dataclass(frozen=True)
class Service:
    """One kind of process. Once it is ready, `address` answers 200 or its output holds `ready_line`."""

    name: str
    argv: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    address: str = ""
    ready_line: str = ""


def web(environment: Mapping[str, str]) -> Service:
    """The web server. Threads wait for the database most of the time; its pool holds six connections."""
    port = environment.get("PORT") or "8000"
    host = environment.get("PILAR_BIND") or "127.0.0.1"
    argv = [
        *(_PYTHON, "-m", "gunicorn", "pilar.wsgi:application"),
        *("--bind", f"{host}:{port}"),
        *("--worker-class", "gthread"),
        *("--workers", environment.get("WEB_CONCURRENCY") or "2"),
        *("--threads", "8"),
        *("--timeout", "60"),
        *("--graceful-timeout", "10"),
        *("--keep-alive", "5"),
        "--no-control-socket",
    ]
    if os.access("/dev/shm", os.W_OK):
        argv += ["--worker-tmp-dir", "/dev/shm"]
    return Service("web", argv, {"PILAR_PROCESS": "web"}, address=f"http://127.0.0.1:{port}/readyz")


def worker(environment: Mapping[str, str]) -> Service:
    """A worker for all lanes. Threads, because jobs run on a pool of the engine's own inside this process."""
    argv = [
        *(_PYTHON, "-m", "celery", "--quiet", "--app", "pilar.celery:app", "worker"),
        *("--queues", environment.get("PILAR_LANES") or ",".join(LANES)),
        *("--pool", "threads"),
        *("--concurrency", str(len(LANES))),
        *("--loglevel", "INFO"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    ]
    return Service("worker", argv, {"PILAR_PROCESS": "worker"}, ready_line=r"celery@\S+ ready")


def beat(environment: Mapping[str, str]) -> Service:
    """The clock: one process in an installation."""
    schedule = Path(environment.get("PILAR_DATA_DIR") or "var") / "run" / "beat-schedule"
    schedule.parent.mkdir(parents=True, exist_ok=True)
    argv = [
        *(_PYTHON, "-m", "celery", "--quiet", "--app", "pilar.celery:app", "beat"),
        *("--schedule", str(schedule)),
        *("--pidfile", ""),
        *("--loglevel", "INFO"),
    ]
    return Service("beat", argv, {"PILAR_PROCESS": "beat"}, ready_line=r"beat: Starting")


def sandbox(environment: Mapping[str, str]) -> Service:
    """The simulated providers."""
    address = f"http://127.0.0.1:{environment.get('SANDBOX_PORT') or '8001'}/_control/state"
    return Service("sandbox", [_PYTHON, "-m", "pilar.sandbox"], address=address)


SERVICES: dict[str, Callable[[Mapping[str, str]], Service]] = {
    "web": web,
    "worker": worker,
    "beat": beat,
    "sandbox": sandbox,
}


def manage(*arguments: str) -> list[str]:
    """The argument list of a management command."""
    return [_PYTHON, "manage.py", *arguments]
