"""Many members by the API: taken over row by row, taken along as a file."""

import io
import json
import zipfile
from typing import Any
from uuid import UUID

import pytest

from coach.models import Consent, Lead, MemberImport
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.principal import Role
from tests.coach.conftest import make_studio
from tests.coach.factories import willing_lead
from tests.coach.test_api import Call, caller
from workspaces.models import Plan

pytestmark = pytest.mark.django_db
ANNA = {"name": "Anna Berg", "phone": "0151 23456789", "tags": ["Kurs", "früh"], "language": "en"}
BERT = {"name": "Bert", "phone": "+49 151 23456780"}
PROOF = {"source": "Vertrag", "wording": "Ja, bitte."}


@pytest.fixture
def api(studio: UUID) -> Call:
    return caller(studio)


@pytest.fixture
def member(studio: UUID) -> Lead:
    with tenant(studio), atomic():
        return willing_lead(name="Cleo")


def taken_over(api: Call, *rows: Any, **more: Any) -> dict[str, Any]:
    """Import rows, let the job run, and return where the import stands then."""
    begun = api("POST", "/api/leads/import", {"leads": rows, **more})
    assert begun.status_code == 202, begun.content
    work_off()
    found: dict[str, Any] = api("GET", f"/api/leads/import/{begun.json()['id']}").json()
    return found


def report(api: Call, found: dict[str, Any], query: str = "") -> Any:
    return api("GET", f"/api/leads/import/{found['id']}/report{query}").json()


def test_rows_become_members_with_what_was_said_of_them(studio: UUID, api: Call) -> None:
    found = taken_over(api, ANNA, BERT)
    assert (found["status"], found["rows"], found["done"], found["counts"]["new"]) == ("done", 2, 2, 2)
    with tenant(studio), atomic():
        anna = Lead.objects.get(phone="+4915123456789")
        assert (anna.name, anna.tags, anna.language, anna.source) == ("Anna Berg", ["Kurs", "früh"], "en", "import")
        assert not Consent.objects.exists()


def test_one_wrong_row_stops_no_other_and_the_report_names_it(api: Call) -> None:
    found = taken_over(api, ANNA, {"phone": "nix"}, ANNA, BERT | {"email": "nix"})
    assert found["counts"] == {"new": 2, "known": 1, "wrong": 1, "full": 0}
    assert [list(row.values()) for row in report(api, found)["items"]] == [
        [1, "new", ""], [2, "wrong", "bad_phone"], [3, "known", "known"], [4, "new", "bad_email"],
    ]  # fmt: skip


def test_the_report_is_read_page_by_page_and_by_outcome(api: Call) -> None:
    found = taken_over(api, ANNA, {"phone": "nix"}, BERT, {"phone": "x"})
    first = report(api, found, "?limit=3")
    second = report(api, found, f"?limit=3&cursor={first['nextCursor']}")
    assert ([row["row"] for row in first["items"]], [row["row"] for row in second["items"]]) == ([1, 2, 3], [4])
    assert second["nextCursor"] is None
    assert [row["row"] for row in report(api, found, "?outcome=wrong")["items"]] == [2, 4]
    assert report(api, found, "?cursor=x")["code"] == "invalid_cursor"


@pytest.mark.parametrize(
    ("consent", "row", "days"),
    [
        (PROOF | {"at": "2026-11-03"}, ANNA, ["2026-11-03"]),
        (PROOF, ANNA | {"consentAt": "2026-11-04"}, ["2026-11-04"]),
        (PROOF, ANNA, []),
        (None, ANNA | {"consentAt": "2026-11-04"}, []),
    ],
)
def test_a_consent_is_kept_with_its_proof_or_not_at_all(
    studio: UUID, api: Call, consent: Any, row: Any, days: list[str]
) -> None:
    taken_over(api, row, consent=consent)
    with tenant(studio), atomic():
        kept = list(Consent.objects.all())
    assert [f"{one.at:%Y-%m-%d}" for one in kept if one.at and one.source == "Vertrag"] == days


def test_the_same_list_again_adds_nobody(studio: UUID, api: Call) -> None:
    taken_over(api, ANNA, BERT)
    assert taken_over(api, ANNA, BERT)["counts"] == {"new": 0, "known": 2, "wrong": 0, "full": 0}


def test_a_rehearsal_says_what_would_happen_and_keeps_nothing(studio: UUID, api: Call) -> None:
    body = {"leads": [ANNA, {"phone": "nix"}], "dryRun": True, "consent": PROOF | {"at": "2026-11-03"}}
    answer = api("POST", "/api/leads/import", body)
    assert (answer.status_code, answer.json()["counts"]["new"], answer.json()["withConsent"]) == (200, 1, 1)
    assert answer.json()["remarks"] == [{"row": 2, "outcome": "wrong", "reason": "bad_phone"}]
    with tenant(studio), atomic():
        assert not MemberImport.objects.exists()


def test_rows_without_room_lead_to_the_plans(api: Call) -> None:
    Plan.objects.filter(pk="PRO").update(leads=1)
    found = taken_over(api, ANNA, BERT)
    assert (found["counts"]["full"], found["actionUrl"][-8:]) == (1, "ng#plans")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"leads": []}, "leads"),
        ({"leads": [{"name": "x"}]}, "leads.0.phone"),
        ({"leads": [ANNA | {"age": "3"}]}, "leads.0.age"),
        ({"leads": [ANNA], "consent": {"source": "x"}}, "consent.wording"),
    ],
)
def test_what_is_no_list_of_members_is_refused_before_anything_is_kept(api: Call, body: Any, field: str) -> None:
    refusal = api("POST", "/api/leads/import", body).json()
    assert (refusal["code"], field in refusal["fields"]) == ("validation_failed", True)


def fetched(api: Call, found: dict[str, Any], **headers: str) -> Any:
    return api("GET", f"/api/leads/export/{found['id']}/file", **headers)


@pytest.mark.parametrize("accept", ["*/*", "application/zip", "application/json"])
def test_everybody_is_taken_along_as_a_file(api: Call, member: Lead, accept: str) -> None:
    ordered = api("POST", "/api/leads/export", {})
    assert (ordered.status_code, ordered.json()["status"], ordered.json()["people"]) == (202, "running", 1)
    assert fetched(api, ordered.json()).json()["code"] == "not_ready"
    work_off()
    assert api("GET", f"/api/leads/export/{ordered.json()['id']}").json()["status"] == "ready"
    file = fetched(api, ordered.json(), Accept=accept)
    people = json.loads(zipfile.ZipFile(io.BytesIO(file.content)).read("members.json"))
    assert ([person["name"] for person in people], file["Content-Type"]) == (["Cleo"], "application/zip")


def test_only_the_chosen_are_in_the_file(studio: UUID, api: Call, member: Lead) -> None:
    with tenant(studio), atomic():
        willing_lead(name="Dora")
    assert api("POST", "/api/leads/export", {"leadIds": [str(member.pk)]}).json()["people"] == 1


def test_a_file_is_its_callers_alone(studio: UUID, api: Call, member: Lead) -> None:
    ordered = api("POST", "/api/leads/export", {}).json()
    work_off()
    for other in (caller(studio), caller(make_studio())):
        assert fetched(other, ordered).status_code == 404
    assert caller(make_studio())("POST", "/api/leads/export", {"leadIds": [str(member.pk)]}).status_code == 400


def test_a_coach_imports_and_takes_nothing_along(studio: UUID, member: Lead) -> None:
    coach, viewer = caller(studio, Role.COACH), caller(studio, Role.VIEWER)
    assert coach("POST", "/api/leads/import", {"leads": [ANNA]}).status_code == 202
    assert coach("POST", "/api/leads/export", {}).status_code == 403
    assert viewer("POST", "/api/leads/import", {"leads": [ANNA]}).status_code == 403


def test_another_studios_import_is_not_there(api: Call) -> None:
    found = taken_over(api, ANNA)
    stranger = caller(make_studio())
    for path in ("", "/report"):
        assert stranger("GET", f"/api/leads/import/{found['id']}{path}").status_code == 404
