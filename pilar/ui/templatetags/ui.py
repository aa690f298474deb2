"""Template tags of the product, loaded in every template."""

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import phonenumbers
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_skeleton, format_timedelta, get_timezone_location
from django import template
from django.contrib.messages import get_messages
from django.contrib.messages.storage.base import Message
from django.forms import BoundField, CheckboxInput, Form
from django.template.loader import render_to_string
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from pilar.kernel import money, reader
from pilar.ui import charts, icons, words
from pilar.ui.toasts import undo_url

register = template.Library()

TONE_ICONS = {
    "ok": "circle-check",
    "busy": "loader-circle",
    "wait": "hourglass",
    "bad": "circle-alert",
    "mute": "circle-dashed",
}

SHORT = 10
"""Durations below this many seconds are shown with one decimal."""
_ID_SCOPE = "_unique_ids_of"
_TOAST_TONES = {"debug": "mute", "info": "busy", "success": "ok", "warning": "wait", "error": "bad"}

icon = register.simple_tag(icons.icon)
sparkline = register.simple_tag(charts.sparkline)
ring = register.simple_tag(charts.ring)
countdown = register.simple_tag(charts.countdown)
register.simple_tag(charts.days, name="bar90")
register.filter("undo_url", undo_url)


@register.simple_tag
def state(kind: str, value: object) -> SafeString:
    """A badge with the state's word, icon and tone; colour is never the only sign."""
    tone = words.tone(kind, value)
    return format_html(
        '<span class="badge tone-{}">{}{}</span>', tone, icons.icon(TONE_ICONS[tone]), words.word(kind, value)
    )


@register.simple_tag
def state_icon(kind: str, value: object) -> SafeString:
    """Only the icon of a state; the word must stand beside it."""
    tone = words.tone(kind, value)
    return format_html('<span class="state-icon tone-{}">{}</span>', tone, icons.icon(TONE_ICONS[tone]))


@register.simple_tag
def tone_icon(tone: str) -> SafeString:
    """The icon that goes with a tone."""
    return icons.icon(TONE_ICONS[tone])


@register.simple_tag(takes_context=True)
def toasts(context: template.Context) -> Iterable[Message]:
    """Django's messages, also on pages whose own context has something else called `messages`."""
    request = context.get("request")
    return get_messages(request) if request else []


@register.filter
def toast_tone(level: str) -> str:
    """Level of a Django message as a tone."""
    return _TOAST_TONES.get(level, "busy")


@register.filter
def words_of(text: str) -> list[str]:
    """`{% for tone in "ok bad"|words_of %}`"""
    return text.split()


@register.filter
def as_json(value: object) -> str:
    """A stored value as people of the trade read it."""
    return json.dumps(value, ensure_ascii=False)


@register.filter
def times(count: str | int) -> range:
    """`{% for line in lines|times %}`"""
    return range(int(count))


@register.filter
def word(value: object, kind: str) -> str:
    """`{{ "delivered"|word:"message" }}`"""
    return words.word(kind, value)


@register.filter
def tone(value: object, kind: str) -> str:
    """The tone of a state, for a class name."""
    return words.tone(kind, value)


@register.simple_tag
def meter(value: float, largest: float, label: str) -> SafeString:
    """A bar of something limited: calm below 80 percent, then amber, then red."""
    share = value / largest if largest else 0
    return charts.bar(value, largest, label, "bad" if share >= 1 else "wait" if share >= 0.8 else "brand")


@register.inclusion_tag("ui/funnel.html")
def funnel(steps: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Rows of `{"name", "value"}`, each drawn as a share of the first."""
    first = steps[0]["value"] if steps else 0
    return {"rows": [{**row, "bar": charts.bar(row["value"], first, row["name"])} for row in steps]}


@register.filter
def cents(amount: int | None, currency: str | None = None) -> str:
    """Integer cents as money in the reader's way; whole amounts without decimals."""
    if amount is None:
        return ""
    return money.cents(amount, currency or "EUR")


@register.filter
def phone(number: str | None) -> str:
    """A stored E.164 number as people write it; anything else as it is."""
    if not number:
        return ""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


_BROWSERS = (("Edg", "Edge"), ("OPR/", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@register.filter
def device(user_agent: str | None) -> str:
    """What a browser says of itself, as people call it: "Chrome, Android"."""
    said = user_agent or ""
    named = [next((name for mark, name in names if mark in said), "") for names in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, named)) or _("Unknown device")


@register.filter
def ago(moment: datetime | None) -> str:
    """How far away, in words: "3 minutes ago", "in 2 days"."""
    if moment is None:
        return ""
    distance = moment - timezone.now()
    if abs(distance.total_seconds()) < 45:
        return _("in a moment") if distance.total_seconds() > 0 else _("just now")
    return str(format_timedelta(distance, add_direction=True, locale=reader.locale()))


@register.filter
def clock(moment: datetime | None) -> str:
    """The time today, otherwise the day as one says it and the time, in the reader's zone: "09:12", "tomorrow, 00:00".

    So no sentence has "at" or "on" before it.
    """
    if moment is None:
        return ""
    local, today = timezone.localtime(moment), timezone.localdate()
    time = formats.time_format(local, "TIME_FORMAT")
    match (local.date() - today).days:
        case 0:
            return time
        case 1:
            return _("tomorrow, %(time)s") % {"time": time}
        case -1:
            return _("yesterday, %(time)s") % {"time": time}
    if local.year != today.year:
        return formats.date_format(local, "SHORT_DATETIME_FORMAT")
    return f"{format_skeleton('MMMEd', local, locale=reader.locale())}, {time}"


@register.filter
def day_or_clock(moment: datetime | None) -> str:
    """The time today, otherwise only the day: for narrow lists."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate():
        return formats.time_format(local, "TIME_FORMAT")
    return format_skeleton("MMMd", local, locale=reader.locale())


@register.filter
def zone_label(name: str) -> str:
    """A time zone by its place in the reader's language: "Berlin" for Europe/Berlin."""
    return get_timezone_location(name, locale=reader.locale(), return_city=True)


@register.filter
def duration(seconds: float | None) -> str:
    """Seconds as "0.4 s", "12 s" or "3 min 5 s"."""
    if seconds is None:
        return ""
    if seconds < SHORT:
        return pgettext("duration", "%(seconds)s s") % {"seconds": formats.number_format(max(seconds, 0.1), 1)}
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return pgettext("duration", "%(seconds)s s") % {"seconds": rest}
    return pgettext("duration", "%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": rest}


@register.filter
def initials(name: str | None) -> str:
    """Up to two letters for the round picture beside a name."""
    parts = (name or "").split()
    return "".join(part[0] for part in (parts[:1] + parts[1:][-1:])).upper() or "?"


@register.filter
def is_open(until: datetime | None) -> bool:
    """Whether a moment still lies ahead."""
    return until is not None and until > timezone.now()


@register.filter
def is_checkbox(field: BoundField) -> bool:
    return isinstance(field.field.widget, CheckboxInput)


@register.filter
def is_group(field: BoundField) -> bool:
    """Whether the field is a set of radio buttons or check boxes, which needs a legend instead of a label."""
    return field.use_fieldset


@register.filter
def described(field: BoundField) -> BoundField:
    """Tie help and errors to the input for screen readers; Django does both for its own templates only."""
    widget = field.field.widget
    if field.errors:
        widget.attrs["aria-invalid"] = "true"
    ids = [f"{field.auto_id}_{part}" for part, there in (("help", field.help_text), ("error", field.errors)) if there]
    if ids:
        widget.attrs["aria-describedby"] = " ".join(ids)
    return field


def _groups(form: Form) -> Iterable[tuple[str, list[BoundField]]]:
    named = getattr(form, "fieldsets", None) or [("", [field.name for field in form.visible_fields()])]
    return [(legend, [form[name] for name in names if name in form.fields]) for legend, names in named]


@register.inclusion_tag("ui/form_fields.html")
def form_fields(form: Form) -> dict[str, Any]:
    """All fields of a form with labels, help and errors; grouped when the form has `fieldsets`."""
    return {"form": form, "groups": _groups(form)}


@register.simple_tag(takes_context=True)
def unique_id(context: template.Context, prefix: str) -> str:
    """An id for a pair of elements that point at each other within one page.

    It counts, so that a polled part which did not change is the same text again.
    """
    request = context.get("request")
    if request is None:
        return f"{prefix}-{secrets.token_hex(4)}"
    scope = request.__dict__.get(_ID_SCOPE, "")
    taken: dict[str, int] = request.__dict__.setdefault("_unique_ids", {})
    taken[scope + prefix] = taken.get(scope + prefix, 0) + 1
    return f"{prefix}-{scope}{taken[scope + prefix]}"


@register.filter
def localize_number(value: float | None) -> str:
    """A number with the reader's thousands separators."""
    return "" if value is None else formats.number_format(value, force_grouping=True)


@register.filter
def amount(value: int | None, unit: str) -> str:
    """An amount of a budget in the reader's way: micro-euro as euro to the cent, else a number."""
    return localize_number(value) if value is None or unit != money.MICRO_EURO else money.shown(value)


@register.filter
def words_of_tokens(tokens: int) -> int:
    """About how many German words an AI reads or writes with so many tokens: half as many."""
    return tokens // 2


@register.filter
def exact_amount(value: int | None, unit: str) -> str:
    """An amount of a budget for operators, with all its digits; no limit as ∞."""
    return money.of_budget(value, unit)


@register.filter
def up_to(value: int, most: int) -> str:
    """A count that was stopped at `most`."""
    return f"{localize_number(value)}+" if value >= most else localize_number(value)


@register.simple_tag(takes_context=True)
def widget_body(context: template.Context, widget: Mapping[str, Any]) -> SafeString:
    """Render a registered part of the dashboard with its own context and nothing of the page's.

    Its ids carry its name, so that it is the same text within the page and alone.
    """
    request = context.get("request")
    if request is None:
        return SafeString(render_to_string(widget["template"], dict(widget["context"])))
    request.__dict__[_ID_SCOPE] = f"{widget['name']}-"
    body = render_to_string(widget["template"], dict(widget["context"]), request)
    del request.__dict__[_ID_SCOPE]
    return SafeString(body)


@register.filter
def language_label(code: str | None) -> str:
    """A language code as its name in the reader's language."""
    try:
        return Locale.parse((code or "").lower(), sep="-").get_display_name(reader.locale()) or str(code)
    except (UnknownLocaleError, ValueError):
        return code or ""
