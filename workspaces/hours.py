"""Opening hours: a week of days with one or two spans each, stored as `{"mon": [["06:00", "12:00"], …], …}`.

Programs may send other shapes by the API (`["06:00", "22:00"]`, `"06:00-22:00"`); what can be read of them is read.
"""

import re
from collections.abc import Mapping
from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ENGLISH = dict(zip(DAYS, ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
_CLOCK = re.compile(r"(?:[01]\d|2[0-4]):[0-5]\d")

Span = tuple[str, str]
Week = dict[str, list[Span]]


def read(stored: Any) -> Week:
    """Return the days that say when the studio is open; a day that is there and empty is a closed one."""
    if not isinstance(stored, Mapping):
        return {}
    return {day: _spans(stored[day]) for day in DAYS if day in stored}


def _spans(value: Any) -> list[Span]:
    times = _CLOCK.findall(str(value))
    return [(begin, end) for begin, end in zip(times[::2], times[1::2], strict=False) if begin < end]


def fields(stored: Any) -> dict[str, str]:
    """Return stored hours as the values of the week's form."""
    values: dict[str, str] = {}
    for day, spans in read(stored).items():
        values[f"{day}_open"] = "on" if spans else ""
        for place, (begin, end) in zip(("", "2"), spans, strict=False):
            values |= {f"{day}_from{place}": begin, f"{day}_to{place}": end}
    return values


def runs(stored: Any) -> list[tuple[list[str], list[Span]]]:
    """Return the days with their hours in order, days that follow each other with the same hours together."""
    found: list[tuple[list[str], list[Span]]] = []
    for day, spans in read(stored).items():
        if found and found[-1][1] == spans and DAYS.index(found[-1][0][-1]) + 1 == DAYS.index(day):
            found[-1][0].append(day)
        else:
            found.append(([day], spans))
    return found


def told(stored: Any) -> str:
    """Say the hours in one English line; empty when nothing is known."""
    return "; ".join(
        f"{_range(days)} {' and '.join(f'{begin}-{end}' for begin, end in spans) or 'closed'}"
        for days, spans in runs(stored)
    )


def _range(days: list[str]) -> str:
    return ENGLISH[days[0]] if len(days) == 1 else f"{ENGLISH[days[0]]}-{ENGLISH[days[-1]]}"
