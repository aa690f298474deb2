"""The operators' pages are styled by the admin's ready-made stylesheet and a page of our own: a class that neither knows
does nothing, and nobody is told.
"""

import re
from pathlib import Path

import unfold
from django.conf import settings

TEMPLATES = Path(settings.BASE_DIR) / "templates" / "admin"
SHEETS = (
    Path(unfold.__path__[0]) / "static" / "unfold" / "css" / "styles.css",
    Path(settings.BASE_DIR) / "static" / "css" / "console.css",
)
OF_DJANGO = {"colM"}


def _used() -> set[str]:
    pages = (re.sub(r"\{%.*?%\}|\{\{.*?\}\}", " ", page.read_text()) for page in TEMPLATES.rglob("*.html"))
    return {name for page in pages for names in re.findall(r'class="([^"]*)"', page) for name in names.split()}


def test_every_class_is_known_to_a_stylesheet() -> None:
    known, used = "".join(sheet.read_text() for sheet in SHEETS), _used()
    assert len(used) > 40
    unknown = {name for name in used if "." + re.sub(r"([^\w-])", r"\\\1", name) not in known}
    assert unknown <= OF_DJANGO
