import re

from django.http import HttpRequest

from pilar.ui.fragments import fragment
from tests.ui import samples

PART = "provisioning/_progress.html"


def _ask(request: HttpRequest, status: str = "failed", etag: str = "") -> tuple[int, str]:
    request.META["HTTP_IF_NONE_MATCH"] = etag
    request.__dict__.pop("headers", None)  # a cached view of META
    response = fragment(request, PART, {"job": samples.job(status) | {"steps": []}})
    return response.status_code, response["ETag"]


def test_an_unchanged_part_is_not_sent_twice(visitor: HttpRequest) -> None:
    _, etag = _ask(visitor)
    assert _ask(visitor, etag=etag) == (304, etag)


def test_a_fresh_form_token_is_no_change(visitor: HttpRequest) -> None:
    first = fragment(visitor, PART, {"job": samples.job("failed") | {"steps": []}})
    second = fragment(visitor, PART, {"job": samples.job("failed") | {"steps": []}})
    assert first.content != second.content
    assert first["ETag"] == second["ETag"]


def test_a_changed_part_is_sent(visitor: HttpRequest) -> None:
    _, etag = _ask(visitor)
    assert _ask(visitor, "running", etag)[0] == 200


def test_parts_are_private_and_always_asked_for(visitor: HttpRequest) -> None:
    response = fragment(visitor, PART, {"job": samples.job()})
    assert response["Cache-Control"] == "private, no-cache"
    assert re.search("Cookie", response["Vary"])


def test_a_finished_part_loads_the_page_again(visitor: HttpRequest) -> None:
    response = fragment(visitor, PART, {"job": samples.job("ready")}, finished=True)
    assert response["HX-Refresh"] == "true"
