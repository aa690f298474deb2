"""Liveness and readiness (reliability P8): the first touches nothing, the second asks PostgreSQL and waits one
second at most. Where the disk is full, reading goes on: that is degraded, and no reason to take the process out.
"""

from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from threading import Lock

import structlog
from django.db import Error, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from pilar.backplane.tenancy import atomic

WAIT_SECONDS = 1.0
OK, DEGRADED, DOWN = "ok", "degraded", "down"
log = structlog.get_logger(__name__)

# Half a megabyte that is written to a temporary file and gone with the transaction: no row, no log, nothing to tidy up.
_WRITE = ("SET LOCAL work_mem = '64kB'", "SELECT count(*) FROM generate_series(1, 20000)")

_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
_lock = Lock()
_asking: Future[str] | None = None


def _ask() -> str:
    state = DOWN
    try:
        with atomic(), connections["default"].cursor() as cursor:
            cursor.execute("SELECT 1")
            state = DEGRADED
            for statement in _WRITE:
                cursor.execute(statement)
            state = OK
    except Error as error:
        log.warning("database_not_ready", error=type(error.__cause__ or error).__name__, state=state)
    finally:
        connections["default"].close()
    return state


def database_state() -> str:
    """Say whether PostgreSQL answered within a second, and whether its disk takes anything. A question still open is
    waited for, not asked again.
    """
    global _asking
    with _lock:
        if _asking is None or _asking.done():
            _asking = _asker.submit(_ask)
        question = _asking
    try:
        return question.result(timeout=WAIT_SECONDS)
    except TimeoutError:
        return DOWN


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process runs."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process can serve: its database answers."""
    state = database_state()
    if state == DOWN:
        return JsonResponse({"status": state}, status=503, headers={"Retry-After": "5"})
    return JsonResponse({"status": state})
