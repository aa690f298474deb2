"""Liveness and readiness (reliability P8): the first touches nothing, the second asks PostgreSQL and waits one
second at most.
"""

from concurrent.futures import Future, ThreadPoolExecutor, TimeoutError
from threading import Lock

from django.db import DatabaseError, connections
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

WAIT_SECONDS = 1.0

_asker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
_lock = Lock()
_asking: Future[bool] | None = None


def _ask() -> bool:
    connection = connections["default"]
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    finally:
        connection.close()
    return True


def database_answers() -> bool:
    """Say whether PostgreSQL answered within a second. A question still open is waited for, not asked again."""
    global _asking
    with _lock:
        if _asking is None or _asking.done():
            _asking = _asker.submit(_ask)
        question = _asking
    try:
        return question.result(timeout=WAIT_SECONDS)
    except TimeoutError:
        return False


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process runs."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """This process can serve: its database answers."""
    if database_answers():
        return JsonResponse({"status": "ok"})
    return JsonResponse({"status": "down"}, status=503, headers={"Retry-After": "5"})
