"""Time zones as people choose them: by place, with the clock's difference to Greenwich, the likely ones first."""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location, get_timezone_name
from django import forms
from django.utils.translation import gettext_lazy as _

from pilar.kernel import clock, reader, zones

Options = list[tuple[str, str]]
_CONTINENTS = {
    "Europe": "150", "Arctic": "150", "America": "019", "Africa": "002", "Asia": "142", "Australia": "009",
    "Pacific": "009", "Antarctica": "AQ",
}  # fmt: skip
"""The first part of a zone's name, and the continent's number in CLDR, whose names we show."""
_OCEANS = {"Atlantic": _("Atlantic Ocean"), "Indian": _("Indian Ocean")}


class TimeZoneField(forms.ChoiceField):
    """A choice of every zone that has a place. The zones of the country of the initial one stand on top."""

    default_error_messages = {"invalid_choice": _("We do not know this time zone. Choose one from the list.")}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"label": _("Time zone")} | kwargs)

    def valid_value(self, value: object) -> bool:
        """Whether there is such a zone, also by one of its older names, which people keep who have it."""
        return value in zones.known()

    def get_bound_field(self, form: forms.BaseForm, field_name: str) -> forms.BoundField:
        bound = super().get_bound_field(form, field_name)
        known = [str(zone) for zone in (bound.initial, bound.value()) if self.valid_value(zone)]
        self.choices = grouped(known, now=clock.now())
        return bound


def grouped(known: list[str], *, now: datetime) -> list[tuple[str, str | Options]]:
    """Return the zones by continent; before them the known ones, with all others of the country of the first."""
    locale, homes = reader.locale(), get_global("zone_territories")
    names = _names(locale, now.replace(minute=0, second=0, microsecond=0))
    home = homes.get(known[0], "") if known else ""
    likely = dict.fromkeys(known + [zone for zone in names if home and homes[zone] == home])
    first = [(zone, _label(zone, locale, now)) for zone in likely]
    regions: dict[str, Options] = {}
    for zone, name in names.items():
        if zone not in likely:
            regions.setdefault(_region(zone, locale), []).append((zone, name))
    country: list[tuple[str, str | Options]] = [(locale.territories[home], first)] if home else [*first]
    return [*country, *regions.items()]


@lru_cache(maxsize=16)
def _names(locale: Locale, now: datetime) -> dict[str, str]:
    """The zones that have a place, by region and then by name as a dictionary has them."""
    parts = [*_CONTINENTS, *_OCEANS]
    placed = [
        zone for zone in get_global("zone_territories") if zone in zones.known() and zone.partition("/")[0] in parts
    ]
    named = [(zone, _label(zone, locale, now)) for zone in placed]
    named.sort(key=lambda one: (parts.index(one[0].partition("/")[0]), normalize("NFKD", one[1])))
    return dict(named)


def _label(zone: str, locale: Locale, now: datetime) -> str:
    """The place and its difference at this moment: "Berlin (MEZ, UTC+1)"."""
    local = now.astimezone(ZoneInfo(zone))
    place = get_timezone_location(zone, locale=locale, return_city=True)
    minutes = round((local.utcoffset() or timedelta()) / timedelta(minutes=1))
    hours, rest = divmod(abs(minutes), 60)
    difference = f"UTC{'−' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    # Where a language has no short name of its own, Babel says the difference once more.
    short = get_timezone_name(local, width="short", locale=locale)
    inside = f"{short}, {difference}" if short.isalpha() and short != "UTC" else difference
    return f"{', '.join(reversed(place.split('/')))} ({inside})"


def _region(zone: str, locale: Locale) -> str:
    part = zone.partition("/")[0]
    return str(_OCEANS.get(part) or locale.territories[_CONTINENTS[part]])
