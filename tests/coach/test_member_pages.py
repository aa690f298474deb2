"""The pages of the members as people use them: choosing, undoing, importing, recording, exporting, erasing."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from coach.models import BulkAction, Consent, Erasure, Followup, Goal, Lead, MemberExport, MemberImport, Segment
from pilar.backplane import sql
from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.principal import Role
from tests.coach.conftest import make_studio
from tests.coach.factories import NOON, willing_lead
from tests.coach.test_pages import signed_in
from tests.factories import LeadFactory, multiply
from workspaces.models import Plan, User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
MANY = 10_000


@pytest.fixture
def owner(studio: UUID) -> Client:
    return signed_in(studio)


@pytest.fixture
def anna(studio: UUID) -> Lead:
    with tenant(studio), atomic():
        return willing_lead(name="Anna Berg", phone="+4915123456789")


def stored(studio: UUID, lead: Lead) -> Lead:
    with tenant(studio), atomic():
        return Lead.objects.get(pk=lead.pk)


def post(client: Client, route: str, /, *args: object, **form: Any) -> Any:
    return client.post(reverse(f"coach:{route}", args=args), form, follow=True)


def test_chosen_members_are_paused_and_the_toast_brings_them_back(owner: Client, studio: UUID, anna: Lead) -> None:
    page = post(owner, "member_bulk", do="pause", ids=[str(anna.pk)], until="7")
    until = stored(studio, anna).paused_until
    assert until
    assert until - NOON > timedelta(days=7)
    with tenant(studio), atomic():
        action = BulkAction.objects.get()
    assert reverse("coach:action_undo", args=[action.pk]) in page.content.decode()
    post(owner, "action_undo", action.pk)
    assert stored(studio, anna).paused_until is None


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"do": "pause", "until": "7"}, "Nichts geändert: Das Mitglied war schon bis dahin pausiert."),
        ({"do": "resume"}, "Nichts geändert: Das Mitglied war nicht pausiert."),
        ({"do": "tag", "tag": "VIP"}, "Nichts geändert: Das Mitglied hat das Schlagwort „VIP“ schon"),
        ({"do": "untag", "tag": "Neu"}, "Nichts geändert: Das Mitglied hat das Schlagwort „Neu“ nicht."),
    ],
)
def test_who_changes_nobody_is_told_why(
    owner: Client, studio: UUID, anna: Lead, form: dict[str, str], why: str
) -> None:
    chosen = form | {"ids": [str(anna.pk)]}
    if form["do"] in ("pause", "tag"):
        post(owner, "member_bulk", **chosen)
    page = post(owner, "member_bulk", **chosen)
    assert [(message.level_tag, str(message).startswith(why)) for message in page.context["messages"]] == [
        ("info", True)
    ]
    assert "/undo" not in page.content.decode()


def test_everybody_who_fits_the_filter_can_be_meant(owner: Client, studio: UUID, anna: Lead) -> None:
    with tenant(studio), atomic():
        other = LeadFactory(name="Ben")
    post(owner, "member_bulk", do="tag", tag="Neu", all="1", query="q=anna")
    assert (stored(studio, anna).tags, stored(studio, other).tags) == (["Neu"], [])


def test_erasing_many_asks_for_their_number_first(owner: Client, studio: UUID, anna: Lead) -> None:
    form = {"do": "erase", "ids": [str(anna.pk)]}
    for typed in ({}, {"typed": "2"}):
        post(owner, "member_bulk", **form, **typed)
        assert stored(studio, anna)
    post(owner, "member_bulk", **form, typed="1")
    with tenant(studio), atomic():
        assert not Lead.objects.exists()


@pytest.mark.parametrize("do", ["erase", "export"])
def test_a_coach_neither_erases_nor_exports(studio: UUID, anna: Lead, do: str) -> None:
    coach = signed_in(studio, Role.COACH)
    assert post(coach, "member_bulk", do=do, ids=[str(anna.pk)]).status_code == 403
    assert coach.get(reverse("coach:member_erase", args=[anna.pk])).status_code == 403


def test_a_choice_of_nobody_is_refused_kindly(owner: Client) -> None:
    page = post(owner, "member_bulk", do="pause", ids=["x"], until="7")
    assert "Wähle mindestens ein Mitglied aus." in page.content.decode()


def test_a_filter_is_saved_used_and_forgotten(owner: Client, studio: UUID, anna: Lead) -> None:
    page = post(owner, "segment_save", name="Nur Anna", q="anna")
    assert "Nur Anna" in page.content.decode()
    with tenant(studio), atomic():
        segment = Segment.objects.get()
    post(owner, "segment_delete", segment.pk)
    with tenant(studio), atomic():
        assert not Segment.objects.exists()


def test_a_number_that_is_there_already_leads_to_its_member(owner: Client, anna: Lead) -> None:
    form = {"name": "X", "phone": "0151 23456789", "language": "de", "timezone": "Europe/Berlin"}
    answer = owner.post(reverse("coach:member_add"), form)
    assert answer.status_code == 400
    assert reverse("coach:member", args=[anna.pk]) in answer.content.decode()


def test_a_member_is_changed(owner: Client, studio: UUID, anna: Lead) -> None:
    post(owner, "member_edit", anna.pk, name="Anna Tal", language="en", timezone="Europe/Vienna", tags="a, b")
    found = stored(studio, anna)
    assert (found.name, found.language, found.tags) == ("Anna Tal", "en", ["a", "b"])


def test_a_consent_is_recorded_with_its_proof_and_withdrawn(owner: Client, studio: UUID, anna: Lead) -> None:
    page = post(owner, "consent_add", anna.pk, purpose="offers", source="Tresen", wording="Ja", at="2026-11-01T10:00")
    assert "Tresen" in page.content.decode()
    with tenant(studio), atomic():
        consent = Consent.objects.get(purpose="offers")
    post(owner, "consent_withdraw", anna.pk, consent.pk)
    with tenant(studio), atomic():
        assert Consent.objects.get(purpose="offers").state == "withdrawn"


def test_withdrawing_the_last_consent_cancels_what_is_planned(owner: Client, studio: UUID, anna: Lead) -> None:
    from coach import followups

    with tenant(studio), atomic():
        followups.plan_next(anna, now=NOON)
        consent = Consent.objects.get()
    post(owner, "consent_withdraw", anna.pk, consent.pk)
    with tenant(studio), atomic():
        assert not Followup.objects.filter(status="pending").exists()


def test_half_a_consent_is_explained_on_the_page(owner: Client, anna: Lead) -> None:
    answer = owner.post(reverse("coach:consent_add", args=[anna.pk]), {"purpose": "coaching", "source": "x"})
    assert answer.status_code == 400
    assert {"wording", "at"} <= set(answer.context["consent_form"].errors)


def test_wishes_and_goals_are_kept(owner: Client, studio: UUID, anna: Lead) -> None:
    post(owner, "preferences_save", anna.pk, frequency="daily", time_of_day="17:30", motivation_style="supportive")
    page = post(owner, "goal_add", anna.pk, type="strength", target="100 kg heben")
    assert "100 kg heben" in page.content.decode()
    with tenant(studio), atomic():
        assert Followup.objects.get(status="pending").scheduled_at.isoformat() == "2026-11-18T16:30:00+00:00"
        goal = Goal.objects.get()
    post(owner, "goal_drop", anna.pk, goal.pk)
    with tenant(studio), atomic():
        assert not Goal.objects.exists()


def test_a_person_is_written_to_on_their_days_only(owner: Client, studio: UUID, anna: Lead) -> None:
    page = post(owner, "preferences_save", anna.pk, frequency="weekly", weekdays=["5"], motivation_style="supportive")
    assert page.context["preferences_form"].said()[2] == ("An welchen Tagen?", "Samstag")
    with tenant(studio), atomic():
        assert Followup.objects.get(status="pending").scheduled_at.weekday() == 5
    refused = owner.post(
        reverse("coach:preferences_save", args=[anna.pk]), {"weekdays": ["7"], "motivation_style": "supportive"}
    )
    assert (refused.status_code, "weekdays" in refused.context["preferences_form"].errors) == (400, True)


def test_who_only_reads_sees_the_wishes_in_words(owner: Client, studio: UUID, anna: Lead) -> None:
    post(owner, "preferences_save", anna.pk, frequency="daily", weekdays=["0", "2"], motivation_style="supportive")
    page = signed_in(studio, Role.VIEWER).get(reverse("coach:member", args=[anna.pk])).content.decode()
    assert ("Montag, Mittwoch" in page, "supportive" in page) == (True, False)


def test_the_next_message_is_skipped(owner: Client, studio: UUID, anna: Lead) -> None:
    from coach import followups

    with tenant(studio), atomic():
        planned = followups.plan_next(anna, now=NOON)
    assert planned
    post(owner, "member_followup_skip", anna.pk, planned.pk)
    with tenant(studio), atomic():
        assert Followup.objects.get(pk=planned.pk).status == "skipped"


def test_writing_leads_to_the_chat_also_the_first_time(owner: Client, anna: Lead) -> None:
    answer = owner.post(reverse("coach:member_write", args=[anna.pk]))
    assert "/dashboard/chats/" in answer["Location"]


def test_an_export_is_fetched_by_its_own_browser_only(owner: Client, studio: UUID, anna: Lead) -> None:
    post(owner, "member_export", anna.pk)
    work_off()
    with tenant(studio), atomic():
        file = reverse("coach:export_file", args=[MemberExport.objects.get().pk])
    answer = owner.get(file)
    assert (answer.status_code, answer["Content-Type"], answer["Cache-Control"]) == (
        200,
        "application/zip",
        "private, no-store",
    )
    assert signed_in(studio, Role.ADMIN).get(file).status_code == 404


def test_an_erasure_shows_its_proof(owner: Client, studio: UUID, anna: Lead) -> None:
    assert "Anna Berg" in owner.get(reverse("coach:member_erase", args=[anna.pk])).content.decode()
    post(owner, "member_erase", anna.pk)
    work_off()
    with tenant(studio), atomic():
        proof = Erasure.objects.get()
    page = owner.get(reverse("coach:erased", args=[proof.pk])).content.decode()
    assert str(anna.pk) in page
    assert "Anna" not in page


def upload(client: Client, text: str) -> Any:
    file = SimpleUploadedFile("liste.csv", text.encode("cp1252"))
    return client.post(reverse("coach:import_new"), {"file": file}, follow=True)


def test_a_file_goes_from_upload_to_report(owner: Client, studio: UUID) -> None:
    page = upload(owner, "Name;Handy\nJörg;0151 23456789\nEva;nix\n")
    assert page.context["check"].counts["new"] == 1
    one = page.request["PATH_INFO"]
    owner.post(one, {"name": "0", "phone": "1", "mode": "none", "do": "begin"})
    work_off()
    assert "1" in owner.get(one).content.decode()
    report = owner.get(f"{one}/report.csv").content.decode()
    assert "keine Telefonnummer" in report
    assert "Eva" not in report
    with tenant(studio), atomic():
        assert Lead.objects.get().name == "Jörg"


def test_an_import_goes_on_at_another_device(owner: Client, studio: UUID) -> None:
    one = upload(owner, "Name;Handy\nJörg;0151 23456789\n").request["PATH_INFO"]
    colleague = signed_in(studio, Role.COACH)
    assert one in colleague.get(reverse("coach:import_new")).content.decode()
    assert colleague.get(one).status_code == 200


def test_a_workbook_is_refused_with_the_way_out(owner: Client) -> None:
    answer = owner.post(reverse("coach:import_new"), {"file": SimpleUploadedFile("a.xlsx", b"PK\x03\x04")})
    assert answer.status_code == 400
    assert "CSV UTF-8" in answer.content.decode()


def test_an_upload_is_thrown_away(owner: Client, studio: UUID) -> None:
    upload(owner, "Name;Handy\nJörg;0151 23456789\n")
    with tenant(studio), atomic():
        waiting = MemberImport.objects.get()
    post(owner, "import_cancel", waiting.pk)
    with tenant(studio), atomic():
        assert (MemberImport.objects.get().content, Lead.objects.count()) == ("", 0)


@pytest.mark.parametrize("route", ["members", "member_add", "import_new", "own_phone"])
def test_a_full_plan_leads_to_the_plans(owner: Client, anna: Lead, route: str) -> None:
    plans = f"{reverse('workspaces:billing')}#plans"
    before = owner.get(reverse(f"coach:{route}")).content.decode()
    Plan.objects.filter(pk="PRO").update(leads=1)
    assert (plans in before, plans in owner.get(reverse(f"coach:{route}")).content.decode()) == (False, True)


def test_an_import_that_does_not_fit_leads_to_the_plans_before_and_after(owner: Client, anna: Lead) -> None:
    plans = f"{reverse('workspaces:billing')}#plans"
    Plan.objects.filter(pk="PRO").update(leads=1)
    check = upload(owner, "Name;Handy\nJörg;0151 23456780\n")
    one = check.request["PATH_INFO"]
    owner.post(one, {"name": "0", "phone": "1", "mode": "none", "do": "begin"})
    work_off(["bulk"])
    assert (plans in check.content.decode(), plans in owner.get(one).content.decode()) == (True, True)


def test_a_coach_is_told_who_may_choose_a_larger_plan(studio: UUID, anna: Lead) -> None:
    Plan.objects.filter(pk="PRO").update(leads=1)
    page = signed_in(studio, Role.COACH).get(reverse("coach:member_add")).content.decode()
    assert (reverse("workspaces:billing") in page, "Ein Admin deines Studios" in page) == (False, True)


@pytest.mark.parametrize(("language", "quoted"), [("de", "„Ja, gern“"), ("en", "“Ja, gern”"), ("fr", "« Ja, gern »")])
def test_a_consent_is_quoted_as_the_reader_s_language_does(
    owner: Client, anna: Lead, language: str, quoted: str
) -> None:
    post(owner, "consent_add", anna.pk, purpose="offers", source="Tresen", wording="Ja, gern", at="2026-11-01T10:00")
    User.objects.update(language=language)
    assert quoted in owner.get(reverse("coach:member", args=[anna.pk])).content.decode()


def test_another_studio_s_things_are_not_there(studio: UUID, anna: Lead) -> None:
    outsider = signed_in(make_studio())
    for name in ("member_edit", "member_erase"):
        assert outsider.get(reverse(f"coach:{name}", args=[anna.pk])).status_code == 404
    assert outsider.post(reverse("coach:member_pause", args=[anna.pk]), {"until": "7"}).status_code == 404


@pytest.fixture
def crowd(studio: UUID) -> None:
    """Ten thousand members, a tenth of them with everything."""
    with tenant(studio), atomic():
        lead = LeadFactory(tags=["VIP"])
        consent = Consent.objects.create(lead=lead, source="x", wording="y", at=NOON, recorded_by="user:1")
        multiply(
            lead, MANY, id="md5(n::text)::uuid", name="'Mitglied ' || n || ' Berg'", phone="'+4916' || lpad(n::text, 8, '0')",
            email="'m' || n || '@x.example'",
        )  # fmt: skip
        multiply(consent, MANY // 10, lead_id="md5((n * 10)::text)::uuid")


@pytest.mark.thorough
@pytest.mark.usefixtures("crowd")
def test_ten_thousand_members_cost_few_queries_and_little_time(
    owner: Client, studio: UUID, django_assert_max_num_queries: Any
) -> None:
    import time

    url, took = reverse("coach:members"), []
    for query in ({}, {"q": "berg 77"}, {"consent": "consented"}, {"sort": "name"}):
        with django_assert_max_num_queries(23):
            began = time.perf_counter()
            assert owner.get(url, query).status_code == 200
            took.append(time.perf_counter() - began)
    assert min(took) < 2


@pytest.mark.thorough
@pytest.mark.usefixtures("crowd")
def test_every_page_of_the_list_is_read_by_an_index(studio: UUID) -> None:
    from coach import roster

    with tenant(studio), atomic():
        searched = roster.searched("berg 77").order_by("-pk")[:51].explain(analyze=True)
        sql.run("SET LOCAL enable_sort = off")  # freshly filled tables have no statistics yet
        sorted_by_name = Lead.objects.order_by("name", "pk")[:51].explain()
    assert "coach_lead_" in searched
    assert "Seq Scan" not in searched + sorted_by_name
    assert "coach_lead_name" in sorted_by_name


def test_the_page_of_a_person_costs_few_queries(owner: Client, anna: Lead, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(31):
        assert owner.get(reverse("coach:member", args=[anna.pk])).status_code == 200
