"""Keeps the world over a restart, as the real providers would: a snapshot beside the product's data.

Only with SANDBOX_STATE_FILE. A snapshot is written some moments after the last change and never takes
more than a twentieth of the time, so that it costs no request anything.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import sys
import time
from pathlib import Path

from pilar.sandbox.state import SECTIONS, World

SHORTEST_GAP = 0.2
SHARE = 20


class Keeper:
    def __init__(self, world: World) -> None:
        self.world = world
        self.path = Path(world.settings.sandbox_state_file) if world.settings.sandbox_state_file else None
        self._task: asyncio.Task[None] | None = None
        self._last = b""

    def start(self) -> None:
        """Load what an earlier run left, then keep writing; call it inside the loop."""
        if self.path is None:
            return
        self._load(self.path)
        self._task = asyncio.get_running_loop().create_task(self._keep(self.path))

    async def stop(self) -> None:
        if self._task is None or self.path is None:
            return
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        self.save(self.path)

    def save(self, path: Path) -> None:
        """Write the world if it changed; the old file stays whole until the new one is."""
        content = pickle.dumps(
            {
                "sections": {name: getattr(self.world, name) for name in SECTIONS},
                "parcels": list(self.world.delivery.pending.values()),
            }
        )
        if content == self._last:
            return
        self._last = content
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(content)
        os.replace(fresh, path)

    async def _keep(self, path: Path) -> None:
        gap = SHORTEST_GAP
        while True:
            await asyncio.sleep(gap)
            started = time.monotonic()
            self.save(path)
            gap = max(SHORTEST_GAP, (time.monotonic() - started) * SHARE)

    def _load(self, path: Path) -> None:
        if not path.exists():
            return
        try:
            kept = pickle.loads(path.read_bytes())
        # A file of another version may fail in any way; a fresh world is the right answer to all of them.
        except Exception as error:
            sys.stderr.write(f"sandbox: starting afresh, {path} cannot be read: {error}\n")
            return
        for name, section in kept["sections"].items():
            setattr(self.world, name, section)
        self.world.delivery.resume(kept["parcels"])
