"""One row of an uploaded file: who it is, and what becomes of it. Pure functions of the row and the rules."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from coach import numbers, texts
from coach.leads import is_tag
from coach.tables import Table
from pilar.kernel.problems import Problem

NEW, KNOWN, WRONG, FULL = "new", "known", "wrong", "full"
_DATES = ("%d.%m.%Y", "%Y-%m-%d", "%d/%m/%Y", "%d.%m.%y", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M")
_LANGUAGES = {"deu": "de", "ger": "de", "eng": "en", "spa": "es", "esp": "es", "fra": "fr", "fre": "fr", "ita": "it"}
_MOST_TAGS = 20


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for all rows. `room` is how many the plan still takes."""

    mapping: dict[str, int]
    consent: dict[str, str]
    country: str
    language: str
    timezone: str
    now: datetime
    room: int


@dataclass(frozen=True, slots=True)
class Row:
    """A judged row. `reason` says why it is left out, or what of it could not be used."""

    number: int
    outcome: str
    reason: str = ""
    name: str = ""
    phone: str = ""
    email: str = ""
    language: str = ""
    tags: list[str] = field(default_factory=list)
    consent_at: datetime | None = None


def judge_all(table: Table, rules: Rules, known: Iterable[str]) -> Iterator[Row]:
    """Judge every row; a number that was there before, in the studio or in the file, is `known`."""
    taken, room = set(known), rules.room
    for place, cells in enumerate(table.rows):
        row = _judged(table.first_row + place, cells, rules, taken)
        if row.outcome == NEW:
            taken.add(row.phone)
            if room == 0:
                row = Row(row.number, FULL, "plan_full", name=row.name, phone=row.phone)
            room = max(0, room - 1)
        yield row


def phones(table: Table, rules: Rules) -> list[str]:
    """Return the numbers of all rows that have a usable one."""
    written = (_cell(cells, "phone", rules) for cells in table.rows)
    return [phone for phone in (_phone(text, rules) for text in written) if phone]


def _judged(number: int, cells: list[str], rules: Rules, taken: set[str]) -> Row:
    name, written = _name(cells, rules), _cell(cells, "phone", rules)
    phone = _phone(written, rules)
    if not phone:
        return Row(number, WRONG, "bad_phone" if written else "no_phone", name=name, phone=written[:40])
    if phone in taken:
        return Row(number, KNOWN, "known", name=name, phone=phone)
    email, at = _cell(cells, "email", rules), _agreed(cells, rules)
    email_fits, tags = _is_email(email), _tags(_cell(cells, "tags", rules))
    doubts = {"bad_email": not email_fits, "no_consent_date": rules.consent.get("mode") == "column" and at is None}
    return Row(
        number,
        NEW,
        next((reason for reason, holds in doubts.items() if holds), ""),
        name=name,
        phone=phone,
        email=email if email_fits else "",
        language=_language(_cell(cells, "language", rules), rules.language),
        tags=tags,
        consent_at=at,
    )


def _cell(cells: list[str], name: str, rules: Rules) -> str:
    place = rules.mapping.get(name)
    return cells[place].replace("\x00", "") if place is not None and place < len(cells) else ""


def _name(cells: list[str], rules: Rules) -> str:
    parts = [_cell(cells, part, rules) for part in ("first_name", "last_name")]
    return (" ".join(part for part in parts if part) or _cell(cells, "name", rules))[:120]


def _phone(written: str, rules: Rules) -> str:
    if not written:
        return ""
    if "+" not in written and re.fullmatch(r"00[1-9][\d\s()/.-]+", written):
        written = f"+{written[2:]}"
    try:
        return numbers.normalise(written[:40], country=rules.country)
    except Problem:
        return ""


def _is_email(text: str) -> bool:
    try:
        validate_email(text or "nobody@example.com")
    except ValidationError:
        return False
    return len(text) <= 254


def _language(text: str, usual: str) -> str:
    lowered = text.lower()
    short = _LANGUAGES.get(lowered[:3], lowered[:2])
    return short if short and texts.language_or_default(short) == short else usual


def _tags(text: str) -> list[str]:
    found = (tag.strip() for tag in re.split(r"[,;|]", text))
    return list(dict.fromkeys(tag for tag in found if is_tag(tag)))[:_MOST_TAGS]


def _agreed(cells: list[str], rules: Rules) -> datetime | None:
    """The instant of the consent; a day counts from its noon. None when there is none, or it lies in the future."""
    mode = rules.consent.get("mode")
    text = {"column": _cell(cells, "consent_at", rules), "one": rules.consent.get("at", "")}.get(mode or "", "")
    day = read_date(text)
    if day is None:
        return None
    at = datetime.combine(day, time(12), tzinfo=ZoneInfo(rules.timezone)).astimezone(UTC)
    return min(at, rules.now) if at.date() <= rules.now.date() else None


def read_date(text: str) -> date | None:
    """Return a date as people write it in Europe or as machines do; None for anything else."""
    for layout in _DATES:
        try:
            found = datetime.strptime(text, layout).date()  # noqa: DTZ007  # only the day counts; the zone follows
        except ValueError:
            continue
        return found if found.year >= 1990 else None
    return None
