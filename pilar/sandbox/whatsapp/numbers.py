"""Business phone numbers: their state, verification by code, registration with the two-step PIN."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pilar.sandbox.phones import Message
from pilar.sandbox.twilio import ring, take_in
from pilar.sandbox.whatsapp.door import Call, GraphError, absent, expect, invalid
from pilar.sandbox.whatsapp.state import Json, PhoneNumber, Waba

if TYPE_CHECKING:
    from pilar.sandbox.state import World

DEFAULT_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "webhook_configuration",
)
REGISTRATIONS = 10
REGISTRATION_SECONDS = 72 * 3600.0
WRONG_PINS = 5
PIN = re.compile(r"\d{6}\Z")
REGIONS = frozenset(["AU", "ID", "IN", "JP", "SG", "KR", "DE", "CH", "GB", "BR", "BH", "ZA", "AE", "CA", "US"])
# Meta's own number, from which codes are sent and called.
META_NUMBER = "+16505551234"
PAYMENT_PROBLEM = {
    "error_code": 141006,
    "error_description": "There is an error with the payment method.",
    "possible_solution": "Please add a new payment method to the account.",
}


def display(number: str) -> str:
    """``+49 30 1234567`` as Meta shows it: the calling code and the rest, apart."""
    calling = number[:2] if number.startswith("+1") else number[:3]
    return f"{calling} {number[len(calling) : len(calling) + 3]} {number[len(calling) + 3 :]}"


def phone_fields(world: World, phone: PhoneNumber) -> dict[str, Callable[[], Any]]:
    cloud = phone.registered
    waba = world.whatsapp.wabas[phone.waba_id]
    return {
        "id": lambda: phone.id,
        "display_phone_number": lambda: display(phone.number),
        "verified_name": lambda: phone.verified_name,
        "name_status": lambda: phone.name_status,
        "new_name_status": lambda: "NONE",
        "code_verification_status": lambda: "VERIFIED" if phone.verified else "NOT_VERIFIED",
        "quality_rating": lambda: phone.quality if cloud else "UNKNOWN",
        "quality_score": lambda: {"score": phone.quality if cloud else "UNKNOWN"},
        "status": lambda: phone.status,
        "account_mode": lambda: "LIVE",
        "platform_type": lambda: "CLOUD_API" if cloud else "NOT_APPLICABLE",
        "throughput": lambda: {"level": "STANDARD" if cloud else "NOT_APPLICABLE"},
        "is_pin_enabled": lambda: phone.pin is not None,
        "is_official_business_account": lambda: False,
        "messaging_limit_tier": lambda: "TIER_250",
        "whatsapp_business_manager_messaging_limit": lambda: "TIER_250",
        "search_visibility": lambda: "VISIBLE",
        "last_onboarded_time": lambda: None if phone.onboarded is None else str(int(phone.onboarded)),
        "webhook_configuration": lambda: _webhooks(world, waba, phone),
        "health_status": lambda: health(world, waba, phone),
    }


def _webhooks(world: World, waba: Waba, phone: PhoneNumber) -> Json:
    found = {"application": world.settings.whatsapp_webhook_url}
    if override := waba.subscriptions.get(world.settings.whatsapp_app_id):
        found["whatsapp_business_account"] = override
    if phone.override_url:
        found["phone_number"] = phone.override_url
    return found


def health(world: World, waba: Waba, phone: PhoneNumber | None = None) -> Json:
    """Who can send, entity by entity; the worst of them is the whole."""
    entities: list[Json] = []
    if phone is not None:
        able = "AVAILABLE" if phone.status == "CONNECTED" else "BLOCKED"
        able = "LIMITED" if phone.status in {"FLAGGED", "RATE_LIMITED"} else able
        entities.append({"entity_type": "PHONE_NUMBER", "id": phone.id, "can_send_message": able})
    account: Json = {"entity_type": "WABA", "id": waba.id, "can_send_message": "AVAILABLE"}
    if not waba.payment_method:
        account |= {"can_send_message": "LIMITED", "errors": [PAYMENT_PROBLEM]}
    entities.append(account)
    entities.append({"entity_type": "BUSINESS", "id": waba.business_id, "can_send_message": "AVAILABLE"})
    app_id = world.settings.whatsapp_app_id
    entities.append({"entity_type": "APP", "id": app_id, "can_send_message": "AVAILABLE"})
    order = ("AVAILABLE", "LIMITED", "BLOCKED")
    worst = max((entity["can_send_message"] for entity in entities), key=order.index)
    return {"can_send_message": worst, "entities": entities}


def request_code(call: Call) -> Json:
    phone = call.phone()
    expect(call.body, {"code_method", "language"})
    if call.given("code_method") not in {"SMS", "VOICE"} or not call.given("language"):
        raise invalid("code_method has to be SMS or VOICE, and language is required")
    if phone.verified:
        raise GraphError(136024, "Request code error", details="The phone number has been verified already.")
    phone.code = f"{secrets.randbelow(10**6):06d}"
    tell_code(call.world, phone, voice=call.given("code_method") == "VOICE")
    return {"success": True}


def tell_code(world: World, phone: PhoneNumber, *, voice: bool) -> None:
    """Meta sends the code by SMS or says it in a call. A fixed line at Twilio hears it only in a call."""
    code = phone.code or ""
    if voice:
        spoken = ", ".join(code)
        ring(world, caller=META_NUMBER, to=phone.number, speech=f"Ihr WhatsApp-Bestätigungscode lautet: {spoken}")
        return
    number = world.twilio.numbers.get(phone.number)
    text = f"Ihr WhatsApp-Code: {code[:3]}-{code[3:]}"
    if number is None:
        text_from_meta(world, phone.number, text)
    elif number.capabilities["sms"]:
        take_in(world, number, META_NUMBER, text)


def text_from_meta(world: World, number: str, text: str) -> None:
    from_meta = Message(f"code.{secrets.token_hex(8)}", META_NUMBER, text, channel="sms")
    world.phones.receive(number, from_meta)


def verify_code(call: Call) -> Json:
    phone = call.phone()
    expect(call.body, {"code"})
    if phone.code is None or str(call.given("code") or "").replace("-", "") != phone.code:
        raise GraphError(136025, "Verify code error", details="Code couldn't be verified. Request a new code.")
    phone.code, phone.verified = None, True
    return {"success": True}


def register(call: Call) -> Json:
    """Set or confirm the two-step PIN and switch the number on; ten times in 72 hours at most."""
    phone, now = call.phone(), call.world.clock()
    expect(call.body, {"messaging_product", "pin", "data_localization_region"})
    if call.body.get("messaging_product") != "whatsapp":
        raise invalid("messaging_product has to be whatsapp")
    pin = call.body.get("pin")
    if not isinstance(pin, str) or not PIN.match(pin):
        raise invalid("pin has to be a string of six digits")
    if call.body.get("data_localization_region", "DE") not in REGIONS:
        raise invalid("data_localization_region is not supported")
    phone.registrations = [each for each in phone.registrations if each > now - REGISTRATION_SECONDS]
    if len(phone.registrations) >= REGISTRATIONS:
        raise GraphError(133016, "Account register/deregister rate limit exceeded", details="Try again after 72 hours.")
    phone.registrations.append(now)
    _check(phone, pin)
    phone.pin, phone.registered, phone.status, phone.onboarded = pin, True, "CONNECTED", now
    return {"success": True}


def _check(phone: PhoneNumber, pin: str) -> None:
    if not phone.verified:
        raise GraphError(133006, "Phone number re-verification needed", details="Verify the number before registering.")
    if phone.wrong_pins >= WRONG_PINS:
        details = "Too many two-step verification PIN guesses. Try again in 86400 seconds."
        raise GraphError(133008, "Too many two-step verification PIN guesses", details=details)
    if phone.pin is not None and phone.pin != pin:
        phone.wrong_pins += 1
        raise GraphError(133005, "Two-step verification PIN mismatch", details="The PIN does not match.")
    phone.wrong_pins = 0


def deregister(call: Call) -> Json:
    """The number falls silent; its PIN stays set."""
    phone = call.phone()
    if not phone.registered:
        raise GraphError(133010, "Phone number not registered", details="The account is not registered.")
    phone.registered, phone.status = False, "DISCONNECTED"
    return {"success": True}


async def update(call: Call) -> Json:
    """``POST /{phone id}``: a new PIN, or webhooks of its own."""
    if call.part("node") not in call.state.phones:
        raise absent("POST", call.part("node"))
    phone = call.phone()
    expect(call.body, {"pin", "webhook_configuration"})
    if "pin" in call.body:
        if not PIN.match(str(call.body["pin"])):
            raise invalid("pin has to be six digits")
        phone.pin = str(call.body["pin"])
    if "webhook_configuration" in call.body:
        configuration = call.body["webhook_configuration"] or {}
        phone.override_url = str(configuration.get("override_callback_uri") or "") or None
    return {"success": True}
