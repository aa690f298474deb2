import json

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import OperationalError
from django.http import HttpRequest
from django.test import Client, RequestFactory

from pilar.kernel.problems import Conflict, TooMany
from pilar.ui import errors
from workspaces.models import User


@pytest.fixture
def bare(rf: RequestFactory) -> HttpRequest:
    """A request that met no middleware: no session, no user."""
    return rf.get("/dashboard")


@pytest.mark.parametrize(
    ("view", "status"),
    [
        (errors.bad_request, 400),
        (errors.permission_denied, 403),
        (errors.page_not_found, 404),
        (errors.server_error, 500),
    ],
)
def test_error_pages_need_neither_session_nor_database(view: errors.Handler, status: int, bare: HttpRequest) -> None:
    response = view(bare)
    assert response.status_code == status
    assert b"<h1>" in response.content


def test_an_expired_form_is_no_matter_of_rights(bare: HttpRequest) -> None:
    response = errors.csrf_failure(bare)
    page = response.content.decode()
    assert response.status_code == 403
    assert 'href="?"' in page
    assert page.count("<h1>") == 1


def test_a_refusal_for_a_while_says_one_thing_only(bare: HttpRequest) -> None:
    page = errors.problem(bare, TooMany("Warte 40 Sekunden.", retry_after=40)).content.decode()
    assert "Warte 40 Sekunden." in page
    assert "Passkey" not in page


def test_a_database_that_is_away_says_when_to_come_back(bare: HttpRequest) -> None:
    response = errors.unavailable(bare, retry_after=7)
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "7", "no-store")


def test_the_api_gets_a_problem_document(rf: RequestFactory) -> None:
    response = errors.page_not_found(rf.get("/api/nothing"))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["code"] == "not_found"


def test_a_refusal_shows_its_own_sentence(bare: HttpRequest) -> None:
    response = errors.problem(bare, Conflict("Erst den Tarif wählen."))
    assert response.status_code == 409
    assert "Erst den Tarif wählen." in response.content.decode()


@pytest.mark.django_db
def test_a_session_that_lost_its_database_is_told_so(
    client: Client, django_user_model: type[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The middleware that reads it is no view: what it raises meets no `process_exception`."""
    client.force_login(
        django_user_model.objects.create(email="a@studio.test"),
        backend="allauth.account.auth_backends.AuthenticationBackend",
    )
    client.raise_request_exception = False

    def ended(_store: SessionStore) -> None:
        raise OperationalError("terminating connection due to administrator command")

    monkeypatch.setattr(SessionStore, "load", ended)
    answer = client.get("/dashboard")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
