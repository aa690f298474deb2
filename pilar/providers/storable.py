"""Makes foreign JSON fit for PostgreSQL, which holds neither NUL nor half of a surrogate pair."""

import json
from hashlib import sha256
from typing import Any

LONGEST_KEY = 200


def load(body: bytes) -> Any:
    """Read JSON; NaN and infinities, which are none, become null. Raises ValueError, RecursionError."""
    return json.loads(body, parse_constant=lambda _: None)


def text(value: str) -> str:
    """Return the text without what cannot be stored."""
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def key(name: str) -> str:
    """Return an idempotency key of bounded length; ids come from outside and have none."""
    return name if len(name) <= LONGEST_KEY else f"{name[:100]}:{sha256(name.encode()).hexdigest()}"


def clean(value: Any) -> Any:
    """Return nested data without what cannot be stored."""
    if isinstance(value, dict):
        return {text(str(name)): clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    return text(value) if isinstance(value, str) else value
