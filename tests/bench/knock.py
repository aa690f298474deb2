"""A web process that enqueues single jobs into an idle system: `python -m tests.bench.knock COUNT GAP`.

Prints for each job its id and the time right after its commit.
"""

import json
import random
import sys
import time

import django

SETTLE = 0.5
"""Seconds: the doorbell of the last job rings on a thread."""


def main(count: int, gap: float) -> None:
    """Enqueue `count` jobs, `gap` seconds apart give or take half."""
    django.setup()
    from pilar.backplane import jobs
    from pilar.backplane.tenancy import tenant
    from pilar.kernel.ids import uuid7
    from tests.bench.labour.autopilot import Task

    workspaces = [uuid7() for _ in range(50)]
    committed = {}
    # The first is not counted: it opens this process's connections to the database and the broker.
    for n in range(-1, count):
        time.sleep(gap * random.uniform(0.5, 1.5))
        with tenant(workspaces[n % 50]):
            public_id = jobs.enqueue("bench.stamp", Task(n=n), key=str(n))
        if n >= 0:
            committed[str(public_id)] = time.time()
    time.sleep(SETTLE)
    sys.stdout.write(json.dumps(committed))


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
