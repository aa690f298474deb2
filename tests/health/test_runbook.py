"""The runbook names only what exists: commands, routes, files of the documentation."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import resolve

ROOT = Path(__file__).resolve().parent.parent.parent
RUNBOOK = (ROOT / "docs/runbook.md").read_text()
ID = "00000000-0000-7000-8000-000000000002"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"manage\.py ([a-z_]+)", RUNBOOK))))
def test_every_command_exists(name: str) -> None:
    assert name in get_commands()


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\$U(/[\w/$-]+)", RUNBOOK))))
def test_every_route_exists(path: str) -> None:
    assert resolve(re.sub(r"\$[A-Z]+", ID, path))


@pytest.mark.parametrize("module", sorted(set(re.findall(r"python -m ([\w.]+)", RUNBOOK))))
def test_every_program_exists(module: str) -> None:
    place = ROOT / module.replace(".", "/")
    assert place.with_suffix(".py").exists() or (place / "__main__.py").exists()


@pytest.mark.parametrize("page", sorted(set(re.findall(r"docs/[a-z-]+\.md", RUNBOOK))))
def test_every_page_exists(page: str) -> None:
    assert (ROOT / page).exists()
