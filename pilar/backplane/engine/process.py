"""The engine of this process: started by the worker's bootstep, rung by Celery messages."""

from pilar.backplane.engine.inline import work_off


def ring(lane: str) -> None:
    """Look for work in this lane now. Without an engine in this process (another Celery pool), do it here."""
    work_off([lane])
