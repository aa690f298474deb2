"""GET and POST /api/webhooks/whatsapp: one address for all accounts of our Meta app."""

from hashlib import sha256

from django.http import HttpRequest, HttpResponse, JsonResponse

from pilar.backplane.tenancy import PLATFORM
from pilar.providers import doors
from pilar.providers.whatsapp import webhook


@doors.door("whatsapp", methods=("GET", "POST"))
def receive(request: HttpRequest) -> HttpResponse:
    """Answer Meta's challenge, or take a batch of reports."""
    return _challenge(request) if request.method == "GET" else _take(request)


def _challenge(request: HttpRequest) -> HttpResponse:
    if not webhook.challenge(request.GET.get("hub.mode", ""), request.GET.get("hub.verify_token", "")):
        raise doors.Refused
    return HttpResponse(request.GET.get("hub.challenge", ""), content_type="text/plain")


def _take(request: HttpRequest) -> HttpResponse:
    body = doors.raw_body(request)
    webhook.verify(body, request.headers.get("X-Hub-Signature-256", ""))
    webhook.load(body)
    digest = sha256(body).hexdigest()
    doors.accept(request, provider="whatsapp", account="", event_id=digest, workspace_id=PLATFORM)
    return JsonResponse({"received": True})
