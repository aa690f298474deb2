"""Masks secrets and personal data in logs and stored traces (reliability P10, S1): by key name and by pattern."""

import hashlib
import hmac
import re
from collections.abc import Mapping, MutableMapping
from functools import cache
from typing import Any

from django.conf import settings

HIDDEN = "[masked]"
_SECRET_KEYS = re.compile(
    r"(?i)(token|secret|password|passwd|authorization|cookie|api_?key|signature|session|pin$|iban|credential|private)"
)
_PERSONAL_KEYS = re.compile(
    r"(?i)^(e_?mail|phone|from_?|to|wa_id|recipient|recipient_id|body|text|content|message_body|first_name|last_name|profile|address|street)$"
)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_TOKENS = re.compile(
    r"(?i)(?:bearer\s+|basic\s+)[\w\-._~+/=]+"
    r"|\b(?:sk|rk|pk|whsec|gsk|xi|EAA|sk-ant|pilar)[-_][\w\-]{6,}"
    r"|\bSK[0-9a-f]{32}\b|\beyJ[\w-]+\.[\w-]+\.[\w-]+"
)
_UUID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
# One UUID in some 2,500 has thirteen digits in a row: it is matched first, and stays.
_CARD = re.compile(rf"(?i)\b(?P<uuid>{_UUID})\b|\b(?:\d[ -]?){{12,18}}\d\b")
_PHONE = re.compile(r"(?<![\w.-])\+\d[\d ()/-]{6,16}\d\b")
_QUERY = re.compile(r"(?i)([?&][^=&\s]*(?:token|secret|key|code|password|signature)[^=&\s]*=)[^&\s]+")
# A link's token, as the claim of a purchase has it, opens what it leads to for whoever reads the line.
_LINK = re.compile(rf"(?i)(?<=/)(?!{_UUID}\b)[\w:=-]{{32,}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@cache
def _phone_key() -> bytes:
    return hashlib.sha256(b"phone-log:" + settings.SECRET_KEY.encode()).digest()


def phone_hash(number: str) -> str:
    """Return a keyed hash under which one number can be followed through the logs without being told."""
    digits = re.sub(r"\D", "", number)
    return "tel:" + hmac.new(_phone_key(), digits.encode(), hashlib.sha256).hexdigest()[:12]


def mask_text(value: str) -> str:
    """Return `value` without tokens (of links, too), e-mail addresses, card and phone numbers; control characters become spaces.

    An id of ours (a UUID) is kept whole: it is what a line or an audit entry is found again by.
    """
    value = _QUERY.sub(rf"\1{HIDDEN}", value)
    value = _TOKENS.sub(HIDDEN, value)
    value = _LINK.sub(HIDDEN, value)
    value = _EMAIL.sub(HIDDEN, value)
    value = _PHONE.sub(lambda found: phone_hash(found.group()), value)
    value = _CARD.sub(lambda found: found["uuid"] or HIDDEN, value)
    return _CONTROL.sub(" ", value)


def mask(value: Any, key: str = "") -> Any:
    """Return a copy of nested data that may be logged or stored in a trace."""
    if _SECRET_KEYS.search(key):
        return HIDDEN
    if isinstance(value, Mapping):
        return {str(name): mask(inner, str(name)) for name, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [mask(inner, key) for inner in value]
    if _PERSONAL_KEYS.search(key):
        return HIDDEN
    if isinstance(value, bool | int | float | None):
        return value
    if hasattr(value, "path_info"):
        # Django's requests: what is searched for in the query is mostly somebody's name.
        value = f"{value.method} {value.path_info}"
    return mask_text(str(value))


def mask_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Structlog processor; must stand after exception formatting, last before the renderer."""
    for key, value in event.items():
        if key not in {"timestamp", "level", "logger"}:
            event[key] = mask(value, key)
    return event
