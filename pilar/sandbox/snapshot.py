"""Keeps the world over a restart, as the real providers would: a file beside the product's data.

Only with SANDBOX_STATE_FILE. The answer to a request that changed something waits until the change is in
the file, so that a product which is killed together with the sandbox never knows of an object that the
sandbox forgot. Waiting requests share one write. A large world (thousands of messages) is written less
often, and answers then wait for `LONGEST_WAIT` at most: enough for measurements, which need no memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from pathlib import Path

from pilar.sandbox.delivery import Parcel
from pilar.sandbox.state import SECTIONS, World

# Seconds. Changes without a request (a review that ends, a webhook that arrives) are written this often.
IDLE_GAP = 0.2
LONGEST_WAIT = 0.25
# A write that takes longer than this belongs to a large world, which may spend a 20th of its time on it.
LARGE = 0.02
# What an older or damaged file may raise while it is read.
UNREADABLE = (pickle.UnpicklingError, EOFError, AttributeError, ImportError, LookupError, TypeError, ValueError)


class Keeper:
    """Writes the world to the file, section by section as they change."""

    def __init__(self, world: World) -> None:
        self.world = world
        name = world.settings.sandbox_state_file
        self.path = Path(name) if name else None
        self._sections: dict[str, bytes] = {}
        self._parcels: list[Parcel] = []
        self._wanted = asyncio.Event()
        self._written: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Load what an earlier run left, then keep writing; call it inside the loop."""
        if self.path is None:
            return
        load(self.world, self.path)
        self.world.touched.update(SECTIONS)
        self._written = asyncio.get_running_loop().create_future()
        self._task = asyncio.get_running_loop().create_task(self._keep(self.path))

    async def stop(self) -> None:
        """Write once more and end."""
        if self._task is None or self.path is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.save(self.path)

    async def saved(self) -> None:
        """Wait until what has changed so far is in the file; returns at once without a file."""
        if self._written is not None:
            self._wanted.set()
            await asyncio.wait({self._written}, timeout=LONGEST_WAIT)

    def save(self, path: Path) -> None:
        """Write the file if anything changed; the old one stays whole until the new one is."""
        parcels = list(self.world.delivery.pending.values())
        touched, self.world.touched = self.world.touched, set()
        if not touched and parcels == self._parcels:
            return
        self._parcels = parcels
        for name in touched.intersection(SECTIONS):
            self._sections[name] = pickle.dumps(getattr(self.world, name))
        content = pickle.dumps({"sections": self._sections, "parcels": parcels})
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        os.replace(fresh, path)

    async def _keep(self, path: Path) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), IDLE_GAP)
            self._wanted.clear()
            waiting, self._written = self._written, asyncio.get_running_loop().create_future()
            started = time.monotonic()
            self.save(path)
            if waiting is not None:
                waiting.set_result(None)
            took = time.monotonic() - started
            await asyncio.sleep(took * 20 if took > LARGE else took)


def load(world: World, path: Path) -> None:
    """Take up what the file holds; a file that cannot be read is left aside with a warning."""
    if not path.exists():
        return
    try:
        kept = pickle.loads(path.read_bytes())
        sections = {name: pickle.loads(content) for name, content in kept["sections"].items()}
    except UNREADABLE as error:
        sys.stderr.write(f"sandbox: starting afresh, {path} cannot be read: {error}\n")
        return
    for name, section in sections.items():
        setattr(world, name, section)
    world.delivery.resume(kept["parcels"])
