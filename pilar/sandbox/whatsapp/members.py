"""The members' side: their phones write, press buttons, stop marketing and change their numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pilar.sandbox.phones import Message, e164
from pilar.sandbox.twilio import phone_texts
from pilar.sandbox.whatsapp.messages import wamid
from pilar.sandbox.whatsapp.state import Buttons, Json, Member, PhoneNumber, Waba
from pilar.sandbox.whatsapp.webhooks import announce, metadata

if TYPE_CHECKING:
    from pilar.sandbox.state import World


def studio_numbers(world: World) -> list[tuple[str, str]]:
    """Numbers that members can write to on WhatsApp, with the studio's name."""
    return [(one.number, one.verified_name) for one in world.whatsapp.phones.values() if one.registered]


async def phone_writes(
    world: World, *, sender: str, to: str, text: str, button: str | None = None
) -> dict[str, object]:
    """A member's phone writes to a studio's number; ``button`` is the id, payload or title of a button it saw.

    A number that is not on WhatsApp, but at Twilio, gets an SMS. Raises LookupError when the number is on neither.
    """
    number, member = e164(to), world.whatsapp.member(e164(sender))
    phone = world.whatsapp.phones_by_number.get(number)
    if phone is None or not phone.registered:
        return phone_texts(world, sender=member.number, to=number, text=text)
    waba = world.whatsapp.wabas[phone.waba_id]
    content = _content(world.whatsapp.buttons.get((phone.id, member.number)), text, button)
    message_id = deliver(world, waba, phone, member, content)
    shown = text or str(button or "")
    world.phones.note_sent(member.number, Message(message_id, number, shown, kind=str(content["type"])))
    return {"id": message_id, "channel": "whatsapp"}


def _content(seen: Buttons | None, text: str, button: str | None) -> Json:
    if button is None:
        return {"type": "text", "text": {"body": text}}
    choices = seen.choices if seen else []
    found = next((pair for pair in choices if button in pair), (button, text or button))
    if seen is not None and seen.kind == "interactive":
        reply = {"id": found[0], "title": found[1]}
        content: Json = {"type": "interactive", "interactive": {"type": "button_reply", "button_reply": reply}}
    else:
        content = {"type": "button", "button": {"payload": found[0], "text": found[1]}}
    if seen is not None:
        content["context"] = {"id": seen.message_id}
    return content


def identity(world: World, waba: Waba, member: Member) -> tuple[Json, Json]:
    """How a member appears in ``contacts`` and in ``messages``; without the number when it is hidden."""
    user_id = world.whatsapp.user_id(waba.business_id, member.number)
    profile = {"name": member.name} | ({"username": member.username} if member.username else {})
    contact: Json = {"profile": profile, "user_id": user_id}
    origin: Json = {"from_user_id": user_id}
    if not member.hides_number:
        contact["wa_id"] = origin["from"] = member.number.lstrip("+")
    return contact, origin


def deliver(world: World, waba: Waba, phone: PhoneNumber, member: Member, content: Json) -> str:
    """A member's message reaches the platform: it opens the 24 hours and goes to the product. Its id."""
    contact, origin = identity(world, waba, member)
    message = {**origin, "id": wamid(), "timestamp": str(world.now()), **content}
    if "context" in content:
        message["context"] = {"from": phone.number.lstrip("+"), **content["context"]}
    world.whatsapp.inbound[message["id"]] = phone.id
    world.whatsapp.windows[phone.id, member.number] = world.clock()
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata(phone),
        "contacts": [contact],
        "messages": [message],
    }
    announce(world, waba, "messages", value, phone=phone)
    return str(message["id"])


def prefer(world: World, phone: PhoneNumber, number: str, value: str) -> None:
    """The member stops (``stop``) or allows (``resume``) marketing in WhatsApp's own settings."""
    waba, member = world.whatsapp.wabas[phone.waba_id], world.whatsapp.member(e164(number))
    pair = (waba.business_id, member.number)
    if value == "stop":
        world.whatsapp.stopped.add(pair)
    else:
        world.whatsapp.stopped.discard(pair)
    contact, _ = identity(world, waba, member)
    preference = {
        "category": "marketing_messages",
        "value": value,
        "timestamp": world.now(),
        "detail": f"User requested to {value} marketing messages",
        "user_id": contact["user_id"],
    } | ({"wa_id": contact["wa_id"]} if "wa_id" in contact else {})
    told = {
        "messaging_product": "whatsapp",
        "metadata": metadata(phone),
        "contacts": [contact],
        "user_preferences": [preference],
    }
    announce(world, waba, "user_preferences", told, phone=phone)


def change_number(world: World, phone: PhoneNumber, old: str, new: str) -> str:
    """The member moves to a new number: a ``system`` message says so, and the member's id changes."""
    waba, before = world.whatsapp.wabas[phone.waba_id], world.whatsapp.member(e164(old))
    member = world.whatsapp.member(e164(new))
    member.name, member.username = before.name, before.username
    contact, origin = identity(world, waba, before)
    system = {
        "body": f"User {before.name} changed from {before.number.lstrip('+')} to {member.number.lstrip('+')}",
        "type": "user_changed_number",
        "wa_id": member.number.lstrip("+"),
        "user_id": world.whatsapp.user_id(waba.business_id, member.number),
        "previous_user_id": contact["user_id"],
    }
    message = {**origin, "id": wamid(), "timestamp": str(world.now()), "type": "system", "system": system}
    world.whatsapp.inbound[message["id"]] = phone.id
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata(phone),
        "contacts": [contact],
        "messages": [message],
    }
    announce(world, waba, "messages", value, phone=phone)
    return str(message["id"])
