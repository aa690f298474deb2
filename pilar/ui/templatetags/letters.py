"""The parts of a letter. Each is written once and drawn twice: as HTML that mail programs understand, and as plain text.

A letter extends `layout`, so the same template gives subject, HTML and text (`pilar/providers/email/rendering.py`). Mail
programs know no stylesheet, so the styles stand at the elements; classes only serve the dark scheme of `layout.html`.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django import template
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join

register = template.Library()

_P = "margin:0 0 14px"
_SMALL = "margin:0 0 14px;font-size:14px;color:#4b5b5e"
_LINK = "color:#1d4ed8;word-break:break-word"
_BUTTON = (
    "display:inline-block;padding:14px 22px;border-radius:12px;background:#0f2023;color:#ffffff;font-weight:600;"
    "text-decoration:none"
)
_CODE = (
    "margin:20px 0;padding:14px 18px;border-radius:12px;background:#f2f5f2;font:600 26px/1.3 ui-monospace,Menlo,"
    "Consolas,monospace;letter-spacing:.12em;text-align:center"
)
_FACT = "padding:8px 0;border-top:1px solid #dfe6e0;vertical-align:top"


def _is_text(context: template.Context) -> bool:
    return bool(context.get("plain"))


@register.simple_block_tag(takes_context=True)
def p(context: template.Context, content: str) -> str:
    """A paragraph."""
    return f"{content.strip()}\n\n" if _is_text(context) else format_html('<p style="{}">{}</p>', _P, content)


@register.simple_block_tag(takes_context=True)
def small(context: template.Context, content: str) -> str:
    """A paragraph of less weight."""
    return (
        f"{content.strip()}\n\n"
        if _is_text(context)
        else format_html('<p class="quiet" style="{}">{}</p>', _SMALL, content)
    )


@register.simple_tag(takes_context=True)
def button(context: template.Context, url: str, label: str) -> str:
    """The one thing to do, and its address for programs that show no button."""
    if _is_text(context):
        return f"{label}:\n{url}\n\n"
    return format_html(
        '<p style="margin:24px 0"><a class="button" href="{0}" style="{1}">{2}</a></p>'
        '<p class="quiet" style="margin:0;font-size:14px;color:#4b5b5e"><a href="{0}" style="{3}">{0}</a></p>',
        url,
        _BUTTON,
        label,
        _LINK,
    )


@register.simple_tag(takes_context=True)
def code(context: template.Context, value: str) -> str:
    """Something to type in elsewhere."""
    return f"    {value}\n\n" if _is_text(context) else format_html('<p class="code" style="{}">{}</p>', _CODE, value)


@register.simple_tag(takes_context=True)
def facts(context: template.Context, *pairs: object) -> str:
    """Names and values in turns; pairs with an empty value are left out."""
    return facts_of(context, list(zip(pairs[::2], pairs[1::2], strict=True)))


@register.simple_tag(takes_context=True)
def facts_of(context: template.Context, pairs: Iterable[tuple[object, object]]) -> str:
    """The same from a list of pairs."""
    rows = [(name, value) for name, value in pairs if value not in ("", None)]
    if _is_text(context):
        return "".join(f"- {name}: {value}\n" for name, value in rows) + "\n"
    cells = format_html_join(
        "",
        '<tr><td class="line" style="{0};padding-right:16px"><span class="quiet" style="color:#4b5b5e">{1}</span></td>'
        '<td class="line" style="{0};text-align:right;font-weight:600">{2}</td></tr>',
        ((_FACT, name, value) for name, value in rows),
    )
    return format_html(
        '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="margin:0 0 18px">{}</table>',
        cells,
    )


@register.simple_tag(takes_context=True)
def steps(context: template.Context, items: Iterable[Mapping[str, str]]) -> str:
    """A list of `{"text", "url"}`."""
    if _is_text(context):
        return "".join(f"- {item['text']}\n  {item['url']}\n" for item in items) + "\n"
    rows = format_html_join(
        "",
        '<li style="margin:0 0 8px"><a href="{}" style="{}">{}</a></li>',
        ((item["url"], _LINK, item["text"]) for item in items),
    )
    return format_html('<ul style="margin:0 0 14px;padding-left:20px">{}</ul>', rows)


@register.filter
def at(moment: datetime | None) -> str:
    """Day and time in the reader's zone: a letter is read later, so it never says only the time."""
    return "" if moment is None else formats.date_format(timezone.localtime(moment), "DATETIME_FORMAT")


@register.filter
def on(moment: datetime | None) -> str:
    """The day in the reader's zone."""
    return "" if moment is None else formats.date_format(timezone.localtime(moment), "DATE_FORMAT")
