"""Keeps the world over a restart, as the real providers would: one file for each part of it.

Only with SANDBOX_STATE_DIR. The answer to a request that changed something waits until the change is in
its file, so that a product which is killed together with the sandbox never knows of an object that the
sandbox forgot. Requests that wait share one write. A part that has grown large (thousands of messages)
is written in the background instead, for which nobody waits: enough for measurements.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from pilar.sandbox.delivery import PARCELS
from pilar.sandbox.state import SECTIONS, World

# Seconds. Changes without a request (a review that ends, a webhook that arrives) are written this often.
IDLE_GAP = 0.2
# A write that takes longer than this belongs to a large part, which may spend a 20th of the time on it.
LARGE = 0.02
# What an older or damaged file may raise while it is read.
UNREADABLE = (
    OSError,
    pickle.UnpicklingError,
    EOFError,
    AttributeError,
    ImportError,
    LookupError,
    TypeError,
    ValueError,
)


class Part:
    """One part of the world and its file."""

    def __init__(self, world: World, name: str, folder: Path) -> None:
        self.world = world
        self.name = name
        self.path = folder / name
        self.took = 0.0
        self._wanted = asyncio.Event()
        self._written: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def large(self) -> bool:
        return self.took > LARGE

    async def saved(self) -> None:
        """Wait until what has changed so far is in the file, unless the part is large."""
        if not self.large:
            self._wanted.set()
            await asyncio.shield(self._written)

    def save(self) -> None:
        """Write if anything changed; the old file stays whole until the new one is."""
        if self.name not in self.world.touched:
            return
        started = time.monotonic()
        self.world.touched.discard(self.name)
        fresh = self.path.with_suffix(".new")
        fresh.write_bytes(pickle.dumps(self._content()))
        os.replace(fresh, self.path)
        self.took = time.monotonic() - started

    async def keep(self) -> None:
        """Write whenever somebody waits, and from time to time."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), IDLE_GAP)
            self._wanted.clear()
            waiting, self._written = self._written, asyncio.get_running_loop().create_future()
            try:
                self.save()
            except (OSError, pickle.PicklingError) as error:
                # A full disk must not stop the providers: real ones would go on, too.
                sys.stderr.write(f"sandbox: {self.path} cannot be written: {error}\n")
            waiting.set_result(None)
            await asyncio.sleep(self.took * 20 if self.large else self.took)

    def load(self) -> None:
        """Take up what the file holds; one that cannot be read is left aside with a warning."""
        if not self.path.exists():
            return
        try:
            kept = pickle.loads(self.path.read_bytes())
        except UNREADABLE as error:
            sys.stderr.write(f"sandbox: starting afresh, {self.path} cannot be read: {error}\n")
            return
        if self.name == PARCELS:
            self.world.delivery.resume(kept)
        else:
            setattr(self.world, self.name, kept)

    def _content(self) -> object:
        if self.name == PARCELS:
            return list(self.world.delivery.pending.values())
        return getattr(self.world, self.name)


class Keeper:
    """All parts; does nothing without a folder."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._parts: dict[str, Part] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Load what an earlier run left, then keep writing; call it inside the loop."""
        if not self.world.settings.sandbox_state_dir:
            return
        folder = Path(self.world.settings.sandbox_state_dir)
        folder.mkdir(parents=True, exist_ok=True)
        self._parts = {name: Part(self.world, name, folder) for name in (*SECTIONS, PARCELS)}
        for part in self._parts.values():
            part.load()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(part.keep()) for part in self._parts.values()]

    async def stop(self) -> None:
        """Write once more and end."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for part in self._parts.values():
            part.save()

    async def saved(self, names: Iterable[str]) -> None:
        """Wait until these parts are in their files."""
        if self._parts:
            await asyncio.gather(*(self._parts[name].saved() for name in names))
