"""Reports of blocked content, the audit trail, and the page that lists every rule (docs/security.md)."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from pilar.security import reports
from pilar.security.models import CspReport
from tests.api.test_every_route import API
from tests.workspaces.world import World

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
OLD = {
    "csp-report": {
        "document-uri": "https://pilar.example/claim/x?token=secret",
        "violated-directive": "script-src-elem",
        "blocked-uri": "https://evil.example/x.js?q=anna@studio.test",
    }
}
NEW = [{"type": "csp-violation", "body": {"documentURL": "https://pilar.example/", "effectiveDirective": "img-src"}}]


def report(body: Any, content_type: str = "application/csp-report") -> Any:
    return Client().generic("POST", "/api/security/csp-report", json.dumps(body), content_type=content_type)


def test_both_formats_of_the_browsers_are_taken() -> None:
    assert report(OLD).status_code == report(NEW, "application/reports+json").status_code == 204
    assert set(CspReport.objects.values_list("directive", flat=True)) == {"script-src-elem", "img-src"}


def test_a_report_keeps_neither_query_nor_person() -> None:
    report(OLD)
    kept = CspReport.objects.get()
    assert (kept.document, kept.blocked) == ("https://pilar.example/claim/x", "https://evil.example/x.js")


def test_the_same_report_is_counted() -> None:
    report(OLD), report(OLD)
    assert CspReport.objects.get().count == 2


def test_a_flood_of_reports_does_not_fill_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MOST_ROWS", 1)
    report(OLD), report(NEW)
    assert CspReport.objects.count() == 1


def test_the_trail_tells_who_changed_what(world: World, ask: Callable[..., Any]) -> None:
    made = ask("POST", "/api/api-keys", body={"name": "desk"}).json()
    items = ask("GET", f"/api/security/audit/{world.workspace_id}?objectId={made['id']}").json()["items"]
    assert [(item["action"], item["after"]["name"]) for item in items] == [("api_key.created", "desk")]


def test_the_trail_of_another_studio_is_not_there(world: World, ask: Callable[..., Any]) -> None:
    ask("POST", "/api/api-keys", body={"name": "desk"})
    assert ask("GET", f"/api/security/audit/{world.workspace_id}", who="outsider").status_code == 404


def rules() -> list[str]:
    found = [
        f"| {method} | /{route.path} | {who(rule)} | {rule.scope or '–'} |"
        for route in API
        for method, rule in route.rules.access.items()
        if hasattr(route.rules, method.lower())
    ]
    return sorted(found, key=lambda row: row.split("|")[2])


def who(rule: Any) -> str:
    if rule.public:
        return "anybody"
    return (str(rule.role) if rule.role else "anybody signed in") + (", system" if rule.system else "")


def test_the_table_of_roles_is_what_the_code_does() -> None:
    missing = [row for row in rules() if row not in PAGE]
    assert missing == [], "\n" + "\n".join(missing)


def test_the_table_of_roles_has_no_stale_row() -> None:
    written = re.findall(r"^\| (?:GET|POST|PUT|PATCH|DELETE) \| .*\|$", PAGE, re.MULTILINE)
    assert written
    assert [row for row in written if row not in rules()] == []
