"""Every refusal of the API as an RFC 9457 problem document with a stable code and a sentence that says what to do."""

from collections.abc import Iterator, Mapping
from http import HTTPStatus
from math import ceil
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from pydantic import ValidationError as PayloadInvalid
from rest_framework import exceptions
from rest_framework.response import Response

from pilar.api.json import ProblemRenderer, camel
from pilar.backplane import correlation
from pilar.kernel.errors import DATABASE_AWAY, CircuitOpen, NotConfigured, ProviderError
from pilar.kernel.problems import NotFound, Problem, Unavailable
from pilar.kernel.switchboard import RetryAt

log = structlog.get_logger(__name__)

_CODES = {
    400: "invalid_request",
    401: "not_signed_in",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "rate_limited",
}


def document(problem: Problem, *, instance: str) -> dict[str, Any]:
    """Return the problem document (RFC 9457) of a refusal."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "instance": instance,
        "correlation_id": str(correlation.current()),
    }
    if problem.fields:
        body["fields"] = problem.fields
    if problem.action_url:
        body["action_url"] = f"{settings.PUBLIC_BASE_URL}{problem.action_url}"
    return body


def handle(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's exception handler. Returns None for a defect, which Django then reports as a 500 without telling more."""
    problem = as_problem(error)
    if problem is None:
        return None
    request = context["request"]
    response = Response(
        document(problem, instance=request.path), status=problem.status, headers=_headers(error, problem)
    )
    request.accepted_renderer, request.accepted_media_type = ProblemRenderer(), ProblemRenderer.media_type
    return response


def answer(request: HttpRequest, problem: Problem) -> HttpResponse:
    """Render a refusal outside DRF, in middleware for instance."""
    body = ProblemRenderer().render(document(problem, instance=request.path))
    return HttpResponse(
        body, status=problem.status, content_type=ProblemRenderer.media_type, headers=_headers(problem, problem)
    )


def as_problem(error: Exception) -> Problem | None:
    """Return the refusal that `error` means to the caller, or None when it is a defect of ours."""
    match error:
        case Problem():
            return error
        case exceptions.ValidationError():
            return _invalid(dict(_sentences(error.detail)))
        case PayloadInvalid():
            fields = {".".join(camel(str(part)) for part in e["loc"]): e["msg"] for e in error.errors()}
            return _invalid(fields)
        case exceptions.Throttled():
            wait = max(1, int(getattr(error, "wait", None) or 1))
            detail = _("Too many requests. Send this one again in %(seconds)d seconds.") % {"seconds": wait}
            return Problem(detail, status=429, code="rate_limited", retry_after=wait)
        case exceptions.APIException():
            return Problem(str(error.detail), status=error.status_code, code=_CODES.get(error.status_code))
        case Http404():
            return NotFound()
        case PermissionDenied():
            return Problem(_("You may not do this."), status=403, code="forbidden")
        case RequestDataTooBig():
            return Problem(_("The request is too large."), status=413, code="too_large")
        case SuspiciousOperation() | DataError():
            return Problem(_("The request could not be understood. Check its values."))
        case ProviderError():
            return _provider_problem(error)
        case RetryAt():
            detail = _("This is being done right now. Look again in a moment before you repeat it.")
            return Problem(detail, status=409, code="conflict", retry_after=max(1, ceil(error.after)))
    if isinstance(error, DATABASE_AWAY):
        log.warning("database_away", error=type(error).__name__)
        return Unavailable(_("We cannot reach our data right now. Try again in a moment."), retry_after=5)
    return None


def _provider_problem(error: ProviderError) -> Problem:
    if isinstance(error, NotConfigured):
        detail = _("%(provider)s is not configured. Ask the operator of the platform to set it up.")
        return Unavailable(detail % {"provider": error.provider}, code="not_configured")
    wait = int(error.retry_after or 30) if error.retryable or isinstance(error, CircuitOpen) else None
    detail = _("%(provider)s does not answer properly right now. Nothing was changed; try again later.")
    code = "provider_unavailable" if error.retryable else "provider_refused"
    return Problem(detail % {"provider": error.provider}, status=503 if wait else 502, code=code, retry_after=wait)


def _invalid(fields: dict[str, str]) -> Problem:
    detail = _("Some fields are missing or wrong. Correct them and send the request again.")
    return Problem(detail, code="validation_failed", fields=fields)


def _sentences(detail: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(detail, Mapping):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else camel(str(name))
            yield from _sentences(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(detail, list | tuple):
        for position, inner in enumerate(detail):
            if isinstance(inner, Mapping | list | tuple):
                yield from _sentences(inner, f"{path}.{position}" if path else str(position))
            elif inner:
                yield path or "body", str(inner)
    else:
        yield path or "body", str(detail)


def _headers(error: Exception, problem: Problem) -> dict[str, str]:
    headers = {"Cache-Control": "no-store"}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(problem.retry_after)
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    return headers
