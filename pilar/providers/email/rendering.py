"""A letter's subject, text and HTML from one template: `templates/emails/<name>.html` extends what `layout` names."""

import re
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import Context
from django.template.loader import get_template
from django.utils import timezone, translation


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    text: str
    html: str


def render(template: str, context: Mapping[str, Any], *, language: str, zone: str = "") -> Rendered:
    """Draw a letter in the reader's language and time zone. Raises TemplateDoesNotExist for an unknown one."""
    full = {"base_url": settings.PUBLIC_BASE_URL, "language": language, "operator": settings.OPERATOR, **context}
    with translation.override(language), timezone.override(zone) if zone else nullcontext():
        subject = " ".join(_drawn(template, "layout.subject.txt", full, plain=True).split())
        full["subject"] = subject
        text = re.sub(r"\n{3,}", "\n\n", _drawn(template, "layout.txt", full, plain=True)).strip() + "\n"
        html = _drawn(template, "layout.html", full, plain=False)
    return Rendered(subject, text, html)


def _drawn(template: str, layout: str, values: Mapping[str, Any], *, plain: bool) -> str:
    """Plain text is not escaped."""
    found: Any = get_template(f"emails/{template}.html")
    shown = {**values, "layout": f"emails/{layout}", "plain": plain}
    return str(found.template.render(Context(shown, autoescape=not plain)))
