"""WhatsApp webhooks: the signature, and a reading that never fails on what it does not know (providers.md 3.3, 3.4)."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel import clock
from pilar.kernel.errors import NotConfigured
from pilar.providers import storable
from pilar.providers.doors import BadSignature, Malformed
from pilar.providers.events import (
    StatusError,
    WhatsAppAccount,
    WhatsAppInbound,
    WhatsAppPreference,
    WhatsAppStatus,
    WhatsAppTemplate,
)
from pilar.providers.storable import clean

CONVERSATIONS = frozenset(
    {"smb_message_echoes", "message_echoes", "history", "smb_app_state_sync", "standby", "calls", "messaging_handovers"}
)
"""Fields that carry what people say or whom the studio knows, and that we have no use for: nothing of them is kept."""
CHANGES_OF_NUMBER = frozenset({"user_changed_number", "customer_changed_number", "user_changed_user_id"})

type Json = dict[str, Any]
type Fact = WhatsAppInbound | WhatsAppStatus | WhatsAppTemplate | WhatsAppAccount | WhatsAppPreference


@dataclass(frozen=True, slots=True)
class Report:
    """One fact out of a POST that may carry several tenants'. `key` makes it happen once.

    `waba_id` is the account that the fact is about: news of partners name it inside and the business around it.
    """

    waba_id: str
    phone_number_id: str
    event: str
    fact: Fact
    key: str


def sign(body: bytes, secret: str) -> str:
    """Return the header Meta would send."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def verify(body: bytes, header: str) -> None:
    """Check the raw bytes against every active app secret. Raises BadSignature, NotConfigured without any secret."""
    if not settings.WHATSAPP_APP_SECRETS:
        raise NotConfigured("whatsapp", _("WHATSAPP_APP_SECRET is not set, so no webhook can be checked."))
    given = header.strip().lower().encode()
    matches = [hmac.compare_digest(sign(body, secret).encode(), given) for secret in settings.WHATSAPP_APP_SECRETS]
    if not any(matches):
        raise BadSignature("no signature fits")


def challenge(mode: str, token: str) -> bool:
    """Say whether Meta's verification GET knows one of our tokens. Raises NotConfigured without any."""
    if not settings.WHATSAPP_VERIFY_TOKENS:
        raise NotConfigured("whatsapp", _("WHATSAPP_VERIFY_TOKEN is not set, so Meta cannot verify this address."))
    known = [hmac.compare_digest(one.encode(), token.encode()) for one in settings.WHATSAPP_VERIFY_TOKENS]
    return mode == "subscribe" and any(known)


def load(body: bytes) -> Json:
    """Read the JSON object. Raises Malformed."""
    try:
        payload = storable.load(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(_("The body must be JSON.")) from error
    if not isinstance(payload, dict):
        raise Malformed(_("The body must be a JSON object."))
    return payload


def parse(payload: Json) -> list[Report]:
    """Read all reports of a POST, whoever's they are. What is not understood is left out, never an error."""
    return [report for entry in _objects(payload.get("entry")) for report in _entry(entry)]


def _entry(entry: Json) -> Iterator[Report]:
    waba_id = _text(entry.get("id"))
    for change in _objects(entry.get("changes")):
        value = change.get("value")
        if isinstance(value, dict):
            yield from _change(waba_id, _text(change.get("field")), value, _text(entry.get("time")))


def _change(waba_id: str, field: str, value: Json, time: str) -> Iterator[Report]:
    metadata = value.get("metadata")
    phone = _text(metadata.get("phone_number_id")) if isinstance(metadata, dict) else ""
    if field == "messages":
        for message in _inbound(value, phone, time):
            yield Report(waba_id, phone, "whatsapp.inbound", message, f"wa-in:{message.message_id}")
        for status in _statuses(value, phone, time):
            key = f"wa-st:{status.message_id}:{status.status}"
            yield Report(waba_id, phone, "whatsapp.status", status, key)
    elif field == "message_template_status_update":
        yield _template(waba_id, value, time)
    elif field == "user_preferences":
        for preference in _preferences(value):
            at = preference.timestamp or time
            key = f"wa-pref:{preference.sender or preference.user_id}:{preference.value}:{at}"
            yield Report(waba_id, phone, "whatsapp.preference", preference, key)
    elif field and field not in CONVERSATIONS:
        waba_id = _text(_part(value, "waba_info").get("waba_id")) or waba_id
        event = _text(value.get("event") or value.get("decision") or value.get("new_quality_score") or field)
        account = WhatsAppAccount(field=field, event=event, details=clean(value))
        digest = sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]
        yield Report(waba_id, phone, "whatsapp.account", account, f"wa-acc:{waba_id}:{field}:{time}:{digest}")


def _inbound(value: Json, phone: str, told_at: str) -> Iterator[WhatsAppInbound]:
    contacts = _objects(value.get("contacts"))
    for message in _objects(value.get("messages")):
        message_id = _text(message.get("id"))
        # What is said in a group is not said to the studio alone, and opens no window to anybody.
        if not message_id or message.get("group_id"):
            continue
        sender, user_id = _digits(message.get("from")), _text(message.get("from_user_id")) or None
        contact = _contact_of(contacts, sender, user_id)
        kind = _text(message.get("type")) or "unsupported"
        about, said = _about(kind, message)
        text, button = _content(_text(said.get("type")) or kind, said)
        yield WhatsAppInbound(
            message_id=message_id,
            sender=sender or _digits(contact.get("wa_id")),
            user_id=user_id or _text(contact.get("user_id")) or None,
            profile_name=_profile_name(contact),
            kind=kind,
            text=text,
            button_payload=button,
            timestamp=_moment(message, told_at),
            phone_number_id=phone,
            reply_to=_text(_part(message, "context").get("id")) or None,
            about=about,
            **_rotation(kind, message),
        )


def _about(kind: str, message: Json) -> tuple[str | None, Json]:
    """Return which earlier message was edited or taken back, and the message as it reads now."""
    if kind not in ("edit", "revoke"):
        return None, message
    part = _part(message, kind)
    return _text(part.get("original_message_id")) or None, _part(part, "message")


def _content(kind: str, message: Json) -> tuple[str, str]:
    """Return the readable text and the button's payload of any kind of message."""
    part = _part(message, kind)
    if kind == "text":
        return _text(part.get("body")), ""
    if kind == "button":
        return _text(part.get("text")), _text(part.get("payload"))
    if kind == "interactive":
        reply = _part(part, "button_reply") or _part(part, "list_reply")
        form = _part(part, "nfm_reply")
        return _text(reply.get("title") or form.get("body")), _text(reply.get("id"))
    if kind == "reaction":
        return _text(part.get("emoji")), ""
    if kind == "location":
        return ", ".join(filter(None, (_text(part.get("name")), _text(part.get("address"))))), ""
    return _text(part.get("caption") or part.get("body") or part.get("text")), ""


def _rotation(kind: str, message: Json) -> dict[str, str | None]:
    """A member changed number or id; the old names are in `sender` and `previous_user_id` (providers.md 3.3)."""
    system = _part(message, "system") if kind == "system" else {}
    if system.get("type") not in CHANGES_OF_NUMBER:
        return {}
    found = {
        "new_sender": _digits(system.get("wa_id") or system.get("new_wa_id")),
        "previous_user_id": _text(system.get("previous_user_id")) or None,
    }
    new_id = _text(system.get("user_id"))
    return found | ({"new_user_id": new_id} if new_id else {})


def _statuses(value: Json, phone: str, told_at: str) -> Iterator[WhatsAppStatus]:
    for status in _objects(value.get("statuses")):
        message_id, word = _text(status.get("id")), _text(status.get("status"))
        if not (message_id and word):
            continue
        pricing = status.get("pricing")
        yield WhatsAppStatus(
            message_id=message_id,
            status=word,
            timestamp=_moment(status, told_at),
            opaque=_text(status.get("biz_opaque_callback_data")) or None,
            recipient=_digits(status.get("recipient_id")),
            user_id=_text(status.get("recipient_user_id")) or None,
            phone_number_id=phone,
            errors=[_error(error) for error in _objects(status.get("errors"))],
            pricing=clean(pricing) if isinstance(pricing, dict) else None,
        )


def _error(error: Json) -> StatusError:
    code = error.get("code")
    return StatusError(
        code=int(digits) if (digits := _digits(code)) else 0,
        title=_text(error.get("title") or error.get("message")),
        details=_text(_part(error, "error_data").get("details")),
    )


def _template(waba_id: str, value: Json, time: str) -> Report:
    fact = WhatsAppTemplate(
        name=_text(value.get("message_template_name")),
        # Written `en-US` here, and `en_US` wherever templates are made and sent.
        language=_text(value.get("message_template_language")).replace("-", "_"),
        event=_text(value.get("event")),
        reason=_text(value.get("reason")),
        provider_id=_text(value.get("message_template_id")),
        at=_time(time) or clock.now(),
    )
    key = f"wa-tpl:{waba_id}:{fact.name}:{fact.language}:{fact.event}:{time}"
    return Report(waba_id, "", "whatsapp.template", fact, key)


def _preferences(value: Json) -> Iterator[WhatsAppPreference]:
    for row in _objects(value.get("user_preferences")):
        sender, user_id = _digits(row.get("wa_id")), _text(row.get("user_id")) or None
        if sender or user_id:
            yield WhatsAppPreference(
                sender=sender, user_id=user_id, value=_text(row.get("value")), timestamp=_time(row.get("timestamp"))
            )


def _contact_of(contacts: list[Json], sender: str | None, user_id: str | None) -> Json:
    for contact in contacts:
        same_phone = sender and _digits(contact.get("wa_id")) == sender
        if same_phone or (user_id and contact.get("user_id") == user_id):
            return contact
    alone = contacts[0] if len(contacts) == 1 else {}
    return {} if _is_another(alone, sender, user_id) else alone


def _is_another(contact: Json, sender: str | None, user_id: str | None) -> bool:
    """Say whether the contact bears other names than the sender: whoever it is, the two must not become one person."""
    number, name = _digits(contact.get("wa_id")), _text(contact.get("user_id"))
    return bool((sender and number and sender != number) or (user_id and name and user_id != name))


def _profile_name(contact: Json) -> str:
    profile = _part(contact, "profile")
    return _text(profile.get("name") or profile.get("username"))[:200]


def _objects(value: Any) -> list[Json]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _part(value: Json, name: str) -> Json:
    found = value.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: Any) -> str:
    """Return a text or a number as text that can be stored; anything else as none."""
    if not isinstance(value, str | int) or isinstance(value, bool):
        return ""
    return storable.text(str(value))


def _digits(value: Any) -> str | None:
    found = _text(value).removeprefix("+")
    return found if found.isascii() and found.isdigit() and len(found) <= 20 else None


def _moment(said: Json, told_at: str) -> datetime:
    """When it was; what has no time that we can read is as old as its report, since a stop without one is a stop."""
    return _time(said.get("timestamp")) or _time(told_at) or clock.now()


def _time(value: Any) -> datetime | None:
    seconds = _text(value)
    if not (seconds.isascii() and seconds.isdigit() and len(seconds) <= 11):
        return None
    return datetime.fromtimestamp(int(seconds), UTC)
