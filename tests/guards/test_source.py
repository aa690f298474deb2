"""House rules that a reader would otherwise have to check by eye."""

import ast
import re

import pytest

from tests.database import ROOT
from tests.guards.sources import SOURCES

pytestmark = pytest.mark.thorough


def test_the_guard_finds_sources() -> None:
    assert len(SOURCES) > 100


def test_no_module_is_longer_than_500_lines() -> None:
    assert [str(f.relative_to(ROOT)) for f in SOURCES if len(f.read_text().splitlines()) > 500] == []


def test_modules_are_named_after_what_they_do() -> None:
    assert [str(f) for f in SOURCES if f.stem in {"utils", "helpers", "misc", "common", "tools"}] == []


def test_nobody_looks_models_up_by_string() -> None:
    assert [str(f) for f in SOURCES if "apps.get_model(" in f.read_text()] == []


def test_broad_excepts_are_few_and_give_their_reason() -> None:
    handlers = broad = 0
    silent: list[str] = []
    for file in SOURCES:
        lines = file.read_text().splitlines()
        for node in ast.walk(ast.parse("\n".join(lines))):
            if isinstance(node, ast.ExceptHandler):
                handlers += 1
                if _is_broad(node.type):
                    broad += 1
                    if "#" not in lines[node.lineno - 1] + lines[node.lineno]:
                        silent.append(f"{file.relative_to(ROOT)}:{node.lineno}")
    assert silent == []
    assert broad <= handlers * 0.03


def _is_broad(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_broad(one) for one in kind.elts)
    return kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"})


def test_crossing_tenants_is_listed_with_its_reason_in_the_security_page() -> None:
    page = (ROOT / "docs/security.md").read_text()
    users = [file for file in SOURCES if file.stem != "tenancy"]
    reasons = {reason for file in users for reason in re.findall(r'all_tenants\(\s*"([^"]+)"', file.read_text())}
    assert reasons
    assert [reason for reason in sorted(reasons) if reason not in page] == []


def test_no_inline_script_or_style_in_templates() -> None:
    inline = re.compile(r"<script(?![^>]*(?:\bsrc=|application/(?:ld\+)?json))[^>]*>|<style|\sstyle=\"|\son[a-z]+=\"")
    pages = [f for f in (ROOT / "templates").rglob("*.html") if "emails" not in f.parts]
    assert pages
    assert [str(f.relative_to(ROOT)) for f in pages if inline.search(f.read_text())] == []
