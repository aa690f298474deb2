"""What all webhook doors share: verify the raw bytes, store with a job in one transaction, answer (reliability P7).

A bad signature is counted and logged and otherwise does nothing. What cannot be stored is not acked.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from pilar.backplane import correlation, jobs, receipts
from pilar.backplane.tenancy import PLATFORM, atomic, tenant
from pilar.kernel.errors import DATABASE_AWAY, NotConfigured
from pilar.kernel.switchboard import Payload
from pilar.providers.metrics import WEBHOOKS

log = structlog.get_logger(__name__)

MOST_BYTES = 4 * 1024 * 1024
KEPT_HEADERS = ("Content-Type", "User-Agent", "I-Twilio-Idempotency-Token")
RETRY_SECONDS = 5
NOT_CONFIGURED_SECONDS = 300

type Door = Callable[..., HttpResponse]


class BadSignature(Exception):
    """Not from the provider, or not unchanged."""


class Malformed(Exception):
    """Genuinely signed, yet not what the provider promises. The text is shown to the sender."""


class TooLarge(Exception):
    """More bytes than any provider sends."""


class Refused(Exception):
    """A challenge that does not match."""


class ReceiptWork(Payload):
    """The job of a stored webhook."""

    receipt_id: UUID
    kind: str = ""


def door(provider: str, *, methods: tuple[str, ...] = ("POST",), bad_signature: int = 403) -> Callable[[Door], Door]:
    """Make a view a webhook door: open to strangers, problems instead of errors, every outcome counted.

    `bad_signature` is the status that the provider expects for one.
    """

    def wrap(view: Door) -> Door:
        @csrf_exempt
        def guarded(request: HttpRequest, **path: Any) -> HttpResponse:
            if request.method not in methods:
                return _wrong_method(request, methods)
            outcome, response = _answer(provider, view, request, path, bad_signature)
            WEBHOOKS.labels(provider, outcome).inc()
            return response

        return guarded

    return wrap


def _answer(
    provider: str, view: Door, request: HttpRequest, path: dict[str, Any], bad_signature: int
) -> tuple[str, HttpResponse]:
    try:
        return "accepted", view(request, **path)
    except BadSignature as error:
        log.warning("webhook.bad_signature", provider=provider, reason=str(error))
        return "bad_signature", problem(
            request, bad_signature, "bad_signature", _("The signature does not fit. Sign the raw body.")
        )
    except Refused:
        return "refused", problem(request, 403, "refused", _("The verify token does not match."))
    except Malformed as error:
        return "malformed", problem(request, 400, "malformed", str(error))
    except TooLarge:
        return "too_large", problem(request, 413, "too_large", _("Send at most 4 MB at once."))
    except NotConfigured as error:
        return "not_configured", problem(
            request, 503, "not_configured", error.message, retry_after=NOT_CONFIGURED_SECONDS
        )
    except DATABASE_AWAY:
        log.exception("webhook.not_stored", provider=provider)
        text = _("This cannot be stored now. Send it again.")
        return "not_stored", problem(request, 503, "unavailable", text, retry_after=RETRY_SECONDS)


def _wrong_method(request: HttpRequest, methods: tuple[str, ...]) -> HttpResponse:
    response = problem(request, 405, "method_not_allowed", _("Use %(methods)s here.") % {"methods": ", ".join(methods)})
    response["Allow"] = ", ".join(methods)
    return response


def raw_body(request: HttpRequest) -> bytes:
    """Return the bytes as sent. Raises TooLarge above 4 MB, Malformed when the sender hung up half-way."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > MOST_BYTES:
        raise TooLarge
    try:
        return request.body
    except UnreadablePostError as error:
        raise Malformed(_("The body ended too early.")) from error


def accept(
    request: HttpRequest, *, provider: str, account: str, event_id: str, workspace_id: UUID, kind: str = ""
) -> bool:
    """Store the webhook and the job that works on it, in one transaction. Returns False for a repeat.

    Raises django.db.OperationalError when PostgreSQL is away; nothing is then acked.
    """
    headers = {name: request.headers[name] for name in KEPT_HEADERS if name in request.headers}
    with tenant(workspace_id), atomic():
        receipt, is_new = receipts.store(provider, account, event_id, request.body, headers)
        if is_new and workspace_id != PLATFORM:
            receipts.resolve(receipt.id, workspace_id)
        if is_new:
            work = ReceiptWork(receipt_id=receipt.id, kind=kind)
            jobs.enqueue(f"webhooks.{provider}", work, key=f"receipt:{receipt.id}")
    return is_new


def problem(
    request: HttpRequest, status: int, code: str, detail: str, *, retry_after: int | None = None
) -> HttpResponse:
    """Build an RFC 9457 answer."""
    body = {
        "type": "about:blank",
        "title": TITLES[status],
        "status": status,
        "detail": detail,
        "code": code,
        "instance": request.path,
        "correlationId": str(correlation.current()),
    }
    response = JsonResponse(body, status=status, content_type="application/problem+json")
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


TITLES = {
    400: "Bad request",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    413: "Content too large",
    503: "Service unavailable",
}
