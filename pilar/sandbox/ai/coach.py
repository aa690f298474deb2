"""A polite coach of few words: the same question always gets the same answer, in its own language."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pilar.sandbox.ai.phrases import ANYTHING, DAYS, INTENTS, WORDS

SMALL_WORDS = {language: frozenset(words.split()) for language, words in WORDS.items()}
# Letters that hardly any other of the languages has.
LETTERS = {"de": "äöüß", "es": "ñ¿¡áíóú", "fr": "êçœàû", "it": "òìù"}
WORD = re.compile(r"[^\W\d_]+")
# An instruction such as "Write in English only" or "Antworte auf Deutsch".
ORDERED = re.compile(r"\b(?:in|auf) (german|deutsch|english|englisch|spanish|french|italian)", re.IGNORECASE)
NAMES = {
    "german": "de", "deutsch": "de", "english": "en", "englisch": "en", "spanish": "es", "french": "fr", "italian": "it",
}  # fmt: skip


@dataclass(frozen=True)
class Thought:
    """What the coach makes of a conversation; a schema is filled from it."""

    text: str
    language: str
    intent: str
    needs_human: bool
    days: tuple[str, ...] = ()
    """The days on which the member wants to hear from the studio, when that is what was asked for."""


def language_of(text: str) -> str:
    """The language by its small words and letters; German when in doubt, as the studios are."""
    words = WORD.findall(text.casefold())
    scores = {
        language: sum(word in known for word in words)
        + 2 * sum(letter in text.casefold() for letter in LETTERS.get(language, ""))
        for language, known in SMALL_WORDS.items()
    }
    return max(scores, key=lambda language: scores[language])


def think(text: str, instructions: str = "") -> Thought:
    """Answer the last words of a member, in the language that the instructions order, else in the member's own.

    The question itself is never repeated, so nothing planted in it comes back.
    """
    found = next((intent for intent in INTENTS if intent.pattern.search(text)), ANYTHING)
    ordered = ORDERED.search(instructions)
    language = NAMES[ordered.group(1).casefold()] if ordered else language_of(text)
    days = tuple(day for day, words in DAYS.items() if re.search(words, text, re.IGNORECASE))
    wished = days if found.name == "wishes" else ()
    return Thought(found.says[language], language, found.name, found.needs_human, wished)
