"""What a phone has to load before a page works, compressed as the server sends it."""

import gzip
import re
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest

from tests.ui import samples
from tests.ui.conftest import Draw

STATIC = Path(settings.BASE_DIR) / "static"
MOST_SCRIPT, MOST_STYLE = 60_000, 40_000


def _weight(names: list[str]) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes())) for name in names)


def test_no_page_loads_more_than_60_kb_of_script(draw: Draw, visitor: HttpRequest) -> None:
    heavy = {
        name: weight
        for name, (template, context) in samples.pages().items()
        if (weight := _weight(re.findall(r'<script src="/static/([^"]+\.js)"', draw(template, context)))) > MOST_SCRIPT
    }
    assert heavy == {}


def test_the_stylesheet_is_below_40_kb() -> None:
    assert _weight(["css/pilar.css"]) <= MOST_STYLE
