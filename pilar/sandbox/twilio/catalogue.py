"""Which numbers Twilio sells, where, and what it wants to see first."""

from __future__ import annotations

import unicodedata
import zlib
from dataclasses import dataclass

from pilar.sandbox.twilio.state import Json


@dataclass(frozen=True)
class Kind:
    """One country's numbers of one type: their prefixes by place and their conditions of sale."""

    country: str
    type: str
    calling_code: str
    prefixes: dict[str, str]
    subscriber_digits: int
    needs_bundle: bool
    address: str
    voice: bool = True
    sms: bool = False


NAMES = {
    "AT": "Austria",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IT": "Italy",
    "US": "United States",
}
CALLING_CODES = {"AT": "43", "CH": "41", "DE": "49", "ES": "34", "FR": "33", "GB": "44", "IT": "39", "US": "1"}
PLACES: dict[str, dict[str, str]] = {
    "DE": {
        "Berlin": "30", "Hamburg": "40", "München": "89", "Köln": "221", "Frankfurt am Main": "69",
        "Stuttgart": "711", "Düsseldorf": "211", "Leipzig": "341", "Dresden": "351", "Hannover": "511",
        "Nürnberg": "911", "Bremen": "421", "Essen": "201", "Dortmund": "231", "Bonn": "228",
        "Münster": "251", "Karlsruhe": "721", "Mannheim": "621", "Augsburg": "821", "Freiburg": "761",
    },
    "AT": {"Wien": "1", "Graz": "316", "Linz": "732", "Salzburg": "662", "Innsbruck": "512"},
    "CH": {"Zürich": "44", "Genf": "22", "Basel": "61", "Bern": "31", "Lausanne": "21"},
    "ES": {"Madrid": "91", "Barcelona": "93", "Valencia": "96", "Sevilla": "95"},
    "FR": {"Paris": "1", "Lyon": "4", "Lille": "3", "Nantes": "2", "Toulouse": "5"},
    "GB": {"London": "20", "Manchester": "161", "Birmingham": "121", "Leeds": "113"},
    "IT": {"Roma": "06", "Milano": "02", "Torino": "011", "Napoli": "081"},
    "US": {"New York": "212", "Los Angeles": "213", "Chicago": "312", "Austin": "512"},
}  # fmt: skip
MOBILE_PREFIXES = {
    "AT": "676", "CH": "79", "DE": "1575", "ES": "6", "FR": "6", "GB": "7", "IT": "35", "US": "",
}  # fmt: skip
# Digits after the calling code of a whole number, as real numbers of these countries have them.
LOCAL_LENGTH = {"AT": 10, "CH": 9, "DE": 11, "ES": 9, "FR": 9, "GB": 10, "IT": 10, "US": 10}
MOBILE_LENGTH = {"AT": 10, "CH": 9, "DE": 11, "ES": 9, "FR": 9, "GB": 10, "IT": 10}
# The address has to lie in the area of the prefix there; elsewhere any address will do.
LOCAL_ADDRESS = frozenset({"AT", "CH", "DE", "ES", "FR", "IT"})


def _local(country: str) -> Kind:
    regulated = country != "US"
    address = "none" if not regulated else "local" if country in LOCAL_ADDRESS else "any"
    code, length = CALLING_CODES[country], LOCAL_LENGTH[country]
    sms = country in {"US", "GB"}
    return Kind(country, "local", code, PLACES[country], length, regulated, address, sms=sms)


def _mobile(country: str) -> Kind:
    prefixes = {"": MOBILE_PREFIXES[country]}
    code, length = CALLING_CODES[country], MOBILE_LENGTH[country]
    return Kind(country, "mobile", code, prefixes, length, True, "any", sms=True)


KINDS: dict[tuple[str, str], Kind] = {
    **{(country, "local"): _local(country) for country in NAMES},
    **{(country, "mobile"): _mobile(country) for country in MOBILE_LENGTH},
    ("DE", "national"): Kind("DE", "national", "49", {"": "32"}, 11, True, "any"),
    ("DE", "toll-free"): Kind("DE", "toll-free", "49", {"": "800"}, 10, True, "any"),
    ("US", "toll-free"): Kind("US", "toll-free", "1", {"": "888"}, 10, False, "none", sms=True),
}


def fold(place: str) -> str:
    """Compare place names as people write them: ``Muenchen`` and ``münchen`` are one city."""
    text = place.strip().casefold()
    for umlaut, plain in (("ä", "ae"), ("ö", "oe"), ("ü", "ue"), ("ß", "ss")):
        text = text.replace(umlaut, plain)
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()


def same_place(one: str | None, other: str | None) -> bool:
    """Whether two names mean the same town; ``Frankfurt`` is enough for ``Frankfurt am Main``."""
    if not one or not other:
        return False
    first, second = fold(one), fold(other)
    return first == second or first.startswith(second + " ") or second.startswith(first + " ")


def place_prefix(kind: Kind, locality: str) -> tuple[str, str]:
    """The place's own name and prefix. A town that is not in the table gets an invented prefix of its own."""
    for name, prefix in kind.prefixes.items():
        if same_place(name, locality):
            return name, prefix
    digits = 2000 + zlib.crc32(fold(locality).encode()) % 7999
    return locality.strip(), str(digits)[: 4 if kind.country in {"DE", "AT"} else 2]


def make_number(kind: Kind, prefix: str, serial: int) -> str:
    """The number with this serial; the same serial always gives the same number."""
    rest = kind.subscriber_digits - len(prefix)
    # A step that is prime to ten keeps neighbours apart without ever repeating within the block.
    digits = (serial * 7_919 + 2_345_671) % 10**rest
    return f"+{kind.calling_code}{prefix}{digits:0{rest}d}"


def offer(kind: Kind, number: str, locality: str | None) -> Json:
    """One row of a search result, as ``AvailablePhoneNumbers`` gives it."""
    return {
        "friendly_name": number,
        "phone_number": number,
        "lata": None,
        "locality": locality,
        "rate_center": None,
        "latitude": None,
        "longitude": None,
        "region": locality,
        "postal_code": None,
        "iso_country": kind.country,
        "address_requirements": kind.address,
        "beta": False,
        "capabilities": {"voice": kind.voice, "SMS": kind.sms, "MMS": False},
    }
