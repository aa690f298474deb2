"""Small pictures as SVG: geometry only, colours come from classes, so that no page needs an inline style."""

from collections.abc import Sequence
from math import pi

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

_DAY_TONES = {"ok": "ok", "degraded": "wait", "down": "bad"}


def _picture(
    kind: str, width: float, height: float, label: str, body: SafeString, *, fit: str = "xMinYMid"
) -> SafeString:
    return format_html(
        '<svg class="chart chart-{}" viewBox="0 0 {} {}" preserveAspectRatio="{}" role="img" aria-label="{}">{}</svg>',
        kind,
        f"{width:g}",
        f"{height:g}",
        fit,
        label,
        body,
    )


def _points(values: Sequence[float], width: float, height: float) -> list[tuple[float, float]]:
    top = max(max(values), 1)
    step = width / max(len(values) - 1, 1)
    return [(index * step, height - 2 - (height - 4) * max(value, 0) / top) for index, value in enumerate(values)]


def sparkline(values: Sequence[float], label: str) -> SafeString:
    """Draw the course of `values`, oldest first; nothing for fewer than two, or when all are zero."""
    if len(values) < 2 or not any(values):
        return SafeString("")
    width, height = 280.0, 36.0
    points = _points(values, width, height)
    line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    body = format_html(
        '<polygon class="chart-area" points="0,{} {} {},{}"/><polyline class="chart-line" points="{}"/>'
        '<circle class="chart-dot" cx="{}" cy="{}" r="2.5"/>',
        f"{height:g}",
        line,
        f"{width:g}",
        f"{height:g}",
        line,
        f"{points[-1][0] - 3:.1f}",
        f"{points[-1][1]:.1f}",
    )
    return _picture("sparkline", width, height, label, body)


def ring(percent: float, label: str, tone: str = "ok") -> SafeString:
    """Draw a ring filled to `percent` (0 to 100) with the number inside."""
    share = min(max(percent, 0), 100)
    radius = 26
    around = 2 * pi * radius
    body = format_html(
        '<circle class="chart-track" cx="32" cy="32" r="{0}"/>'
        '<circle class="chart-arc tone-{1}" cx="32" cy="32" r="{0}" stroke-dasharray="{2} {3}" '
        'transform="rotate(-90 32 32)"/>'
        '<text class="chart-number" x="32" y="33">{4}</text>',
        radius,
        tone,
        f"{around * share / 100:.1f}",
        f"{around:.1f}",
        round(share),
    )
    return _picture("ring", 64, 64, label, body)


def countdown(percent: float, label: str, tone: str = "ok") -> SafeString:
    """Draw a small ring of what is left, without a number: the words stand beside it."""
    radius = 8
    around = 2 * pi * radius
    body = format_html(
        '<circle class="chart-track" cx="10" cy="10" r="{0}"/>'
        '<circle class="chart-arc tone-{1}" cx="10" cy="10" r="{0}" stroke-dasharray="{2} {3}" '
        'transform="rotate(-90 10 10)"/>',
        radius,
        tone,
        f"{around * min(max(percent, 0), 100) / 100:.1f}",
        f"{around:.1f}",
    )
    return _picture("countdown", 20, 20, label, body)


def days(states: Sequence[str], label: str) -> SafeString:
    """Draw one bar a day over the whole width, oldest first; unknown states stay empty."""
    bars = format_html_join(
        "",
        '<rect class="chart-day tone-{}" x="{}" y="0" width="3" height="28" rx="1"/>',
        ((_DAY_TONES.get(state, "none"), index * 4) for index, state in enumerate(states)),
    )
    return _picture("days", max(len(states) * 4 - 1, 1), 28, label, bars, fit="none")


def week(rows: Sequence[tuple[str, Sequence[int]]], *, open_from: float, open_until: float, label: str) -> SafeString:
    """Draw days as rows of 24 hours: shaded where nothing may happen, and a dot whose size says how much does."""
    left, hour, height, top = 34.0, 14.0, 22.0, 16.0
    largest = max((count for _name, counts in rows for count in counts), default=0)
    parts = [
        format_html('<text class="chart-label" x="{}" y="10">{}</text>', f"{left + hour * at:g}", f"{at:02}")
        for at in range(0, 24, 3)
    ]
    for index, (name, counts) in enumerate(rows):
        y = top + height * index
        parts.append(format_html('<text class="chart-label" x="0" y="{}">{}</text>', f"{y + 14:g}", name))
        parts.append(_span("chart-quiet", left, y, 24 * hour, height - 3))
        parts.append(_span("chart-open", left + hour * open_from, y, hour * (open_until - open_from), height - 3))
        parts += [
            format_html(
                '<circle class="chart-mark" cx="{}" cy="{}" r="{}"><title>{} {}: {}</title></circle>',
                f"{left + hour * (at + 0.5):g}",
                f"{y + (height - 3) / 2:g}",
                f"{2.5 + 4 * (count / largest):.1f}",
                name,
                f"{at:02}:00",
                count,
            )
            for at, count in enumerate(counts)
            if count
        ]
    return _picture("week", left + 24 * hour, top + height * len(rows), label, format_html_join("", "{}", zip(parts)))


def _span(kind: str, x: float, y: float, width: float, height: float) -> SafeString:
    return format_html(
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}" rx="3"/>',
        kind,
        f"{x:g}",
        f"{y:g}",
        f"{width:g}",
        f"{height:g}",
    )


def bar(value: float, largest: float, label: str, tone: str = "brand") -> SafeString:
    """Draw one horizontal bar as a share of `largest`."""
    share = 0.0 if largest <= 0 else min(max(value / largest, 0), 1)
    body = format_html(
        '<rect class="chart-track-bar" width="100" height="4" rx="2"/>'
        '<rect class="chart-fill tone-{}" width="{}" height="4" rx="2"/>',
        tone,
        f"{share * 100:.1f}",
    )
    return format_html(
        '<svg class="chart chart-bar" viewBox="0 0 100 4" preserveAspectRatio="none" role="img" '
        'aria-label="{}">{}</svg>',
        label,
        body,
    )
