"""Pages for requests that cannot be answered. Each says what to do; none needs the database."""

import sys
from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from pilar.backplane import correlation
from pilar.kernel.errors import DATABASE_AWAY
from pilar.kernel.problems import Problem

Handler = Callable[[HttpRequest], HttpResponse]


def _wants_json(request: HttpRequest) -> bool:
    return request.path.startswith("/api/") or request.headers.get("Accept", "").startswith("application/json")


CODES = {400: "invalid_request", 500: "internal_error", 503: "unavailable"}
"""Codes of the API (docs/api.md) that are not the status in words."""


def _problem(request: HttpRequest, status: HTTPStatus, detail: str, code: str) -> HttpResponse:
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code or CODES.get(status.value) or status.phrase.lower().replace(" ", "_"),
        "instance": request.path,
        "correlationId": str(correlation.current()),
    }
    headers = {"Cache-Control": "no-store"}
    return JsonResponse(body, status=status.value, content_type="application/problem+json", headers=headers)


def _answer(
    request: HttpRequest, status: HTTPStatus, detail: str, code: str = "", *, template: str = ""
) -> HttpResponse:
    if _wants_json(request):
        return _problem(request, status, detail, code)
    names = [template or f"{status.value}.html", "400.html"]
    body = render_to_string(names, {"detail": detail, "status": status.value, "number": correlation.current()}, request)
    return HttpResponse(body, status=status.value)


def problem(request: HttpRequest, refusal: Problem) -> HttpResponse:
    """A refusal of the domain as a page (or as problem+json for who asks for JSON)."""
    return _answer(request, HTTPStatus(refusal.status), refusal.detail, refusal.code)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 400."""
    return _answer(request, HTTPStatus.BAD_REQUEST, _("The request could not be understood. Go back and try again."))


def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 403."""
    detail = _("Your role does not allow this. Ask the owner of the studio to change your role.")
    return _answer(request, HTTPStatus.FORBIDDEN, detail)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without a valid token: expired, or not from our page."""
    detail = _("Or cookies are switched off. Load the page again and send the form once more.")
    return _answer(request, HTTPStatus.FORBIDDEN, detail, template="403_csrf.html")


def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Handler of 404."""
    return _answer(request, HTTPStatus.NOT_FOUND, _("There is nothing at this address. Check the link."))


def server_error(request: HttpRequest) -> HttpResponse:
    """Handler of 500; of 503 when it was the database that went away under a middleware, as under a session."""
    if isinstance(sys.exception(), DATABASE_AWAY):
        return unavailable(request)
    detail = _("The mistake is ours and has been recorded. Try again in a moment.")
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def unavailable(request: HttpRequest, *, retry_after: int = 5) -> HttpResponse:
    """503 for the moments when the database is away; `retry_after` in seconds. Touches no session and no user."""
    detail = _("We cannot reach our data right now and are on it. Nothing is lost. Try again in a moment.")
    response = _answer(request, HTTPStatus.SERVICE_UNAVAILABLE, detail)
    response["Retry-After"] = str(retry_after)
    response["Cache-Control"] = "no-store"
    return response
