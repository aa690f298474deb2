"""Events: kept for `GET /v1/events`, and sent signed to the product in no promised order."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stripe.params import EventListParams, EventRetrieveParams

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe.errors import missing
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.state import StoredEvent
from pilar.sandbox.stripe.wire import API_VERSION, Call, Json, Routes

# The endpoint's list of events; all others are kept but not sent.
SENT = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "checkout.session.expired",
        "customer.subscription.created",
        "customer.subscription.updated",
        "customer.subscription.deleted",
        "customer.subscription.paused",
        "customer.subscription.resumed",
        "customer.subscription.trial_will_end",
        "invoice.paid",
        "invoice.payment_failed",
        "invoice.payment_action_required",
        "invoice.finalization_failed",
        "invoice.voided",
        "invoice.marked_uncollectible",
        "charge.refunded",
        "refund.created",
        "refund.updated",
        "refund.failed",
        "credit_note.created",
        "credit_note.updated",
        "credit_note.voided",
        "charge.dispute.created",
        "charge.dispute.closed",
        "transfer.created",
        "transfer.updated",
        "transfer.reversed",
        "account.updated",
        "account.application.deauthorized",
        "payout.paid",
        "payout.failed",
    }
)
# Events of one action leave within this time, so that they arrive in any order.
SPREAD_SECONDS = 0.25
routes = Routes()


@dataclass(frozen=True)
class Signature:
    """`Stripe-Signature` over the raw body, with the time of the attempt."""

    secret: str

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        moment = int(at)
        digest = hmac.new(self.secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return {
            "stripe-signature": f"t={moment},v1={digest},v0={'0' * 64}",
            "content-type": "application/json; charset=utf-8",
            "user-agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
        }


def emit(
    world: World, kind: str, thing: Json, *, previous: Json | None = None, account: str | None = None
) -> StoredEvent:
    """Record that something happened to `thing`, and send it when the endpoint asked for that kind.

    `previous` holds the old values of what changed; `account` makes it an event of a connected account.
    """
    data: Json = {"object": thing}
    if previous:
        data["previous_attributes"] = previous
    envelope: Json = {
        "id": token("evt_1"),
        "object": "event",
        "api_version": API_VERSION,
        "created": world.now(),
        "type": kind,
        "livemode": False,
        "pending_webhooks": int(kind in SENT),
        "request": {"id": None, "idempotency_key": None},
        "data": data,
    }
    if account:
        envelope["account"] = account
    event = StoredEvent(envelope["id"], kind, envelope["created"], json.dumps(envelope).encode(), account)
    world.stripe.events[event.id] = event
    if kind in SENT:
        send(world, event)
    return event


def send(world: World, event: StoredEvent) -> None:
    """Put an event on its way (again); Connect events are signed with their own secret."""
    settings = world.settings
    secret = settings.stripe_connect_webhook_secret if event.account else settings.stripe_webhook_secret
    world.delivery.deliver(
        settings.stripe_webhook_url,
        event.body,
        Signature(secret),
        delay=random.uniform(0, SPREAD_SECONDS),
        provider="stripe",
        event=event.type,
        ref=event.id,
    )


@routes.on("GET", "/v1/events", "events.list", EventListParams)
def list_events(call: Call) -> Json:
    chosen = _chosen(call.world, call.params, call.account)
    return paged(chosen, call.params, url=call.url)


@routes.on("GET", "/v1/events/{id}", "events.retrieve", EventRetrieveParams)
def retrieve_event(call: Call) -> Json:
    event = call.stripe.events.get(call.path["id"])
    if event is None or event.account != call.account:
        raise missing("event", call.path["id"])
    return _shown(call.world, event)


def _chosen(world: World, params: Json, account: str | None) -> Iterator[Json]:
    types = set(params.get("types", [])) | ({params["type"]} if "type" in params else set())
    delivered: Any = params.get("delivery_success")
    for event in reversed(world.stripe.events.values()):
        if event.account != account or (types and not _matches(event.type, types)):
            continue
        if delivered is not None and (event.id in world.delivery.undelivered) == delivered:
            continue
        yield _shown(world, event)


def _matches(kind: str, wanted: set[str]) -> bool:
    return kind in wanted or any(name.endswith(".*") and kind.startswith(name[:-1]) for name in wanted)


def _shown(world: World, event: StoredEvent) -> Json:
    shown: Json = json.loads(event.body)
    shown["pending_webhooks"] = int(event.id in world.delivery.undelivered)
    return shown
