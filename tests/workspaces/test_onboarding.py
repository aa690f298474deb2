"""The onboarding: saved as it is typed, gone on with anywhere, nothing asked twice."""

from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import atomic, tenant
from tests.workspaces.conftest import Shop, tell, the_studio
from tests.workspaces.factories import MembershipFactory
from tests.workspaces.world import World
from workspaces import hours, onboarding, studio
from workspaces.models import OnboardingDraft, StudioProfile, Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.requests]

STUDIO = {
    "name": "Eisenwerk",
    "legal_name": "Eisenwerk GmbH",
    "country": "DE",
    "website": "eisenwerk.example",
    "representative_name": "Olivia",
    "representative_email": "olivia@studio.test",
}
ADDRESS = {"street": "Weg 1", "postal_code": "50674", "city": "Köln", "register_number": "HRB 1", "vat_id": ""}
COACH = {
    "goals": "Neue kommen zweimal",
    "tone": "kurz und direkt",
    "language": "de",
    "timezone": "Europe/Berlin",
    "window_start": "10:00",
    "window_end": "19:00",
}


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def browser(world: World) -> Client:
    return world.browser("owner")


def answer(browser: Client, *steps: tuple[str, dict[str, str]]) -> Any:
    """Send the forms of these steps one after the other; return the last answer."""
    return [browser.post(f"/onboarding/{step}", given) for step, given in steps][-1]


def upload(browser: Client, kind: str) -> None:
    paper = SimpleUploadedFile("auszug.pdf", b"%PDF-1.7 " + kind.encode(), "application/pdf")
    assert browser.post("/onboarding/papers", {"kind": kind, "file": paper}).status_code == 302


def profile(world: World) -> StudioProfile:
    return studio.profile(world.workspace_id)


def in_studio(world: World) -> Any:
    return tenant(world.workspace_id)


def test_one_begins_with_the_studio_and_goes_on_with_the_next_step(browser: Client) -> None:
    assert browser.get("/onboarding")["Location"] == "/onboarding/studio"
    answer(browser, ("studio", STUDIO))
    assert browser.get("/onboarding")["Location"] == "/onboarding/address"


def test_another_device_goes_on_where_one_left_off(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO))
    assert world.browser("admin").get("/onboarding")["Location"] == "/onboarding/address"


def test_set_up_begins_as_soon_as_the_particulars_are_whole(world: World, browser: Client) -> None:
    assert answer(browser, ("studio", STUDIO), ("address", ADDRESS))["Location"] == "/onboarding/papers"
    assert (profile(world).legal_name, profile(world).street) == ("Eisenwerk GmbH", "Weg 1")
    with in_studio(world), atomic():
        assert AutopilotEvent.objects.filter(type="workspace.ready_to_provision").exists()


def test_half_of_the_particulars_is_no_profile(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO))
    assert studio.latest_profile(world.workspace_id) is None


def test_what_is_typed_is_kept_before_it_is_right(browser: Client) -> None:
    said = browser.post("/onboarding/address/save", {"street": "Weg 1", "vat_id": "nonsense"})
    form = browser.get("/onboarding/address").context["form"]
    assert (form.initial["street"], form.initial["vat_id"]) == ("Weg 1", "nonsense")
    assert [entry["label"] for entry in said.context["wrong"]] == ["USt-IdNr."]


def test_an_empty_field_is_no_mistake_while_one_types(browser: Client) -> None:
    assert browser.post("/onboarding/studio/save", {"name": "Neu"}).context["wrong"] == []


def test_wrong_answers_are_shown_beside_their_fields_and_kept(browser: Client) -> None:
    shown = answer(browser, ("address", ADDRESS | {"vat_id": "x", "city": ""}))
    assert (shown.status_code, set(shown.context["form"].errors)) == (422, {"vat_id", "city"})
    assert browser.get("/onboarding/address").context["form"].initial["street"] == "Weg 1"


def test_a_country_decides_what_is_asked(browser: Client) -> None:
    answer(browser, ("studio", STUDIO | {"country": "AT"}))
    field = browser.get("/onboarding/address").context["form"].fields["register_number"]
    assert ("Firmenbuch" in field.label, field.required) == (True, False)


def test_a_german_studio_is_asked_for_its_website_and_told_why(browser: Client) -> None:
    shown = answer(browser, ("studio", STUDIO | {"website": ""}))
    assert (shown.status_code, list(shown.context["form"].errors)) == (422, ["website"])
    assert "Google" in shown.context["form"].fields["website"].help_text


def test_elsewhere_a_website_may_be_left_out(browser: Client) -> None:
    assert answer(browser, ("studio", STUDIO | {"country": "AT", "website": ""})).status_code == 302


def test_a_website_may_be_given_as_people_say_it(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS))
    assert profile(world).website == "https://eisenwerk.example"


@pytest.mark.parametrize("kind", ["register_extract", "trade_licence"])
def test_one_paper_of_either_kind_is_enough(world: World, browser: Client, kind: str) -> None:
    upload(browser, "address_proof")
    assert len(browser.get("/onboarding/papers").context["lacks"]) == 2
    upload(browser, kind)
    assert browser.get("/onboarding/papers").context["lacks"] == ()
    with in_studio(world), atomic():
        assert "papers" in onboarding.progress(Workspace.objects.get(pk=world.workspace_id)).done


def test_the_papers_page_shows_what_the_review_will_compare(browser: Client) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS))
    assert "Eisenwerk GmbH, Weg 1, 50674 Köln" in browser.get("/onboarding/papers").content.decode()


def test_a_country_without_papers_is_not_asked_for_any(browser: Client) -> None:
    done = answer(browser, ("studio", STUDIO | {"country": "AT"}), ("address", ADDRESS))
    assert done["Location"] == "/onboarding/hours"


def test_opening_hours_are_a_week(world: World, browser: Client) -> None:
    week = {"mon_open": "on", "mon_from": "06:00", "mon_to": "12:00", "mon_from2": "15:00", "mon_to2": "22:00"}
    answer(browser, ("studio", STUDIO), ("address", ADDRESS), ("hours", week))
    assert profile(world).opening_hours["mon"] == [["06:00", "12:00"], ["15:00", "22:00"]]
    assert profile(world).opening_hours["sun"] == []


def test_mondays_hours_can_stand_on_every_weekday(world: World, browser: Client) -> None:
    shown = browser.post("/onboarding/hours", {"mon_open": "on", "mon_from": "06:00", "mon_to": "22:00", "copy": "1"})
    initial = shown.context["form"].initial
    assert [initial.get(f"{day}_from") for day in ("tue", "fri", "sat")] == ["06:00", "06:00", ""]


@pytest.mark.parametrize(
    ("spans", "field"),
    [
        ({"mon_from": "", "mon_to": ""}, "mon_from"),
        ({"mon_from": "10:00", "mon_to": "09:00"}, "mon_to"),
        ({"mon_from": "06:00", "mon_to": "12:00", "mon_from2": "11:00", "mon_to2": "22:00"}, "mon_to2"),
    ],
)
def test_hours_that_make_no_sense_are_refused(browser: Client, spans: dict[str, str], field: str) -> None:
    shown = answer(browser, ("hours", {"mon_open": "on"} | spans))
    assert (shown.status_code, list(shown.context["form"].errors)) == (422, [field])


@pytest.mark.parametrize(
    ("stored", "words"),
    [
        ({"mon": ["06:00", "22:00"], "tue": ["06:00", "22:00"], "sun": []}, "Mon-Tue 06:00-22:00; Sun closed"),
        ({"sat": "09:00-18:00"}, "Sat 09:00-18:00"),
        ({"mon": [["06:00", "12:00"], ["15:00", "22:00"]]}, "Mon 06:00-12:00 and 15:00-22:00"),
        ({"someday": 7}, ""),
    ],
)
def test_hours_of_any_shape_are_told_in_one_line(stored: dict[str, Any], words: str) -> None:
    assert hours.told(stored) == words


def test_goals_and_tone_make_a_new_version(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS), ("coach", COACH))
    assert (profile(world).version, profile(world).tone) == (2, "kurz und direkt")
    assert f"{profile(world).window_start:%H:%M}" == "10:00"


def test_the_same_answers_again_change_nothing(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS), ("address", ADDRESS))
    assert profile(world).version == 1


def test_a_step_may_be_left_out(world: World, browser: Client) -> None:
    assert answer(browser, ("hours", {"skip": "1"}))["Location"] == "/onboarding/coach"
    with in_studio(world), atomic():
        assert "hours" in onboarding.progress(Workspace.objects.get(pk=world.workspace_id)).done


def test_what_must_be_known_cannot_be_left_out(browser: Client) -> None:
    assert answer(browser, ("studio", {"skip": "1"})).status_code == 422


def test_nobody_elses_draft_is_touched(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO))
    with tenant(world.foreign_id), atomic():
        assert not OnboardingDraft.objects.exists()


@pytest.mark.parametrize("given", [{"name": "\x00"}, {"name": "x" * 5000}, {"country": "XX"}, {}])
def test_nonsense_is_kept_out_of_the_profile(world: World, browser: Client, given: dict[str, str]) -> None:
    assert browser.post("/onboarding/studio/save", given).status_code == 200
    assert answer(browser, ("studio", STUDIO | given if given else {})).status_code == 422
    assert studio.latest_profile(world.workspace_id) is None


def test_what_stripe_knows_is_not_asked_again(shop: Shop) -> None:
    shop.pay_by_link()
    tell(shop.happened("checkout.session.completed")[0])
    browser = Client()
    owner = MembershipFactory(workspace=the_studio()).user
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    initial = browser.get("/onboarding/address").context["form"].initial
    assert (initial["street"], initial["city"]) == ("Torstraße 1", "Berlin")


def test_a_profile_made_by_the_api_is_known_to_the_pages(world: World, browser: Client) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS))
    with in_studio(world), atomic():
        OnboardingDraft.objects.all().delete()
    assert browser.get("/onboarding/studio").context["form"].initial["legal_name"] == "Eisenwerk GmbH"


def test_every_step_asks_the_database_a_few_times(browser: Client, django_assert_max_num_queries: Any) -> None:
    answer(browser, ("studio", STUDIO), ("address", ADDRESS))
    for step in ("studio", "address", "papers", "hours", "coach", "members"):
        with django_assert_max_num_queries(20):
            browser.get(f"/onboarding/{step}")
