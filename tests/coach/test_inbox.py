"""What people write: rules before the model, and a stop before everything."""

from datetime import timedelta

import pytest
import time_machine

from coach import aliases, erasure, inbox, leads, optout, suppression
from coach.aliases import Contact
from coach.models import Conversation, Followup, Lead, LeadAlias, Message, Suppression
from coach.payloads import MessageReady, ReplyDue
from coach.replies import answer, deliver
from pilar.backplane.models import AutopilotJob
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Work
from tests.coach.conftest import Model, Phone, away
from tests.coach.factories import NOON, inbound, last_out, lead_with_consent, open_window, willing_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
Owner = Conversation.Owner


def writes(lead: Lead | str, text: str, **more: str) -> None:
    with atomic():
        inbox.receive(inbound(lead, text, **more), now=NOON)


def reply_now(lead: Lead) -> object:
    with atomic():
        chat = Conversation.objects.get(lead=lead)
    due = ReplyDue(conversation_id=chat.pk, generation=chat.generation)
    return answer(Work(uuid7(), current(), "coach.reply", due, 1, uuid7()))


def send(message: Message) -> None:
    deliver(Work(uuid7(), current(), "coach.deliver", MessageReady(message_id=message.pk), 1, uuid7()))


@pytest.fixture
def lead() -> Lead:
    return willing_lead()


def test_a_stop_ends_consent_and_cancels_what_is_planned(lead: Lead) -> None:
    from coach import followups

    with atomic():
        planned = followups.plan_next(lead, now=NOON)
        writes(lead, "Stopp bitte")
        lead.refresh_from_db()
        planned.refresh_from_db()
        assert lead.status == Lead.Status.OPTED_OUT
        assert planned.status == Followup.Status.CANCELLED
        assert not lead.consents.filter(withdrawn_at=None).exists()


def test_a_stop_is_confirmed_once_and_nothing_follows(lead: Lead, phone: Phone) -> None:
    writes(lead, "STOP")
    writes(lead, "STOP")
    send(last_out(lead))
    assert len(phone.texts) == 1
    assert Message.objects.filter(lead=lead, direction=Message.Direction.OUT).count() == 1


def test_a_stop_drops_a_message_that_has_not_left(lead: Lead, phone: Phone) -> None:
    writes(lead, "Mensch")
    waiting = last_out(lead)
    writes(lead, "STOP")
    send(waiting)
    assert phone.texts == []


def test_a_stop_button_of_a_template_counts(lead: Lead) -> None:
    writes(lead, "", kind="button", button_payload="STOP")
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT


def test_after_a_stop_no_model_answers_and_a_person_sees_it(lead: Lead, model: Model) -> None:
    writes(lead, "STOP")
    writes(lead, "Wann habt ihr offen?")
    assert Conversation.objects.get(lead=lead).owner == Owner.WAITING
    assert model.asked == []


def test_start_brings_the_messages_back_with_its_own_proof(lead: Lead) -> None:
    writes(lead, "STOP")
    writes(lead, "START")
    lead.refresh_from_db()
    consent = lead.consents.get(withdrawn_at=None)
    assert (lead.status, consent.proof_message.body) == (Lead.Status.ACTIVE, "START")
    assert not Suppression.objects.exists()


def test_a_new_import_of_somebody_who_stopped_wakes_nobody(lead: Lead) -> None:
    writes(lead, "STOP")
    phone_number = lead.phone
    with atomic():
        erasure.erase(lead, actor="test", now=NOON)
        again = leads.add(leads.NewLead(name="Anna", phone=phone_number), actor="test", now=NOON)
    assert again.status == Lead.Status.OPTED_OUT


def test_an_erased_person_leaves_only_a_keyed_hash(lead: Lead) -> None:
    writes(lead, "Hallo")
    with atomic():
        erasure.erase(lead, actor="test", now=NOON)
    assert not Message.objects.exists()
    assert not LeadAlias.objects.exists()
    assert lead.phone.lstrip("+") not in str(list(Suppression.objects.values_list("digest", flat=True)))


def test_marketing_stopped_in_whatsapp_s_own_settings_counts(lead: Lead) -> None:
    optout.stopped_elsewhere(Contact(sender=lead.phone.lstrip("+")), how="whatsapp_preference", now=NOON)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT


def test_a_stop_of_somebody_unknown_is_remembered() -> None:
    optout.stopped_elsewhere(Contact(sender="4915100000000"), how="whatsapp_preference", now=NOON)
    assert suppression.matches(["+4915100000000"])


def test_a_consent_that_is_edited_into_a_stop_is_proof_and_stopped() -> None:
    asked = lead_with_consent()
    agreed = inbound(asked, "Ja")
    with atomic():
        inbox.receive(agreed, now=NOON)
        writes(asked, "STOP", kind="edit", about=agreed.message_id)
        asked.refresh_from_db()
        assert (asked.status, asked.consents.get().proof_message.body) == (Lead.Status.OPTED_OUT, "Ja")


@pytest.mark.parametrize(("kind", "text"), [("revoke", ""), ("edit", "Bis morgen")])
def test_a_stop_counts_that_comes_after_it_was_changed(lead: Lead, phone: Phone, kind: str, text: str) -> None:
    said = inbound(lead, "STOP")
    writes(lead, text, kind=kind, about=said.message_id)
    for _ in range(2):
        inbox.receive(said, now=NOON)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT
    assert [row.body for row in lead.messages.filter(direction="in")] == [text]
    assert lead.messages.filter(why__trigger="opt_out").count() == 1


def test_an_edit_to_a_stop_counts_that_comes_after_the_message_was_taken_back(lead: Lead) -> None:
    said = inbound(lead, "Hallo")
    inbox.receive(said, now=NOON)
    writes(lead, "", kind="revoke", about=said.message_id)
    writes(lead, "STOP", kind="edit", about=said.message_id)
    lead.refresh_from_db()
    assert (lead.status, lead.messages.get(provider_id=said.message_id).body) == (Lead.Status.OPTED_OUT, "")


def test_a_stop_that_is_handed_over_again_does_not_undo_a_new_start(lead: Lead) -> None:
    said = inbound(lead, "STOP")
    inbox.receive(said, now=NOON)
    writes(lead, "START")
    inbox.receive(said, now=NOON)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.ACTIVE


def test_distress_that_comes_by_an_edit_goes_to_a_person(lead: Lead, phone: Phone, model: Model) -> None:
    said = inbound(lead, "Hallo")
    inbox.receive(said, now=NOON)
    (planned,) = AutopilotJob.objects.filter(type="coach.reply")
    writes(lead, "Ich will nicht mehr leben", kind="edit", about=said.message_id)
    assert Conversation.objects.get(lead=lead).owner == Owner.WAITING
    assert last_out(lead).why["trigger"] == "red_line"
    answer(Work(uuid7(), current(), "coach.reply", ReplyDue.model_validate(planned.payload), 1, uuid7()))
    assert model.asked == []


def test_a_message_can_be_edited_to_a_stop_a_second_time(lead: Lead) -> None:
    said = inbound(lead, "STOP")
    inbox.receive(said, now=NOON)
    writes(lead, "START")
    writes(lead, "STOP!", kind="edit", about=said.message_id)
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT
    assert lead.messages.filter(why__trigger="opt_out").count() == 2


def test_a_stop_follows_to_a_new_number(lead: Lead) -> None:
    writes(lead, "STOP")
    writes(lead, "", kind="system", new_sender="4915177777777")
    assert suppression.matches(["+4915177777777"])


def test_who_has_a_new_number_is_written_to_there(lead: Lead) -> None:
    writes(lead, "", kind="system", new_sender="4915177777777")
    lead.refresh_from_db()
    assert aliases.address(lead) == "4915177777777"
    writes("4915177777777", "Hallo")
    assert lead.messages.filter(body="Hallo").exists()


def test_a_new_number_that_is_another_member_s_stays_theirs(lead: Lead) -> None:
    other = willing_lead()
    before = lead.phone
    writes(lead, "", kind="system", new_sender=other.phone.lstrip("+"))
    lead.refresh_from_db()
    assert lead.phone == before


def test_whom_whatsapp_names_by_user_id_is_written_to_under_the_newest(lead: Lead) -> None:
    Lead.objects.filter(pk=lead.pk).update(phone="")
    LeadAlias.objects.filter(lead=lead).delete()
    for number, days_ago in (("new", 0), ("old", 9)):
        with atomic():
            aliases.add(lead, Contact(user_id=f"DE.{number}"))
            LeadAlias.objects.filter(value=f"DE.{number}").update(created_at=NOON - timedelta(days=days_ago))
    lead.refresh_from_db()
    assert aliases.address(lead) == "DE.new"


def test_two_contacts_never_share_an_alias(lead: Lead) -> None:
    other = willing_lead()
    with atomic():
        aliases.add(lead, Contact(user_id="DE.1"))
        aliases.add(other, Contact(user_id="DE.1"))
    assert LeadAlias.objects.get(value="DE.1").lead == lead


def test_a_person_without_a_number_is_known_by_the_user_id() -> None:
    writes("", "Hallo", user_id="DE.77")
    writes("", "Hallo nochmal", user_id="DE.77")
    assert Conversation.objects.get().generation == 2


def test_a_plain_yes_means_nothing_once_the_consent_is_confirmed(lead: Lead, model: Model, phone: Phone) -> None:
    writes(lead, "Ja")
    reply_now(lead)
    assert len(model.asked) == 1


def test_a_no_to_our_question_for_consent_is_a_stop() -> None:
    lead = lead_with_consent()
    with atomic():
        Followup.objects.create(
            lead=lead, type="welcome", origin="system", status="sent", scheduled_at=NOON, expires_at=NOON,
            occurrence="welcome", created_by="test",
        )  # fmt: skip
        chat = open_window(lead, at=NOON)
        Message.objects.create(
            conversation=chat, lead=lead, direction="out", by="template", state="sent", template={"name": "w"}, at=NOON
        )
    writes(lead, "Nein danke")
    lead.refresh_from_db()
    assert lead.status == Lead.Status.OPTED_OUT


def test_a_wish_for_a_person_is_granted_without_the_model(lead: Lead, model: Model) -> None:
    writes(lead, "Ich möchte mit einem Menschen sprechen")
    assert Conversation.objects.get(lead=lead).owner == Owner.WAITING
    assert model.asked == []


def test_distress_is_met_by_a_fixed_text_and_a_person_and_stops_the_nudges(lead: Lead, model: Model) -> None:
    writes(lead, "Ich glaube ich habe Magersucht")
    lead.refresh_from_db()
    assert last_out(lead).why["text"] == "care"
    assert lead.nudges_paused_until == NOON + timedelta(days=14)


def test_while_a_person_has_the_word_the_model_is_silent(lead: Lead, model: Model) -> None:
    open_window(lead, at=NOON)
    Conversation.objects.filter(lead=lead).update(owner=Owner.HUMAN)
    writes(lead, "Hallo?")
    reply_now(lead)
    assert model.asked == []


def test_with_auto_reply_off_the_chat_waits_for_a_person(lead: Lead, model: Model) -> None:
    from coach import config

    with atomic():
        config.save(changes={"auto_reply": False}, actor="test")
    writes(lead, "Hallo?")
    reply_now(lead)
    assert (model.asked, Conversation.objects.get(lead=lead).owner) == ([], Owner.WAITING)


def test_a_person_who_takes_over_while_the_model_writes_keeps_the_word(lead: Lead, model: Model, phone: Phone) -> None:
    writes(lead, "Hallo?")
    model.before = lambda: Conversation.objects.filter(lead=lead).update(owner=Owner.HUMAN) and None
    reply_now(lead)
    assert phone.texts == []


def test_a_stop_while_the_model_writes_an_answer_wins(lead: Lead, model: Model, phone: Phone) -> None:
    writes(lead, "Hallo?")
    model.before = lambda: writes(lead, "STOP")
    reply_now(lead)
    assert phone.texts == []


def test_an_answer_is_sent_once_however_often_its_job_runs(lead: Lead, model: Model, phone: Phone) -> None:
    writes(lead, "Hallo?")
    reply_now(lead)
    reply_now(lead)
    assert len(phone.texts) == 1


@pytest.mark.parametrize(
    "text", ["Ruf an: 0151 2345678", "Schau auf http://evil.example", "Das kostet 39 €", "Iss nur 1200 kcal am Tag"]
)
def test_what_the_model_must_not_say_never_leaves(lead: Lead, model: Model, phone: Phone, text: str) -> None:
    model.text = text
    writes(lead, "Was soll ich tun?")
    reply_now(lead)
    assert text not in phone.texts[0]["body"]
    assert last_out(lead).why["fallback"].startswith("check_")


def test_the_model_learns_nothing_of_other_people(lead: Lead, model: Model, phone: Phone) -> None:
    other = willing_lead(name="Zacharias Geheim")
    writes(other, "Mein Passwort ist Rumpelstilzchen")
    writes(lead, "Hallo?")
    reply_now(lead)
    assert "Rumpelstilzchen" not in str(model.asked)
    assert "Zacharias" not in str(model.asked)


def test_a_reaction_opens_the_window_and_asks_for_no_answer(lead: Lead) -> None:
    writes(lead, "👍", kind="reaction")
    assert Conversation.objects.get(lead=lead).is_open(NOON)
    assert not AutopilotJob.objects.filter(type="coach.reply").exists()


@pytest.mark.parametrize(("hours", "is_open"), [(23.9, True), (23.95, False), (24, False), (30, False)])
def test_the_window_closes_a_little_before_24_hours(hours: float, is_open: bool) -> None:
    chat = Conversation(last_inbound_at=NOON)
    assert chat.is_open(NOON + timedelta(hours=hours)) is is_open


def test_a_message_from_the_future_does_not_keep_the_window_open_longer(
    lead: Lead, noon: time_machine.Traveller
) -> None:
    with atomic():
        inbox.receive(inbound(lead, "Hallo", at=NOON + timedelta(days=3)), now=NOON)
    assert Conversation.objects.get(lead=lead).last_inbound_at == NOON


def test_an_older_message_that_arrives_late_does_not_move_the_window_back(lead: Lead) -> None:
    writes(lead, "Hallo")
    with atomic():
        inbox.receive(inbound(lead, "früher", at=NOON - timedelta(hours=20)), now=NOON)
    assert Conversation.objects.get(lead=lead).last_inbound_at == NOON


def test_what_the_model_answers_are_the_person_s_last_words(
    lead: Lead, model: Model, phone: Phone, noon: time_machine.Traveller
) -> None:
    writes(lead, "Mensch")
    Conversation.objects.filter(lead=lead).update(owner=Owner.AI)
    noon.shift(0.4)
    with atomic():
        inbox.receive(inbound(lead, "Doch nicht, wann ist Yoga?", at=NOON), now=NOON + timedelta(seconds=0.4))
    reply_now(lead)
    assert model.asked[0]["messages"][-1].text == "Doch nicht, wann ist Yoga?"
    assert len(model.asked[0]["messages"]) == 3


def writes_under(wamid: str, lead: Lead, text: str) -> None:
    with atomic():
        inbox.receive(inbound(lead, text).model_copy(update={"message_id": wamid}), now=NOON)


def answers_to(lead: Lead) -> int:
    with atomic():
        return Message.objects.filter(lead=lead, direction="out").values("effect_key").distinct().count()


def test_messages_whose_long_ids_begin_alike_are_answered_each(lead: Lead) -> None:
    for last in "12":
        writes_under("wamid." + "HBgQ" * 80 + last, lead, "Ich will mit einem Menschen sprechen")
    assert answers_to(lead) == 2


def test_a_model_answers_each_of_two_messages_whose_long_ids_begin_alike(
    lead: Lead, model: Model, phone: Phone
) -> None:
    for last in "12":
        writes_under("wamid." + "HBgQ" * 30 + last, lead, "Wann ist der Kurs?")
        reply_now(lead)
    assert answers_to(lead) == 2


def asks_twice(lead: Lead, phone: Phone) -> None:
    """WhatsApp is away when the first question is answered; meanwhile the member writes again."""
    writes(lead, "Wann habt ihr offen?")
    phone.failure = away()
    reply_now(lead)
    writes(lead, "Hallo?")
    reply_now(lead)


def test_an_answer_that_waits_for_whatsapp_gives_way_to_what_was_written_since(
    lead: Lead, phone: Phone, model: Model
) -> None:
    asks_twice(lead, phone)
    assert {turn.text for turn in model.asked[-1]["messages"]} == {"Wann habt ihr offen?", "Hallo?"}
    ours = Message.objects.filter(lead=lead, direction=Message.Direction.OUT).order_by("generation")
    assert [(row.state, bool(row.provider_id)) for row in ours] == [("dropped", False), ("queued", True)]


def test_that_an_ai_writes_is_said_again_when_the_message_that_said_it_did_not_arrive(
    lead: Lead, phone: Phone, model: Model
) -> None:
    asks_twice(lead, phone)
    assert "KI" in phone.texts[0]["body"]


def test_an_answer_that_would_have_to_wait_too_long_is_left_to_a_person_at_once(
    lead: Lead, phone: Phone, model: Model
) -> None:
    writes(lead, "Wann habt ihr offen?")
    phone.failure = away()
    phone.failure.retry_after = 24 * 3600.0
    with pytest.raises(type(phone.failure)):
        reply_now(lead)
    assert Conversation.objects.get(lead=lead).owner == Conversation.Owner.WAITING
