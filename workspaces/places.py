"""What follows from a studio's country until it says otherwise."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    timezone: str
    language: str


_PLACES = {
    "DE": Place("Europe/Berlin", "de"),
    "AT": Place("Europe/Vienna", "de"),
    "CH": Place("Europe/Zurich", "de"),
    "LI": Place("Europe/Vaduz", "de"),
    "LU": Place("Europe/Luxembourg", "de"),
    "ES": Place("Europe/Madrid", "es"),
    "FR": Place("Europe/Paris", "fr"),
    "BE": Place("Europe/Brussels", "fr"),
    "IT": Place("Europe/Rome", "it"),
    "NL": Place("Europe/Amsterdam", "en"),
    "GB": Place("Europe/London", "en"),
    "IE": Place("Europe/Dublin", "en"),
    "DK": Place("Europe/Copenhagen", "en"),
    "SE": Place("Europe/Stockholm", "en"),
    "PL": Place("Europe/Warsaw", "en"),
    "CZ": Place("Europe/Prague", "en"),
    "PT": Place("Europe/Lisbon", "en"),
}
COUNTRIES = tuple(_PLACES)
USUAL = "DE"


def place(country: str) -> Place:
    """Return the time zone and language of a country we serve; Germany's for any other."""
    return _PLACES.get(country.upper(), _PLACES[USUAL])
