"""The one renderer and parser pair of the API: camelCase outside, snake_case inside.

Only names that look like ours are turned, so keys that are data (ids, phone numbers, language codes) stay as they
are. The parser refuses what PostgreSQL or Python would choke on later, so that no input can become a 500.
"""

import json
import re
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

_SNAKE = re.compile(r"^[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")
_CAMEL = re.compile(r"^[a-z][a-z0-9]*(?:[A-Z][a-z0-9]*)+$")
_HUMP = re.compile(r"(?<!^)(?=[A-Z])")
DEEPEST = 20
LARGEST = 2**63 - 1


def camel(name: str) -> str:
    """Return `due_at` as `dueAt`; other shapes unchanged."""
    if not _SNAKE.match(name):
        return name
    first, *rest = name.split("_")
    return first + "".join(part[:1].upper() + part[1:] for part in rest)


def snake(name: str) -> str:
    """Return `dueAt` as `due_at`; other shapes unchanged."""
    return _HUMP.sub("_", name).lower() if _CAMEL.match(name) else name


def camelized(data: Any) -> Any:
    """Return nested data with the names of its fields in camelCase."""
    if isinstance(data, dict):
        return {camel(key) if isinstance(key, str) else key: camelized(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [camelized(value) for value in data]
    return data


def accepted(data: Any, depth: int = 0) -> Any:
    """Return parsed JSON with snake_case names. Raises ParseError for what cannot be stored or is nested too deep."""
    if depth > DEEPEST:
        raise ParseError(_("The JSON is nested too deeply. Send at most %(depth)s levels.") % {"depth": DEEPEST})
    if isinstance(data, dict):
        return _accepted_object(data, depth)
    if isinstance(data, list):
        return [accepted(value, depth + 1) for value in data]
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, int | float) and not isinstance(data, bool) and not -LARGEST <= data <= LARGEST:
        raise ParseError(_("A number in the JSON is too large."))
    return data


def _accepted_object(data: dict[str, Any], depth: int) -> dict[str, Any]:
    renamed = {snake(storable(key)): accepted(value, depth + 1) for key, value in data.items()}
    if len(renamed) != len(data):
        raise ParseError(_("The JSON names a field twice."))
    return renamed


def storable(text: str) -> str:
    """Return `text` unchanged. Raises ParseError for NUL characters and lone surrogates, which no database text
    can hold.
    """
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ParseError(_("The text contains characters that cannot be stored."))
    return text


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Python keeps the last of two fields with one name; whoever checked the first would have checked another body."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ParseError(_("The JSON names a field twice."))
    return found


class CamelParser(BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            text = stream.read().decode("utf-8")
            data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_object) if text.strip() else {}
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The body is not valid JSON. Send UTF-8 JSON without comments.")) from error
        return accepted(data)


class CamelRenderer(JSONRenderer):
    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        body: bytes = super().render(camelized(data), accepted_media_type, renderer_context)
        return body


class ProblemRenderer(CamelRenderer):
    media_type = "application/problem+json"
    format = "problem"
