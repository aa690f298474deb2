"""Handlers whose doings can be counted from outside the worker: each writes a line to a file of its own."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from pilar.backplane import effects
from pilar.backplane.models import Effect
from pilar.backplane.tenancy import atomic
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Payload, Work


class Task(Payload):
    name: str
    folder: str = ""
    seconds: float = 0


def note(work: Work[Task], word: str) -> None:
    with Path(work.payload.folder, word).open("a") as file:
        file.write(f"{work.payload.name}\n")


def do(work: Work[Task]) -> None:
    note(work, "begun")
    time.sleep(work.payload.seconds)
    note(work, "done")


def kill(work: Work[Task]) -> None:
    note(work, "begun")
    os.kill(os.getpid(), signal.SIGKILL)


def query_and_wait(work: Work[Task]) -> None:
    """Touch the database, wait as for a provider, touch it again."""
    with atomic():
        Effect.objects.count()
    time.sleep(work.payload.seconds)
    with atomic():
        Effect.objects.count()
    note(work, "done")


def act(work: Work[Task]) -> None:
    """Make an effect at a provider that keeps its books in a file and can be asked."""

    def call(_key: str) -> effects.EffectResult:
        note(work, "acted")
        return effects.EffectResult("ref")

    def look_up() -> effects.EffectResult | None:
        book = Path(work.payload.folder, "acted")
        done = book.exists() and work.payload.name in book.read_text().split()
        return effects.EffectResult("found") if done else None

    effects.perform(key=work.payload.name, provider="test", operation="act", call=call, look_up=look_up)
    note(work, "done")


switchboard.job("labour.do", do, payload=Task, lane="bulk")
switchboard.job("labour.kill", kill, payload=Task, lane="bulk")
switchboard.job("labour.late", do, payload=Task, lane="bulk", timeout=timedelta(seconds=1), max_attempts=1)
switchboard.job("labour.wait", query_and_wait, payload=Task, lane="messages")
switchboard.job("labour.act", act, payload=Task, lane="messages")
