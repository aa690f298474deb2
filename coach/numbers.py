"""Telephone numbers as E.164, whichever way people write them."""

import re

import phonenumbers
from django.utils.translation import gettext as _

from pilar.kernel.problems import Problem


def normalise(written: str, *, country: str) -> str:
    """Return the number as E.164; `country` helps with national notation. Raises Problem for what is no number."""
    try:
        parsed = phonenumbers.parse(written, country or None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        text = _("This is not a telephone number. Write it with country code, for example +49 151 23456789.")
        raise Problem(text, fields={"phone": text})
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def from_wa_id(digits: str) -> str:
    """Return WhatsApp's digits-only form as E.164, or an empty string when it is no number."""
    bare = re.sub(r"\D", "", digits)
    return f"+{bare}" if 6 <= len(bare) <= 15 else ""


def country_of(address: str) -> str:
    """Return the country of WhatsApp's digits, or of a user id, which begins with it; empty where it cannot be told."""
    country, dot, _rest = address.partition(".")
    if dot:
        return country.upper()
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(f"+{address}")) or ""
    except phonenumbers.NumberParseException:
        return ""


def wa_id(e164: str) -> str:
    """Return the digits WhatsApp wants in `to`."""
    return e164.lstrip("+")
