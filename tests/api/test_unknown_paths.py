"""A path that is not there is refused like everything else: by a problem document that says which request it was."""

from uuid import uuid4

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_an_unknown_path_of_the_api_is_a_problem_document(client: Client, method: str) -> None:
    mine = str(uuid4())
    answer = getattr(client, method)("/api/nothing/here", headers={"X-Correlation-Id": mine})
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    body = answer.json()
    assert (body["code"], body["instance"], body["correlationId"]) == ("not_found", "/api/nothing/here", mine)
    assert answer["Cache-Control"] == "no-store"


def test_an_id_that_is_none_is_a_path_that_is_not_there(client: Client) -> None:
    assert client.get("/api/leads/not-an-id").json()["code"] == "not_found"


def test_a_person_gets_a_page(client: Client) -> None:
    assert client.get("/nothing/here")["Content-Type"].startswith("text/html")
