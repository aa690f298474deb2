"""Reports of blocked content. Anybody may send them, so nothing in them is believed, little is kept and it is
bounded.
"""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.db.models import F

from pilar.backplane.tenancy import atomic
from pilar.security.models import CspReport

MOST_ROWS = 1000
MOST_AT_ONCE = 20
OTHER = "other"
DIRECTIVES = frozenset(
    {
        "default-src", "script-src", "script-src-elem", "script-src-attr", "style-src", "style-src-elem",
        "style-src-attr", "img-src", "font-src", "connect-src", "frame-src", "form-action", "frame-ancestors",
        "base-uri", "object-src", "worker-src", "manifest-src", "media-src",
    }
)  # fmt: skip


def parse(body: bytes) -> list[tuple[str, str, str]]:
    """Return (directive, document, blocked) of each report in either of the browsers' formats. Raises ValueError."""
    try:
        data = json.loads(body)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    entries = data if isinstance(data, list) else [data]
    return [found for entry in entries[:MOST_AT_ONCE] for found in _one(entry)]


def _one(entry: Any) -> Iterator[tuple[str, str, str]]:
    if not isinstance(entry, dict):
        return
    report = entry.get("csp-report") or entry.get("body")
    if not isinstance(report, dict):
        return
    directive = str(report.get("effectiveDirective") or report.get("violated-directive") or "").split(" ")[0]
    document = report.get("documentURL") or report.get("document-uri")
    blocked = report.get("blockedURL") or report.get("blocked-uri")
    yield directive if directive in DIRECTIVES else OTHER, _place(document), _place(blocked)


def _place(value: Any) -> str:
    """Return origin and path only: a query may hold a secret or a person."""
    text = "".join(
        character if character.isprintable() and character.isascii() else "?" for character in str(value or "")
    )
    try:
        parts = urlsplit(text)
    except ValueError:
        return OTHER
    return (f"{parts.scheme}://{parts.netloc}{parts.path}" if parts.netloc else parts.path or OTHER)[:200]


def store(found: list[tuple[str, str, str]], *, now: datetime) -> None:
    """Count the reports. When the table is full, new kinds are no longer kept; known ones still count."""
    for directive, document, blocked in sorted(set(found)):
        with atomic():
            same = CspReport.objects.filter(directive=directive, document=document, blocked=blocked)
            if same.update(count=F("count") + 1, last_seen=now):
                continue
            if CspReport.objects.count() < MOST_ROWS:
                row = CspReport(directive=directive, document=document, blocked=blocked, first_seen=now, last_seen=now)
                CspReport.objects.bulk_create([row], ignore_conflicts=True)
