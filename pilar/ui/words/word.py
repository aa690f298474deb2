"""A word for a state."""

from typing import NamedTuple

from django.utils.functional import Promise


class Word(NamedTuple):
    """Tones are `ok`, `busy` (we are at it), `wait` (somebody else's turn), `bad` and `mute`."""

    tone: str
    text: str | Promise
