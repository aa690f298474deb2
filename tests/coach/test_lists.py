"""Members narrowed, counted, changed together, put back, and taken out as a file."""

import io
import json
import zipfile
from datetime import timedelta

import pytest
import time_machine
from django.utils import translation

from coach import bulk, exports, followups, gates, history, leads, preferences, roster
from coach.models import BulkAction, CheckIn, CoachingState, Consent, Followup, Lead, Message
from coach.pages.shown import story
from coach.payloads import BulkDue, ExportDue
from coach.preferences import Preferences
from coach.roster import Filter
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict, NotFound, Problem
from pilar.kernel.switchboard import Work
from tests.coach.factories import NOON, PROOF, lead_with_consent, open_window, willing_lead
from tests.factories import LeadFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
LATER = NOON + timedelta(days=20)


def found(**wanted: object) -> set[str]:
    return {lead.name for lead in roster.rows(Filter.of(wanted), now=NOON)}


@pytest.fixture
def people() -> dict[str, Lead]:
    """One of each kind."""
    made = {
        "Anna Berg": willing_lead(name="Anna Berg", phone="+4915123456789", tags=["VIP"]),
        "Ben Ärmel": LeadFactory(name="Ben Ärmel", email="ben@x.example", language="en", source="import"),
        "Cem Stopp": LeadFactory(name="Cem Stopp", status=Lead.Status.OPTED_OUT),
        "Dora Ruhe": LeadFactory(name="Dora Ruhe", paused_until=LATER),
    }
    Consent.objects.create(lead=made["Dora Ruhe"], source="x")
    Lead.objects.update(created_at=NOON - timedelta(days=100))
    open_window(made["Anna Berg"], at=NOON - timedelta(days=3))
    return made


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ({"q": "berg"}, {"Anna Berg"}),
        ({"q": "0151 2345"}, {"Anna Berg"}),
        ({"q": "+49 (151) 23456-789"}, {"Anna Berg"}),
        ({"q": "ärmel ben"}, {"Ben Ärmel"}),
        ({"q": "BEN@X"}, {"Ben Ärmel"}),
        ({"q": "%"}, set()),
        ({"consent": "consented"}, {"Anna Berg"}),
        ({"consent": "pending"}, {"Dora Ruhe"}),
        ({"consent": "missing"}, {"Ben Ärmel"}),
        ({"consent": "stopped"}, {"Cem Stopp"}),
        ({"language": "en"}, {"Ben Ärmel"}),
        ({"tag": "VIP"}, {"Anna Berg"}),
        ({"source": "import"}, {"Ben Ärmel"}),
        ({"paused": "1"}, {"Dora Ruhe"}),
        ({"silent": "30"}, {"Ben Ärmel", "Cem Stopp", "Dora Ruhe"}),
        ({"silent": "3000999999999999"}, {"Anna Berg", "Ben Ärmel", "Cem Stopp", "Dora Ruhe"}),
        ({"silent": "²", "sort": "'; --", "consent": "all"}, {"Anna Berg", "Ben Ärmel", "Cem Stopp", "Dora Ruhe"}),
    ],
)
def test_the_list_is_narrowed(people: dict[str, Lead], wanted: dict[str, str], names: set[str]) -> None:
    assert found(**wanted) == names


def test_each_chip_counts_what_it_leads_to(people: dict[str, Lead]) -> None:
    counts = roster.counts(Filter(), now=NOON)
    chips = {name: {"consent": name} for name in roster.CONSENTS} | {"paused": {"paused": "1"}, "never": {"never": "1"}}
    chips |= {f"silent{days}": {"silent": days} for days in roster.SILENT_DAYS}
    assert counts.states == {name: len(found(**wanted)) for name, wanted in chips.items()}
    assert (counts.languages, counts.tags) == ({"de": 3, "en": 1}, {"VIP": 1})


def test_a_filter_survives_its_own_address() -> None:
    wanted = Filter(q="a", consent="pending", silent=30, paused=True, sort="name")
    assert Filter.of(wanted.query()) == wanted


def test_a_filter_is_saved_once_under_a_name() -> None:
    roster.save_segment(name=" Still ", wanted=Filter(silent=30), actor="user:1")
    with pytest.raises(Conflict):
        roster.save_segment(name="Still", wanted=Filter(paused=True), actor="user:1")
    assert [Filter.of(segment.filter) for segment in roster.segments()] == [Filter(silent=30)]


def test_everybody_is_no_segment() -> None:
    with pytest.raises(Problem):
        roster.save_segment(name="Alle", wanted=Filter(sort="name"), actor="user:1")


def many(number: int) -> list[Lead]:
    return list(LeadFactory.create_batch(number))


def start(kind: str, targets: list[Lead], **more: object) -> BulkAction:
    return bulk.start(kind=kind, targets=[lead.pk for lead in targets], actor="user:1", now=NOON, **more)  # type: ignore[arg-type]


def test_a_tag_is_given_and_taken_back_from_those_who_did_not_have_it() -> None:
    first, second = LeadFactory(tags=["VIP"]), LeadFactory()
    action = start("tag", [first, second], tag="VIP")
    assert (action.changed, {tuple(lead.tags) for lead in Lead.objects.all()}) == (1, {("VIP",)})
    bulk.undo(action.pk, actor="user:1", now=NOON)
    assert [Lead.objects.get(pk=lead.pk).tags for lead in (first, second)] == [["VIP"], []]


def test_a_pause_moves_the_next_message_behind_it_and_undoing_brings_it_back() -> None:
    lead = willing_lead()
    before = followups.plan_next(lead, now=NOON)
    assert before
    action = start("pause", [lead], until=LATER)
    assert Followup.objects.get(status="pending").scheduled_at > LATER
    bulk.undo(action.pk, actor="user:1", now=NOON)
    assert Followup.objects.get(status="pending").scheduled_at == before.scheduled_at


def test_no_message_of_any_origin_passes_a_pause(studio_in_service: None) -> None:
    from coach import config

    lead = willing_lead(paused_until=NOON + timedelta(hours=2))
    planned = followups.plan(lead, type="note", at=NOON, actor="user:1", now=NOON)
    verdict = gates.judge(planned, lead, config.current(), now=NOON)
    assert isinstance(verdict, gates.Wait)
    assert (verdict.reason, verdict.at) == ("paused", lead.paused_until)


@pytest.fixture
def studio_in_service(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gates, "is_served", lambda: True)
    monkeypatch.setattr(gates, "is_connected", lambda: True)


def test_undo_leaves_alone_who_was_paused_otherwise_since() -> None:
    lead = LeadFactory()
    action = start("pause", [lead], until=LATER)
    start("pause", [lead], until=LATER + timedelta(days=1))
    bulk.undo(action.pk, actor="user:1", now=NOON)
    lead.refresh_from_db()
    assert lead.paused_until == LATER + timedelta(days=1)


def test_a_way_back_closes_after_a_while_and_is_gone_once(noon: time_machine.Traveller) -> None:
    lead = LeadFactory()
    action = start("tag", [lead], tag="VIP")
    with pytest.raises(Conflict):
        bulk.undo(action.pk, actor="user:1", now=NOON + BulkAction.undoable)
    bulk.undo(action.pk, actor="user:1", now=NOON)
    with pytest.raises(Conflict):
        bulk.undo(action.pk, actor="user:1", now=NOON)


def test_people_of_another_studio_are_no_targets() -> None:
    with pytest.raises(Problem):
        bulk.start(kind="tag", targets=[uuid7()], actor="user:1", now=NOON, tag="VIP")
    with pytest.raises(NotFound):
        bulk.undo(uuid7(), actor="user:1", now=NOON)


@pytest.mark.parametrize(("kind", "more"), [("tag", {}), ("pause", {}), ("pause", {"until": NOON}), ("dance", {})])
def test_an_incomplete_wish_changes_nothing(kind: str, more: dict[str, object]) -> None:
    with pytest.raises(Problem):
        start(kind, [LeadFactory()], **more)
    assert not BulkAction.objects.exists()


def test_a_large_action_is_a_job_that_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "AT_ONCE", 2)
    action = start("tag", many(5), tag="VIP")
    assert (action.done, AutopilotJob.objects.filter(type="coach.bulk").count()) == (0, 1)
    with atomic():
        bulk._batch(bulk.get(action.pk), NOON)
    bulk.run(Work(uuid7(), current(), "coach.bulk", BulkDue(action_id=action.pk), 1, uuid7()))
    assert (bulk.get(action.pk).changed, Lead.objects.filter(tags=["VIP"]).count()) == (5, 5)


def test_changing_many_takes_few_statements(django_assert_max_num_queries: object) -> None:
    targets = many(200)
    with django_assert_max_num_queries(11):  # type: ignore[operator]
        start("pause", targets, until=LATER)


def test_erasing_many_leaves_a_proof_of_each() -> None:
    from coach.models import Erasure

    start("erase", many(3))
    assert (Lead.objects.count(), Erasure.objects.count()) == (0, 3)


def exported(lead: Lead) -> zipfile.ZipFile:
    export = exports.request(lead_ids=[lead.pk], session="mine", actor="user:1", now=NOON)
    exports.write(Work(uuid7(), current(), "coach.export", ExportDue(export_id=export.pk), 1, uuid7()))
    content = exports.get(export.pk, session="mine", now=NOON).content
    assert content
    return zipfile.ZipFile(io.BytesIO(bytes(content)))


def test_an_export_holds_all_that_is_known_of_a_person() -> None:
    lead = willing_lead(name="=Anna")
    talk = open_window(lead, at=NOON)
    Message.objects.create(
        conversation=talk, lead=lead, direction="in", by="member", state="received", body="Hallo", at=NOON
    )
    archive = exported(lead)
    person = json.loads(archive.read("members.json"))[0]
    assert (person["name"], person["messages"][0]["body"], person["consents"][0]["wording"]) == (
        "=Anna",
        "Hallo",
        PROOF.wording,
    )
    assert "'=Anna" in archive.read("members.csv").decode()


@pytest.mark.parametrize(("session", "at"), [("another", NOON), ("mine", NOON + timedelta(hours=24))])
def test_an_export_is_there_for_its_own_session_and_for_a_day(session: str, at: object) -> None:
    export = exports.request(lead_ids=[LeadFactory().pk], session="mine", actor="user:1", now=NOON)
    with pytest.raises(NotFound):
        exports.get(export.pk, session=session, now=at)  # type: ignore[arg-type]


def test_the_planner_obeys_how_often_and_when_a_person_wants_it() -> None:
    lead = willing_lead()
    followups.plan_next(lead, now=NOON)
    preferences.change(lead, Preferences(frequency="daily", time_of_day="17:30"), actor="user:1", now=NOON)
    planned = Followup.objects.get(status="pending")
    assert planned.scheduled_at.isoformat() == "2026-11-18T16:30:00+00:00"


@pytest.mark.parametrize("wish", [{"frequency": "hourly"}, {"time_of_day": "25:00"}, {"time_of_day": "24:00"}])
def test_a_wish_that_makes_no_sense_is_refused(wish: dict[str, str]) -> None:
    with pytest.raises(Problem):
        preferences.change(LeadFactory(), Preferences(**wish), actor="user:1", now=NOON)


def nudged(name: str, **fields: object) -> Lead:
    """Somebody who agreed long ago and got a message since."""
    lead = willing_lead(name=name, **fields)
    talk = open_window(lead, at=NOON - timedelta(days=20))
    Message.objects.create(conversation=talk, lead=lead, direction="out", by="ai", state="read", at=NOON)
    Lead.objects.filter(pk=lead.pk).update(created_at=NOON - timedelta(days=60))
    return lead


def test_who_fell_silent_is_named_the_last_one_first_and_nobody_who_is_to_be_left_alone() -> None:
    nudged("Long silent")
    open_window(nudged("Just silent"), at=NOON - timedelta(days=15))
    open_window(nudged("Talks"), at=NOON - timedelta(days=3))
    nudged("On holiday", paused_until=LATER)
    nudged("Said stop", status=Lead.Status.OPTED_OUT)
    willing_lead(name="Never written to")
    assert [lead.name for lead in roster.gone_quiet(now=NOON)] == ["Just silent", "Long silent"]


def test_who_fell_silent_comes_with_what_a_person_wants_to_know_of_them() -> None:
    lead = nudged("Anna")
    CheckIn.objects.create(lead=lead, at=NOON - timedelta(days=9))
    CoachingState.objects.update_or_create(lead=lead, defaults={"unanswered": 3})
    quiet = roster.gone_quiet(now=NOON).get()
    days = [(NOON - at).days for at in (quiet.last_word_at, quiet.last_visit_at)]
    assert (days, quiet.unanswered) == ([20, 9], 3)


def test_a_person_s_story_is_told_newest_first_and_page_by_page() -> None:
    lead = lead_with_consent()
    talk = open_window(lead, at=NOON)
    for minute in range(40):
        at = NOON - timedelta(minutes=minute)
        Message.objects.create(conversation=talk, lead=lead, direction="in", by="member", state="received", at=at)
    first, older = history.page(lead)
    second, end = history.page(lead, before=older)
    times = [entry.at for entry in (*first, *second)]
    assert (times == sorted(times, reverse=True), end) == (True, None)
    assert sum(entry.kind == "message" for entry in (*first, *second)) == 40


def test_visits_that_follow_each_other_are_one_line_of_the_story() -> None:
    lead = lead_with_consent()
    talk = open_window(lead, at=NOON)
    for days in (1, 2, 3, 5):
        CheckIn.objects.create(lead=lead, at=NOON - timedelta(days=days))
    at = NOON - timedelta(days=4)
    Message.objects.create(conversation=talk, lead=lead, direction="in", by="member", state="received", at=at)
    with translation.override("en"):
        told = story.all_told([entry for entry in history.page(lead)[0] if entry.kind in ("check_in", "message")])
    assert [(one["headline"], one["text"]) for one in told] == [
        ("Was in the studio 3 times", "Nov 15 – Nov 17"), ("Wrote to you", ""), ("Was in the studio", ""),
    ]  # fmt: skip


def test_twelve_weeks_of_days_say_what_there_was() -> None:
    lead = willing_lead(timezone="Pacific/Auckland")
    CheckIn.objects.create(lead=lead, at=NOON)
    days = dict(history.dots(lead, now=NOON))
    assert (len(days), days[(NOON + timedelta(hours=13)).date()]) == (81, "trained")


def test_a_changed_name_is_found_at_once() -> None:
    lead = LeadFactory(name="Anna")
    leads.change(lead, {"name": "Zoe"}, actor="user:1")
    assert found(q="zoe") == {"Zoe"}
