"""The API describes itself completely (reliability T7)."""

import re
from typing import Any

import pytest
from django.test import Client

from tests.api.test_every_route import ALL

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def schema() -> Any:
    from pilar.api import documentation

    return documentation.described()


def operations(schema: Any) -> list[tuple[str, Any]]:
    return [
        (f"{method} {path}", entry) for path, methods in schema["paths"].items() for method, entry in methods.items()
    ]


def test_it_is_openapi_3_1(schema: Any) -> None:
    assert schema["openapi"].startswith("3.1")


def test_every_route_of_the_api_is_described(schema: Any) -> None:
    """The doors of the providers too; only the two ways to read this description are left out."""
    written = {re.sub(r"<\w+:(\w+)>", r"{\1}", route.path) for route in ALL}
    twilio = "api/webhooks/twilio/{kind}/{workspace_id}"
    paths = {twilio if "twilio/(" in path else path for path in written if re.match(r"\^?api/", path)}
    assert {path.lstrip("/") for path in schema["paths"]} == paths - {"api/schema", "api/docs"}


def test_every_operation_describes_its_refusals(schema: Any) -> None:
    lacking = {
        name
        for name, entry in operations(schema)
        if "webhooks" not in entry["tags"] and not {"400", "401", "403", "404", "429", "503"} <= set(entry["responses"])
    }
    assert lacking == set()


def test_refusals_are_problem_documents(schema: Any) -> None:
    for _name, entry in operations(schema):
        refused = entry["responses"].get("429") or entry["responses"]["403"]
        assert set(refused["content"]) == {"application/problem+json"}


def test_the_providers_doors_name_their_signature(schema: Any) -> None:
    named = {
        parameter["name"]
        for path, methods in schema["paths"].items()
        if path.startswith("/api/webhooks/") and "post" in methods
        for parameter in methods["post"]["parameters"]
        if parameter["in"] == "header"
    }
    assert named == {"Stripe-Signature", "X-Hub-Signature-256", "X-Twilio-Signature"}


def test_names_are_those_that_are_sent(schema: Any) -> None:
    fields = [name for model in schema["components"]["schemas"].values() for name in model.get("properties", {})]
    assert len(fields) > 50
    assert [name for name in fields if "_" in name] == []


def test_every_operation_has_a_name_of_its_own(schema: Any) -> None:
    names = [entry["operationId"] for _name, entry in operations(schema)]
    assert len(names) == len(set(names))


def test_lists_are_described_as_pages(schema: Any) -> None:
    answer = schema["paths"]["/api/api-keys"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    model = schema["components"]["schemas"][answer["$ref"].rpartition("/")[2]]
    assert set(model["properties"]) == {"items", "nextCursor"}


def test_it_is_served_as_json() -> None:
    answer = Client().get("/api/schema")
    assert answer.status_code == 200
    assert answer.json()["info"]["title"] == "PILAR AUTOPILOT"


def test_the_reference_needs_no_foreign_host_and_no_inline_script() -> None:
    answer = Client().get("/api/docs")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "/api/billing/checkout" in page
    assert "https://" not in page
