"""`python -m tests.drills.feed COUNT SEED BOOKS`: gives work to a running installation as a web process does.

Prints a line for each batch that was acknowledged, which is the moment from which none of it may be lost. A batch whose
commit was not answered is given again under the same keys.
"""

import os
import random
import sys
import time
from uuid import UUID

import django

KINDS = ("drill.marked",) * 3 + ("drill.keyed", "drill.blind")
BATCH = 200
GAP = 0.3
WORKSPACES = 40


def main(count: int, seed: int, books: str) -> None:
    """Enqueue `count` orders of all kinds for 40 workspaces, in batches of 200, three batches a second."""
    dice = random.Random(seed)
    workspaces = [UUID(int=dice.getrandbits(128), version=4) for _ in range(WORKSPACES)]
    for start in range(0, count, BATCH):
        names = [f"{number:06d}" for number in range(start, min(start + BATCH, count))]
        _until_it_is_taken(dice.choice(KINDS), names, books, dice, workspaces)
        sys.stdout.write(f"{len(names)}\n")
        sys.stdout.flush()
        time.sleep(GAP)


def _until_it_is_taken(kind: str, names: list[str], books: str, dice: random.Random, workspaces: list[UUID]) -> None:
    from django.db import Error, connections

    from pilar.backplane import jobs
    from pilar.backplane.tenancy import all_tenants
    from tests.drills.labour.autopilot import Order

    rows = [jobs.NewJob(dice.choice(workspaces), Order(name=name, books=books), name) for name in names]
    while True:
        try:
            with all_tenants("a drill gives work to many workspaces"):
                jobs.enqueue_many(kind, rows)
            return
        except Error:
            connections.close_all()
            time.sleep(0.5)


if __name__ == "__main__":
    os.environ.setdefault("PILAR_PROCESS", "web")
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
