"""Genuinely signed webhooks, as the providers send them."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import stripe
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from pilar.backplane.tenancy import tenant
from pilar.providers import connections, routes
from pilar.providers.twilio import webhook as twilio
from pilar.providers.whatsapp import webhook as whatsapp

FORM = "application/x-www-form-urlencoded"
ACCOUNT_SID = "AC" + "a" * 32
SOON = timedelta(seconds=30)


def stripe_event(client: Client, *, id: str = "evt_1", secret: str = "whsec_one", **more: Any) -> HttpResponse:
    event = {
        "id": id,
        "object": "event",
        "type": "invoice.paid",
        "created": 1760000000,
        "data": {"object": {"id": "in_1"}},
    }
    body = json.dumps(event | more)
    header = stripe.WebhookSignature.generate_signature_header(body, secret)
    return post(client, "/api/webhooks/stripe", body.encode(), {"Stripe-Signature": header})


def whatsapp_batch(client: Client, *entries: dict[str, Any], secret: str = "app-secret") -> HttpResponse:
    body = json.dumps({"object": "whatsapp_business_account", "entry": list(entries)}).encode()
    return post(client, "/api/webhooks/whatsapp", body, {"X-Hub-Signature-256": whatsapp.sign(body, secret)})


def twilio_report(
    client: Client,
    kind: str,
    workspace_id: UUID,
    *,
    token: str = "sub-token",
    account: str = ACCOUNT_SID,
    **params: str,
) -> HttpResponse:
    path = f"/api/webhooks/twilio/{kind}/{workspace_id}"
    values = {"AccountSid": account, **params}
    header = twilio.sign(settings.PUBLIC_BASE_URL + path, {k: [v] for k, v in values.items()}, token)
    return post(client, path, urlencode(values).encode(), {"X-Twilio-Signature": header}, content_type=FORM)


def post(
    client: Client, path: str, body: bytes, headers: dict[str, str], content_type: str = "application/json"
) -> HttpResponse:
    return client.post(path, data=body, content_type=content_type, headers=headers)


def entry(waba_id: str, phone_id: str, **value: Any) -> dict[str, Any]:
    """One change of the field `messages`."""
    metadata = {"display_phone_number": "4930123", "phone_number_id": phone_id}
    content = {"messaging_product": "whatsapp", "metadata": metadata, **value}
    return {"id": waba_id, "time": 1760000000, "changes": [{"field": "messages", "value": content}]}


def text_message(id: str = "wamid.1", *, sender: str = "4917012345678", body: str = "Hallo") -> dict[str, Any]:
    return {"from": sender, "id": id, "timestamp": "1760000000", "type": "text", "text": {"body": body}}


def connect_whatsapp(workspace_id: UUID, *, waba_id: str, phone_id: str) -> None:
    routes.bind("whatsapp", "waba_id", waba_id, workspace_id)
    routes.bind("whatsapp", "phone_number_id", phone_id, workspace_id)


def connect_twilio(workspace_id: UUID, *, account: str = ACCOUNT_SID, token: str = "sub-token") -> None:
    with tenant(workspace_id):
        connections.put("twilio", identifiers={"account_sid": account}, secrets={"auth_token": token})
    routes.bind("twilio", "account_sid", account, workspace_id)
