"""`python -m tests.drills.crowd MANY OTHERS BOOKS`: one workspace gets MANY jobs at once, then OTHERS get one each."""

import os
import sys
import time
from uuid import uuid4

import django

GAP = 0.2


def main(many: int, others: int, books: str) -> None:
    """Enqueue as a web process does, and print the id of the workspace that has so much."""
    from pilar.backplane import jobs
    from pilar.backplane.tenancy import all_tenants, tenant
    from tests.drills.labour.autopilot import Order

    big = uuid4()
    with all_tenants("a drill gives one workspace very much to do"):
        rows = [jobs.NewJob(big, Order(name=f"big-{number}", books=books), f"big-{number}") for number in range(many)]
        jobs.enqueue_many("drill.marked", rows)
    sys.stdout.write(f"{big}\n")
    sys.stdout.flush()
    for number in range(others):
        with tenant(uuid4()):
            jobs.enqueue("drill.marked", Order(name=f"other-{number}", books=books), key=f"other-{number}")
        time.sleep(GAP)


if __name__ == "__main__":
    os.environ.setdefault("PILAR_PROCESS", "web")
    django.setup()
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
