"""Fills any JSON schema with sensible values, always the same for the same conversation."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pilar.sandbox.ai.coach import Thought

Json = dict[str, Any]

TEXT_NAMES = re.compile(r"reply|answer|message|text|body|content|response|antwort|nachricht", re.IGNORECASE)
HUMAN_NAMES = re.compile(r"human|hand_?(?:over|off)|escalat|staff|person|mensch|uebergabe", re.IGNORECASE)
OPT_OUT_NAMES = re.compile(r"opt_?out|stop|unsubscrib|abmeld", re.IGNORECASE)
HEALTH_NAMES = re.compile(r"health|injur|medical|pain|gesundheit", re.IGNORECASE)
BOOKING_NAMES = re.compile(r"book|appointment|schedul|termin", re.IGNORECASE)
GOOD_NAMES = re.compile(r"safe|on_topic|relevant|confident|can_answer|answerable|valid|\bok\b", re.IGNORECASE)
SCORE_NAMES = re.compile(r"confidence|score|certainty|probability|sicherheit", re.IGNORECASE)
WISH_NAMES = re.compile(r"wish|wunsch|weekday|wochentag", re.IGNORECASE)
# What a calm assistant would choose, when an enumeration offers it.
CALM = (
    "reply", "answer", "respond", "send", "text", "neutral", "positive", "normal", "low", "none", "continue", "other",
    "general", "friendly", "informal", "du", "medium",
)  # fmt: skip
MAX_DEPTH = 12


class Filler:
    """One filling: the schema's root (for ``$ref``) and what the coach thinks."""

    def __init__(self, root: Json, thought: Thought) -> None:
        self.root, self.thought = root, thought

    def fill(self, schema: Json | bool | None = None, name: str = "", depth: int = 0) -> Any:
        """A value that satisfies the schema; ``name`` is the property it is for."""
        schema = self._resolve(self.root if schema is None else schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choose(schema["enum"], name)
        for union in ("anyOf", "oneOf"):
            if union in schema:
                return self.fill(self._alternative(schema[union], name), name, depth + 1)
        kind = schema.get("type") or ("object" if "properties" in schema else "string")
        if isinstance(kind, list):
            kind = self._alternative([{"type": each} for each in kind], name)["type"]
        return self._value(str(kind), schema, name, depth)

    def _resolve(self, schema: Json | bool) -> Json:
        if isinstance(schema, bool):
            return {}
        while "$ref" in schema:
            target: Any = self.root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = {**target, **{key: value for key, value in schema.items() if key != "$ref"}}
        for part in schema.get("allOf", []):
            schema = {**schema, **self._resolve(part)}
        return schema

    def _alternative(self, options: list[Json], name: str) -> Json:
        """Of several shapes: the one with a value when it is about the answer, else null where that is allowed."""
        real = [option for option in options if self._resolve(option).get("type") != "null"]
        wants_value = (
            bool(TEXT_NAMES.search(name))
            or (self.thought.needs_human and bool(HUMAN_NAMES.search(name)))
            or (bool(self.thought.days) and bool(WISH_NAMES.search(name)))
        )
        if len(real) < len(options) and not wants_value:
            return {"type": "null"}
        return real[0] if real else {"type": "null"}

    def _value(self, kind: str, schema: Json, name: str, depth: int) -> Any:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "boolean":
            return self._truth(name)
        if kind in {"integer", "number"}:
            return self._number(schema, name, whole=kind == "integer")
        return None if kind == "null" else self._text(schema, name)

    def _object(self, schema: Json, depth: int) -> Json:
        if depth > MAX_DEPTH:
            return {}
        return {key: self.fill(part, key, depth + 1) for key, part in schema.get("properties", {}).items()}

    def _array(self, schema: Json, name: str, depth: int) -> list[Any]:
        if "prefixItems" in schema:
            return [self.fill(part, name, depth + 1) for part in schema["prefixItems"]]
        if self.thought.days and WISH_NAMES.search(name):
            return list(self.thought.days)
        least = int(schema.get("minItems", 0))
        items = schema.get("items", {})
        values = [self.fill(items, name, depth + 1) for _ in range(least)]
        if schema.get("uniqueItems"):
            options = self._resolve(items).get("enum", [])
            values = list(options[:least]) if options else [f"{value} {n}" for n, value in enumerate(values, 1)]
        return values

    def _truth(self, name: str) -> bool:
        rules = (
            (HUMAN_NAMES, self.thought.needs_human),
            (OPT_OUT_NAMES, self.thought.intent == "opt_out"),
            (HEALTH_NAMES, self.thought.intent == "health"),
            (BOOKING_NAMES, self.thought.intent == "booking"),
            (GOOD_NAMES, True),
        )
        return next((answer for pattern, answer in rules if pattern.search(name)), False)

    def _number(self, schema: Json, name: str, *, whole: bool) -> float | int:
        low: float = schema.get("minimum") or schema.get("exclusiveMinimum") or 0
        high: float | None = schema.get("maximum", schema.get("exclusiveMaximum"))
        value: float = low + (1 if whole else 0.1) if "exclusiveMinimum" in schema else low
        if SCORE_NAMES.search(name):
            value = 0.9 if high is None and not whole else low + ((high or 100) - low) * 0.9
        step = float(schema.get("multipleOf", 0))
        if step:
            value = -(-value // step) * step
        return int(value) if whole else float(value)

    def _choose(self, options: list[Any], name: str) -> Any:
        words = {str(option).casefold(): option for option in options}
        if self.thought.language in words:
            return words[self.thought.language]
        if self.thought.needs_human:
            human = next((option for word, option in words.items() if HUMAN_NAMES.search(word)), None)
            if human is not None:
                return human
        wished = (self.thought.intent, *CALM)
        return next((words[word] for word in wished if word in words), options[0])

    def _text(self, schema: Json, name: str) -> str:
        value = self._formatted(schema, name)
        if "pattern" in schema and not re.search(schema["pattern"], value):
            value = next((each for each in SAMPLES if re.search(schema["pattern"], each)), value)
        longest, least = schema.get("maxLength"), schema.get("minLength", 0)
        if longest is not None and len(value) > longest:
            value = value[:longest].rsplit(" ", 1)[0] or value[:longest]
        return value.ljust(least, ".")

    def _formatted(self, schema: Json, name: str) -> str:
        soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
        formats = {
            "date-time": soon.isoformat(),
            "date": soon.date().isoformat(),
            "time": "18:00:00",
            "email": "mitglied@example.com",
            "uri": "https://example.com/",
            "uuid": "00000000-0000-4000-8000-000000000000",
        }
        if schema.get("format") in formats:
            return formats[schema["format"]]
        if re.search(r"lang|sprache|locale", name, re.IGNORECASE):
            return self.thought.language
        if re.search(r"intent|topic|category|thema", name, re.IGNORECASE):
            return self.thought.intent
        if re.search(r"reason|rationale|why|grund|summary|note", name, re.IGNORECASE):
            return f"Member asks about: {self.thought.intent}."
        return self.thought.text


# Tried one after the other when a string has to match a pattern.
SAMPLES = ("18:00", "2030-01-15", "de", "DE", "a", "A", "1", "abc", "ABC", "test_name", "+4915712345678", "#336699")
