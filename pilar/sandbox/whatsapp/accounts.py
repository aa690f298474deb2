"""WhatsApp business accounts: their fields, their numbers, and whether the app hears of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from pilar.sandbox.whatsapp.door import Call, GraphError, absent, choose, expect, invalid, page
from pilar.sandbox.whatsapp.numbers import DEFAULT_FIELDS, health, phone_fields
from pilar.sandbox.whatsapp.state import Business, Json, PhoneNumber, State, Waba, graph_id

if TYPE_CHECKING:
    from pilar.sandbox.state import World

MAX_OVERRIDE_URL = 200
VERIFY_SECONDS = 5.0
MAX_PHONES = 20


def open_waba(state: State, business_name: str, *, payment_method: bool = True) -> Waba:
    business = Business(graph_id(), business_name)
    waba = Waba(graph_id(), business.id, business_name, payment_method)
    state.businesses[business.id], state.wabas[waba.id] = business, waba
    return waba


def add_phone(state: State, waba: Waba, number: str, verified_name: str, *, verified: bool) -> PhoneNumber:
    """Raises GraphError when the number belongs to a WABA already."""
    if number in state.phones_by_number:
        raise GraphError(
            100,
            "Invalid parameter",
            subcode=2388012,
            details="The phone number is already registered with a WhatsApp Business Account.",
        )
    phone = PhoneNumber(graph_id(), waba.id, number, verified_name, verified=verified)
    state.phones[phone.id] = state.phones_by_number[number] = phone
    waba.phone_ids.append(phone.id)
    return phone


def fields(call: Call, waba: Waba) -> Json:
    business = call.state.businesses[waba.business_id]
    known: dict[str, Any] = {
        "id": lambda: waba.id,
        "name": lambda: waba.name,
        "currency": lambda: "EUR",
        "country": lambda: "DE",
        "timezone_id": lambda: "42",
        "status": lambda: "ACTIVE",
        "message_template_namespace": lambda: f"ns_{waba.id}",
        "account_review_status": lambda: "APPROVED",
        "business_verification_status": lambda: "not_verified",
        "ownership_type": lambda: "CLIENT_OWNED",
        "owner_business_info": lambda: {"id": business.id, "name": business.name},
        "on_behalf_of_business_info": lambda: {"id": business.id, "name": business.name, "status": "APPROVED"},
        "primary_funding_id": lambda: f"9{waba.id}" if waba.payment_method else "0",
        "whatsapp_business_manager_messaging_limit": lambda: "TIER_250",
        "health_status": lambda: health(call.world, waba),
    }
    return choose(call, known, ("id", "name", "currency", "timezone_id", "message_template_namespace"))


def list_phones(call: Call) -> Json:
    waba = call.waba()
    phones = (call.state.phones[each] for each in waba.phone_ids)
    return page(call, [choose(call, phone_fields(call.world, one), DEFAULT_FIELDS) for one in phones])


def create_phone(call: Call) -> Json:
    """Add a number by hand; it still has to be verified by code and registered."""
    waba = call.waba()
    expect(call.body, {"cc", "phone_number", "verified_name", "migrate_phone_number", "preverified_id"})
    country, rest = str(call.body.get("cc", "")), re.sub(r"\D", "", str(call.body.get("phone_number", "")))
    if not country.isdigit() or not 4 <= len(rest) <= 13:
        raise invalid("cc and phone_number have to be digits")
    if not str(call.body.get("verified_name", "")).strip():
        raise invalid("verified_name is required")
    if len(waba.phone_ids) >= MAX_PHONES:
        raise GraphError(100, "Invalid parameter", subcode=2388042, details="Maximum number of phone numbers reached")
    rest = rest.removeprefix(country) if len(rest) > 11 else rest
    phone = add_phone(call.state, waba, f"+{country}{rest}", str(call.body["verified_name"]), verified=False)
    return {"id": phone.id}


def list_subscriptions(call: Call) -> Json:
    rows: list[Json] = []
    for app_id, override in call.waba().subscriptions.items():
        link = f"https://www.facebook.com/games/?app_id={app_id}"
        row: Json = {"whatsapp_business_api_data": {"link": link, "name": "PILAR", "id": app_id}}
        rows.append(row | ({"override_callback_uri": override} if override else {}))
    return {"data": rows}


async def subscribe(call: Call) -> Json:
    """A bare POST takes an override away, one with a URL sets it after having asked that URL."""
    waba = call.waba()
    expect(call.body, {"override_callback_uri", "verify_token"})
    override = call.body.get("override_callback_uri")
    if override:
        await verify_callback(call.world, str(override), str(call.body.get("verify_token") or ""))
    waba.subscriptions[call.world.settings.whatsapp_app_id] = override or None
    return {"success": True}


async def verify_callback(world: World, url: str, verify_token: str) -> None:
    """Raises 2200 unless the URL answers the challenge as Meta wants it."""
    if len(url) > MAX_OVERRIDE_URL or not verify_token:
        raise invalid("override_callback_uri is limited to 200 characters and needs a verify_token")
    challenge = graph_id()
    query = {"hub.mode": "subscribe", "hub.verify_token": verify_token, "hub.challenge": challenge}
    asked = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}"
    try:
        async with httpx.AsyncClient(timeout=VERIFY_SECONDS, trust_env=False) as client:
            answer = await client.get(asked)
        passed = answer.status_code == 200 and answer.text == challenge
    except httpx.HTTPError:
        passed = False
    if not passed:
        raise GraphError(2200, "Callback verification failed with the following errors: The URL couldn't be validated.")


def unsubscribe(call: Call) -> Json:
    call.waba().subscriptions.pop(call.world.settings.whatsapp_app_id, None)
    return {"success": True}


def node(call: Call) -> Json:
    """``GET /{id}``: a WABA, a phone number or a template, whichever bears that id."""
    found = call.part("node")
    if found in call.state.wabas:
        return fields(call, call.waba())
    if found in call.state.phones:
        return choose(call, phone_fields(call.world, call.phone()), DEFAULT_FIELDS)
    template = call.state.templates.get(found)
    if template is None or call.token is None or call.token.waba_id != template.waba_id:
        raise absent("GET", found)
    return {
        "id": template.id,
        "name": template.name,
        "language": template.language,
        "status": template.status,
        "category": template.category,
        "components": template.components,
    }
