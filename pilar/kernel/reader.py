"""Who reads: the locale of the active language."""

from babel import Locale, UnknownLocaleError
from django.conf import settings
from django.utils.translation import get_language


def locale() -> Locale:
    """Return the locale in which numbers, money and dates are written for the reader."""
    try:
        return Locale.parse(get_language() or settings.LANGUAGE_CODE, sep="-")
    except (UnknownLocaleError, ValueError):
        return Locale.parse("de")
