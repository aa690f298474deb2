"""What a room shows to operators: parts of their front page, parts of a studio's page there, and what a search finds.

Parts are plain data, so that every room's look alike and none needs a template.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.timezone import localtime

Text = str | Promise


def moment(at: datetime | None, *, exact: bool = False) -> str:
    """Write a moment in the reader's way and time zone, to the minute, or to the second; a dash for none."""
    if at is None:
        return "–"
    local = localtime(at)
    if exact:
        return f"{date_format(local, 'SHORT_DATE_FORMAT')} {local:%H:%M:%S}"
    return date_format(local, "SHORT_DATETIME_FORMAT")


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure; `bad` draws attention to it, `url` leads to its rows."""

    label: Text
    value: object
    url: str = ""
    bad: bool = False
    note: Text = ""


@dataclass(frozen=True, slots=True)
class Cell:
    text: object
    url: str = ""
    bad: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under their headings; `empty` is said when there are none."""

    columns: Sequence[Text]
    rows: Sequence[Sequence[Cell]]
    empty: Text


@dataclass(frozen=True, slots=True)
class Drawing:
    tiles: Sequence[Tile] = ()
    table: Table | None = None


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the operators' front page; `draw` runs across all workspaces, in an open transaction."""

    name: str
    title: Text
    draw: Callable[[datetime], Drawing]
    order: int = 50


@dataclass(frozen=True, slots=True)
class StudioPanel:
    """A part of one studio's page for operators; `draw` runs in the studio's scope, in an open transaction."""

    name: str
    title: Text
    draw: Callable[[UUID, datetime], Drawing]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Wording:
    """What operators read for names of one kind that the code gave. `codes` are all that there can be, or none when only
    the rows know; `code` writes one where the word alone is not enough.
    """

    kind: str
    word: Callable[[Any], str]
    codes: Callable[[], Iterable[Any]] = tuple
    code: Callable[[Any], str] = str

    @classmethod
    def of(cls, kind: str, words: Mapping[str, Text]) -> "Wording":
        """Say the names in `words`, which are all that there are; a new one is shown as it is."""
        return cls(kind, lambda name: str(words.get(name, name)), lambda: words)

    def told(self, value: Any) -> tuple[str, str]:
        """Return the word and the code; no code where it is one of the words."""
        word, code = self.word(value), self.code(value)
        return word, "" if code.casefold() in re.findall(r"\w+", word.casefold()) else code


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of the operators' search."""

    kind: Text
    title: str
    url: str
    workspace_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Finder:
    """Looks a term up across all workspaces: an id, a number, an address, a name. At most a handful of hits each."""

    name: str
    find: Callable[[str], Iterable[Found]]


def list_of(table: str, **wanted: object) -> str:
    """Return the address of the list of a table ("health_incident"), of those rows that a filter or search leaves."""
    address = reverse(f"admin:{table}_changelist")
    return f"{address}?{urlencode(wanted)}" if wanted else address


def as_number(term: str) -> str:
    """Return the term as the telephone number that it would be."""
    return "+" + term.lstrip("+").replace(" ", "")


def as_uuid(term: str) -> UUID | None:
    """Return the term as a UUID, or None when it is none."""
    try:
        return UUID(term)
    except ValueError:
        return None
