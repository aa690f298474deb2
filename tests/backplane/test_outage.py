"""PostgreSQL goes and comes back under a running worker: a cluster of its own, because the others share one."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import LANES
from pilar.runtime.postgres import Cluster
from tests import database
from tests.backplane.processes import Site, site, wait_for

pytestmark = pytest.mark.processes

_INSERT = """
INSERT INTO autopilot_job (public_id, workspace_id, lane, type, payload, status, priority, due_at, scheduled_at, attempts,
  max_attempts, deferrals, crashes, idempotency_key, error, correlation_id, created_at)
VALUES (%(id)s, %(id)s, %(lane)s, 'labour.wait', %(payload)s, 0, 5, now(), now(), 0, 3, 0, 0, %(name)s, '', %(id)s, now())
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    own = Cluster(tmp_path / "cluster")
    own.start()
    yield own
    own.remove()


@pytest.fixture
def here(cluster: Cluster, tmp_path: Path) -> Iterator[Site]:
    users = {
        "DATABASE_URL": "pilar_app",
        "DATABASE_PLATFORM_URL": "pilar_platform",
        "DATABASE_OWNER_URL": "pilar_owner",
    }
    urls = {variable: cluster.dsn(user, "pilar") for variable, user in users.items()}
    (tmp_path / "site").mkdir()
    with site(urls, tmp_path / "site") as started:
        environment = {**os.environ, **started.environment}
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=database.ROOT, env=environment, check=True)
        yield started


def enqueue(here: Site, name: str, *, seconds: float) -> None:
    """As another process would, with nothing of Django's between."""
    payload = json.dumps({"name": name, "folder": str(here.folder), "seconds": seconds})
    values = {"id": uuid7(), "lane": LANES.index("messages"), "payload": payload, "name": name}
    with psycopg.connect(here.environment["DATABASE_PLATFORM_URL"]) as connection:
        connection.execute(_INSERT, values)


@pytest.mark.drill
def test_a_worker_outlasts_the_database_and_resumes_by_itself(here: Site, cluster: Cluster) -> None:
    worker = here.worker()
    enqueue(here, "during", seconds=4)
    wait_for(lambda: worker.pid in here.signed_in() and running(here))
    cluster.stop()
    time.sleep(10)
    assert not worker.ended
    cluster.start()
    enqueue(here, "after", seconds=0)
    assert wait_for(lambda: "after" in here.lines("done")) < 15
    wait_for(lambda: "during" in here.lines("done"))


def running(here: Site) -> bool:
    with psycopg.connect(here.environment["DATABASE_PLATFORM_URL"]) as connection:
        return bool(connection.execute("SELECT 1 FROM autopilot_job WHERE status = 1").fetchone())
