"""The only Celery tasks of the project: doorbells. A message says that a lane has work, never which."""

from celery import shared_task

from pilar.backplane.engine import process


@shared_task(name="pilar.drain", ignore_result=True, acks_late=False)  # type: ignore[untyped-decorator]
def drain(lane: str) -> None:
    """Look for work in a lane now. Doing it is the engine's, which also looks by itself."""
    process.ring(lane)


def send_doorbell(lane: str) -> None:
    """Send the message for one lane. Raises whatever the broker's client raises; the doorbell bounds and counts it."""
    from pilar.celery import app  # noqa: PLC0415 - the application names its tasks, tasks do not need it loaded

    app.send_task("pilar.drain", args=[lane], queue=lane, retry=False, expires=30)
