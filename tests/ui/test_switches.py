import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import Http404, HttpRequest
from django.test import RequestFactory

from pilar.ui import views


def test_the_theme_is_remembered_and_the_reader_goes_back(rf: RequestFactory) -> None:
    response = views.theme(rf.post("/ui/theme", {"theme": "dark", "next": "/dashboard?a=1"}))
    assert response["Location"] == "/dashboard?a=1"
    assert response.cookies["theme"].value == "dark"


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", ""])
def test_nobody_is_sent_to_a_foreign_page(target: str, rf: RequestFactory) -> None:
    request = rf.post("/ui/language", {"language": "en", "next": target})
    request.user = AnonymousUser()
    assert views.language(request)["Location"] == "/"


def test_an_unknown_language_changes_nothing(rf: RequestFactory) -> None:
    assert not views.language(rf.post("/ui/language", {"language": "tlh"})).cookies


def test_the_gallery_is_closed_to_the_public(visitor: HttpRequest) -> None:
    with pytest.raises(Http404):
        views.gallery(visitor)


def test_the_gallery_draws_for_developers(visitor: HttpRequest, settings: object) -> None:
    settings.DEBUG = True  # type: ignore[attr-defined]
    assert views.gallery(visitor).status_code == 200
