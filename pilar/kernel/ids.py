"""Identifiers that leave the system: UUID version 7 (RFC 9562), ordered by creation time."""

import os
import time
from uuid import UUID


def uuid7() -> UUID:
    """Return a new UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds << 80) | int.from_bytes(os.urandom(10))
    value &= ~((0xF << 76) | (0x3 << 62))
    value |= (0x7 << 76) | (0x2 << 62)
    return UUID(int=value)
