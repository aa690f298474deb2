"""The public site: open, quick, without scripts, and known to search engines."""

import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from pytest_django import Settings

from workspaces import price_example
from workspaces.models import Plan
from workspaces.pages import marketing

pytestmark = [pytest.mark.django_db, pytest.mark.requests]
SITE = ["/", "/features", "/pricing", "/security", "/faq"]
LEGAL = [f"/legal/{name}" for name in marketing.LEGAL]


def text(path: str) -> str:
    return str(Client().get(path).content.decode())


@pytest.mark.parametrize("path", [*SITE, *LEGAL, "/contact"])
def test_every_page_is_open_and_runs_no_script(path: str) -> None:
    answer = Client().get(path)
    assert answer.status_code == 200
    assert re.findall(r"<script(?! type=\"application/ld)", answer.content.decode()) == []


@pytest.mark.parametrize("path", [*SITE, *LEGAL, "/sitemap.xml"])
def test_a_page_that_has_not_changed_is_not_sent_again(path: str) -> None:
    etag = Client().get(path)["ETag"]
    assert Client().get(path, headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", SITE)
def test_a_page_asks_the_database_little(path: str, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(4):
        Client().get(path)


def test_each_language_has_an_address() -> None:
    german, english = Client().get("/pricing?lang=de"), Client().get("/pricing?lang=en")
    assert (german["Content-Language"], english["Content-Language"]) == ("de", "en")
    assert "Preise" in german.content.decode()
    assert 'hreflang="de" href="http' in english.content.decode()


def test_an_unknown_language_is_the_readers_own() -> None:
    assert Client().get("/?lang=xx", headers={"Accept-Language": "en"})["Content-Language"] == "en"


def test_search_engines_get_the_offers_as_data() -> None:
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text("/pricing"), re.S)
    assert found
    assert [offer["price"] for offer in json.loads(found.group(1))["offers"]] == ["99.00", "249.00"]


def test_structured_data_cannot_end_its_element() -> None:
    assert "</script>" not in marketing.as_json_ld({"name": "</script><script>alert(1)</script>"})


def test_the_sitemap_names_every_page_in_its_languages(settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "https://pilar.example"
    tree = ElementTree.fromstring(text("/sitemap.xml"))
    places = [entry.text for entry in tree.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")]
    assert {"https://pilar.example/", "https://pilar.example/legal/imprint"} <= set(places)


def test_robots_are_kept_from_what_belongs_to_somebody() -> None:
    assert "Disallow: /dashboard" in text("/robots.txt")
    assert "Sitemap: " in text("/robots.txt")


def test_the_imprint_names_who_runs_it_and_what_is_missing(settings: Settings) -> None:
    settings.OPERATOR = settings.OPERATOR | {"name": "Beispiel GmbH", "address": "Weg 1, 50674 Köln"}
    page = text("/legal/imprint")
    assert "Beispiel GmbH" in page
    assert "OPERATOR_REGISTER" in page


MARKS = {"de": "[Anwalt]", "en": "[Lawyer]", "es": "[Abogado]", "fr": "[Avocat]", "it": "[Avvocato]"}


def frame(path: str, language: str) -> tuple[int, int, int]:
    """How many headings and paragraphs a legal text has, and places marked for a lawyer."""
    page = text(f"{path}?lang={language}").partition('<p class="lawyer">')[2].partition("</section>")[0]
    return page.count("<h2>"), page.count("<p>"), page.partition("</p>")[2].count(MARKS[language])


@pytest.mark.parametrize("path", LEGAL)
def test_a_legal_text_has_the_same_parts_and_marks_in_every_language(path: str) -> None:
    binding = frame(path, "de")
    assert binding[0]
    assert {language: frame(path, language) for language in MARKS} == dict.fromkeys(MARKS, binding)


@pytest.mark.parametrize("language", ["en", "es", "fr", "it"])
def test_a_translation_says_that_the_german_text_binds(language: str) -> None:
    assert 'href="?lang=de" hreflang="de"' in text(f"/legal/terms?lang={language}")
    assert 'href="?lang=de" hreflang="de"' not in text("/legal/terms?lang=de")


def test_prices_say_what_meta_takes() -> None:
    page = text("/pricing?lang=en")
    assert "To Meta, about" in page
    assert ("€99" in page, "€198" in page) == (True, True)


@pytest.mark.parametrize(
    ("asked", "plan", "meta", "total"),
    [
        ("members=300&each=3", "BASIC", 9900, 19800),
        ("members=301&each=1", "PRO", 3311, 28211),
        ("members=300&each=12", "BASIC", 39600, 49500),
        ("members=5000&each=1", None, 55000, 55000),
        ("members=viele&each=3", "BASIC", 9900, 19800),
        ("members=0&each=99", "BASIC", 9900, 19800),
    ],
)
def test_a_visitor_reckons_a_month_of_their_own_studio(asked: str, plan: str | None, meta: int, total: int) -> None:
    example = Client().get(f"/pricing?{asked}").context["example"]
    assert (example.plan and example.plan.code, example.meta_cents, example.total_cents) == (plan, meta, total)


def test_a_plan_must_hold_the_messages_as_well_as_the_members() -> None:
    basic, pro = Plan.objects.order_by("position")
    small = price_example.reckon([basic, pro], members=100, each=30)
    basic.messages_per_day = 99
    assert (small.plan, price_example.reckon([basic, pro], members=100, each=30).plan) == (basic, pro)
