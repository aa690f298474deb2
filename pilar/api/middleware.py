"""What happens to every request before and after its view."""

import re
import time
from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import structlog
from django.db import DataError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _

from pilar.api.metrics import REQUESTS
from pilar.api.problems import answer
from pilar.backplane import correlation
from pilar.kernel.errors import DATABASE_AWAY
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Problem
from pilar.ui import errors

GetResponse = Callable[[HttpRequest], HttpResponse]
log = structlog.get_logger(__name__)


class Correlation:
    """Gives each request the id under which everything it causes can be found, and measures it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = self._given(request)
        started = time.perf_counter()
        with correlation.use(given):
            response = self.get_response(request)
        route = request.resolver_match.route if request.resolver_match else "none"
        method = request.method if request.method in _METHODS else "other"
        REQUESTS.labels(method, route, response.status_code).observe(time.perf_counter() - started)
        response["X-Correlation-Id"] = str(given)
        return response

    def _given(self, request: HttpRequest) -> UUID:
        try:
            return UUID(request.headers.get("X-Correlation-Id", ""))
        except ValueError:
            return uuid7()


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

MEGABYTE = 1024 * 1024
BODY_LIMITS = (
    (re.compile(r"^/api/webhooks/"), 4 * MEGABYTE),
    (re.compile(r"^/(api/)?onboarding/(documents|papers)$"), 10 * MEGABYTE),
    (re.compile(r"^/(api/leads|dashboard/members)/import$"), 10 * MEGABYTE),
    (re.compile(r"^/api/security/csp-report$"), 64 * 1024),
)
USUAL_LIMIT = MEGABYTE


def body_limit(path: str) -> int:
    """Return how many bytes a request to `path` may carry (design section 4)."""
    return next((limit for pattern, limit in BODY_LIMITS if pattern.match(path)), USUAL_LIMIT)


MOST_DISCARDED = 32 * MEGABYTE
CHUNK = 64 * 1024


def discard_body(request: HttpRequest) -> None:
    """Read what the view left unread, and forget it.

    The server closes a connection on which a large body is left, without a word: whoever still sends never reads our
    answer, and the next request on the connection fails.
    """
    left = MOST_DISCARDED
    with suppress(UnreadablePostError):
        while left > 0 and (chunk := request.read(CHUNK)):
            left -= len(chunk)


class BodyLimit:
    """Refuses bodies over the route's limit without keeping a byte of them.

    A body sent in chunks tells no length, and Django reads it as none at all: a sender would be told that its fields
    are missing or its signature is wrong.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = body_limit(request.path_info)
        if "HTTP_TRANSFER_ENCODING" in request.META:
            detail = _("Send the body in one piece, with the header Content-Length.")
            return answer(request, Problem(detail, status=411, code="length_required"))
        if not (length.isascii() and length.isdigit()):
            return answer(request, Problem(_("The header Content-Length is no number."), code="invalid_request"))
        if int(length[:20]) > limit:
            detail = _("The request is too large: at most %(limit)s bytes are accepted here.") % {"limit": limit}
            response = answer(request, Problem(detail, status=413, code="too_large"))
        else:
            response = self.get_response(request)
        discard_body(request)
        return response


class DatabaseErrors:
    """Turns a lost database into 503 with Retry-After (reliability P1): nothing is acked that is not stored. What no column
    can hold, such as a NUL in a text, is the sender's to mend, on whichever page it came.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, DATABASE_AWAY):
            log.warning("database_away", error=type(error).__name__, path=request.path)
            return errors.unavailable(request, retry_after=5)
        if isinstance(error, DataError):
            log.warning("unstorable", error=type(error).__name__, path=request.path)
            return errors.bad_request(request, error)
        return None
