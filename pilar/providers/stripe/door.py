"""POST /api/webhooks/stripe."""

from django.http import HttpRequest, HttpResponse, JsonResponse

from pilar.backplane.tenancy import PLATFORM
from pilar.providers import doors
from pilar.providers.stripe import webhook


@doors.door("stripe", bad_signature=400)
def receive(request: HttpRequest) -> HttpResponse:
    """Take a Stripe event (providers.md 1.6: a bad signature is 400). Whose it is, is found out later, from what we stored."""
    body = doors.raw_body(request)
    event = webhook.verify(body, request.headers.get("Stripe-Signature", ""))
    doors.accept(request, provider="stripe", account=event.account or "", event_id=event.id, workspace_id=PLATFORM)
    return JsonResponse({"received": True})
