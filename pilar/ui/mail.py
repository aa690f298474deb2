"""E-mails from `templates/emails/`: subject, text and HTML in the reader's language."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation


@dataclass(frozen=True, slots=True)
class Mail:
    subject: str
    text: str
    html: str


def render(name: str, context: dict[str, Any], *, language: str = "de") -> Mail:
    """Render the e-mail `name`; raises TemplateDoesNotExist for an unknown one."""
    full = {"base_url": getattr(settings, "PUBLIC_BASE_URL", ""), "language": language} | context
    with translation.override(language):
        subject = " ".join(render_to_string(f"emails/{name}.subject.txt", full).split())
        text = render_to_string(f"emails/{name}.txt", full)
        html = render_to_string(f"emails/{name}.html", full | {"subject": subject})
    return Mail(subject=subject, text=text.strip() + "\n", html=html)
