"""Events from Meta to the product: collected for a moment, signed with the app secret over the raw bytes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pilar.sandbox.whatsapp.state import Json, PhoneNumber, Waba

if TYPE_CHECKING:
    from pilar.sandbox.state import World

# How long entries are collected before they leave together, several studios in one POST, as Meta does.
COLLECT_SECONDS = 0.005
MAX_ENTRIES = 50
# Only these follow an override of a WABA or a phone; all else goes to the app's own URL.
OVERRIDABLE = frozenset({"messages"})


@dataclass
class Signer:
    app_secret: str

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        digest = hmac.new(self.app_secret.encode(), body, hashlib.sha256).hexdigest()
        return {
            "content-type": "application/json",
            "user-agent": "facebookexternalua",
            "x-hub-signature-256": f"sha256={digest}",
        }


def raw(payload: Any) -> bytes:
    """JSON as Meta writes it: non-ASCII and slashes escaped."""
    return json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def target(world: World, waba: Waba, field: str, phone: PhoneNumber | None) -> str | None:
    """Where an event goes: the phone's override beats the WABA's, which beats the app's URL. None: unsubscribed."""
    app_id = world.settings.whatsapp_app_id
    if app_id not in waba.subscriptions:
        return None
    own = world.settings.whatsapp_webhook_url
    if field not in OVERRIDABLE:
        return own
    return (phone.override_url if phone else None) or waba.subscriptions[app_id] or own


def announce(
    world: World,
    waba: Waba,
    field: str,
    value: Json,
    *,
    event: str = "",
    phone: PhoneNumber | None = None,
    delay: float = 0.0,
) -> None:
    """Tell the product about a change, unless the WABA is not subscribed to the app at that time."""
    if delay:
        loop = asyncio.get_running_loop()
        loop.call_later(delay, _collect, world, waba, field, value, event or field, phone)
    else:
        _collect(world, waba, field, value, event or field, phone)


def _collect(world: World, waba: Waba, field: str, value: Json, event: str, phone: PhoneNumber | None) -> None:
    url = target(world, waba, field, phone)
    if url is None or world.whatsapp.wabas.get(waba.id) is not waba:
        return
    entry = {"id": waba.id, "time": world.now(), "changes": [{"field": field, "value": value}]}
    waiting = world.whatsapp.outbox.setdefault((url, event), [])
    waiting.append(entry)
    if len(waiting) >= MAX_ENTRIES:
        _flush(world, url, event)
    else:
        asyncio.get_running_loop().call_later(COLLECT_SECONDS, _flush, world, url, event)


def _flush(world: World, url: str, event: str) -> None:
    entries = world.whatsapp.outbox.pop((url, event), [])
    if entries:
        post(world, url, entries, event)


def post(world: World, url: str, entries: list[Json], event: str) -> None:
    body = raw({"object": "whatsapp_business_account", "entry": entries})
    signer = Signer(world.settings.whatsapp_app_secret)
    world.delivery.deliver(url, body, signer, provider="whatsapp", event=event)


def partner_added(world: World, waba: Waba) -> None:
    """The app learns of a finished pop-up, before it has subscribed to anything."""
    value = {"event": "PARTNER_ADDED", "waba_info": {"waba_id": waba.id, "owner_business_id": waba.business_id}}
    entry = {
        "id": waba.business_id,
        "time": world.now(),
        "changes": [{"field": "account_update", "value": value}],
    }
    post(world, world.settings.whatsapp_webhook_url, [entry], "account_update")


def metadata(phone: PhoneNumber) -> Json:
    return {"display_phone_number": phone.number.lstrip("+"), "phone_number_id": phone.id}
