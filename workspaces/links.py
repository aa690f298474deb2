"""What a link in a mail is good for. Tokens are 256 random bits, stored as a hash (reliability S2)."""

import hashlib
import secrets
from enum import StrEnum


class LinkState(StrEnum):
    VALID = "valid"
    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


def new_token() -> str:
    """Return a token that nobody can guess."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return the form in which a link's token is stored."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
