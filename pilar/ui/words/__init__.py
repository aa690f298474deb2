"""States in the reader's language: one word and one tone for each state that the product shows.

The words stand by subject: `chats`, `members`, `engine`, `studio`, `trail`.
"""

from django.utils.functional import Promise

from pilar.ui.words import chats, engine, members, studio, trail
from pilar.ui.words.word import Word

_WORDS: dict[str, dict[str, Word]] = {**chats.WORDS, **members.WORDS, **engine.WORDS, **studio.WORDS, **trail.WORDS}


def _look_up(kind: str, state: object) -> Word:
    raw = str(state or "")
    return _WORDS[kind].get(raw.lower()) or Word(
        "mute", raw.replace("_", " ").replace("-", " ").replace(".", ": ").capitalize()
    )


def word(kind: str, state: object) -> str:
    """Return the state in the active language; an unknown state is shown as it is. KeyError for an unknown kind."""
    return str(_look_up(kind, state).text)


def label(kind: str, state: str) -> str | Promise:
    """Return the word of a known state for a model's choices; it is translated when it is shown. KeyError for another."""
    return _WORDS[kind][state].text


def tone(kind: str, state: object) -> str:
    """Return the tone of a state; KeyError for an unknown kind."""
    return _look_up(kind, state).tone


def known_states(kind: str) -> list[str]:
    """The states that have a word, for the gallery and the tests."""
    return list(_WORDS[kind])


def kinds() -> list[str]:
    """The kinds of states that have words."""
    return list(_WORDS)
