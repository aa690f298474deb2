"""The Celery application. Its queues are the lanes, its messages only doorbells, its workers carry the engine.

With REDIS_URL Redis is the broker; without it a folder in the data directory is. Work never depends on either.
"""

import os
import warnings
from pathlib import Path
from typing import Any

from celery import Celery, bootsteps
from celery.exceptions import SecurityWarning
from django.conf import settings
from kombu.entity import Exchange, Queue

from pilar.backplane import folder_broker
from pilar.kernel.switchboard import LANES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "pilar.settings")


def _broker() -> dict[str, Any]:
    if settings.REDIS_URL:
        bounds = {
            "socket_timeout": 3,
            "socket_connect_timeout": 2,
            "retry_on_timeout": False,
            "health_check_interval": 10,
        }
        return {"broker_url": settings.REDIS_URL, "broker_transport_options": bounds}
    folder = Path(settings.DATA_DIR) / "broker" / "messages"
    folder.mkdir(parents=True, exist_ok=True)
    options = {"data_folder_in": str(folder), "data_folder_out": str(folder), "polling_interval": 0.2}
    # A folder has no host; without one Kombu warns at every connection.
    return {"broker_url": f"{folder_broker.SCHEME}://localhost//", "broker_transport_options": options}


class EngineStep(bootsteps.StartStopStep):  # type: ignore[misc]  # Celery has no types
    """Runs the engine beside Celery's consumer, from before the broker answers until after it is gone."""

    def start(self, worker: Any) -> None:
        from pilar.backplane.engine import process  # noqa: PLC0415 - Django is set up by now

        process.start([lane for lane in LANES if lane in worker.app.amqp.queues.consume_from])

    def stop(self, _worker: Any) -> None:
        from pilar.backplane.engine import process  # noqa: PLC0415 - as above

        process.stop()

    terminate = stop


if settings.SANDBOX:
    # Whoever tries it out in a container is root there. On a real installation the warning is meant, and stays.
    warnings.filterwarnings("ignore", "You're running the worker with superuser", SecurityWarning)

app = Celery("pilar")
app.conf.update(
    **_broker(),
    task_queues=[Queue(lane, Exchange(lane), routing_key=lane) for lane in LANES],  # type: ignore[no-untyped-call]
    task_default_queue=LANES[0],
    task_create_missing_queues=False,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    beat_enable_remote_control=False,
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_timeout=2,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    broker_pool_limit=2,
    beat_scheduler="pilar.backplane.beat:SlotScheduler",
    timezone="UTC",
    enable_utc=True,
)
app.autodiscover_tasks(["pilar.backplane"])
app.steps["worker"].add(EngineStep)
