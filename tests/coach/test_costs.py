"""What messages cost: reserved before they leave, settled by WhatsApp's own word, capped, never in the way of a stop."""

from datetime import timedelta

import pytest

from coach import chats, deliveries, followups, inbox, leads, nudges, numbers, optout, outbox
from coach.models import Followup, Lead, Message
from coach.outbox import Draft
from coach.pages.shown import reasons
from coach.payloads import FollowupDue
from pilar.backplane import budgets, effects
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Reschedule, Work
from tests.coach.conftest import Model, Phone
from tests.coach.factories import NOON, inbound, last_out, open_window, status, willing_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_studio", "noon")]
MARKETING_DE = 113_100


@pytest.fixture
def lead() -> Lead:
    return willing_lead()


def nudge(lead: Lead) -> object:
    with atomic():
        due = followups.plan(lead, type="motivation_message", at=NOON, actor="test", now=NOON)
    return nudges.send_due(Work(uuid7(), current(), "coach.followup", FollowupDue(followup_id=due.pk), 1, uuid7()))


def tell(message: Message, word: str, code: int | None = None, **pricing: object) -> Message:
    told = status(message, word, code=code).model_copy(update={"pricing": pricing or None})
    deliveries.apply(told, now=NOON)
    with atomic():
        message.refresh_from_db()
    return message


def micro_euro_used() -> int:
    return next(one.daily_used for one in budgets.status(NOON) if one.resource == "euro")


def is_settled(message: Message) -> bool:
    with atomic():
        return budgets.held("euro", key=message.effect_key) is None


def test_a_template_is_reserved_at_its_price_until_whatsapp_speaks(lead: Lead, phone: Phone) -> None:
    nudge(lead)
    message = last_out(lead)
    assert (message.micro_euro, micro_euro_used(), is_settled(message)) == (MARKETING_DE, MARKETING_DE, False)


def test_what_whatsapp_bills_is_what_counts(lead: Lead, phone: Phone) -> None:
    nudge(lead)
    message = tell(last_out(lead), "delivered", billable=True, category="utility")
    assert (message.micro_euro, micro_euro_used(), is_settled(message)) == (45_600, 45_600, True)


def test_what_whatsapp_gives_away_costs_nothing(lead: Lead, phone: Phone) -> None:
    nudge(lead)
    assert tell(last_out(lead), "delivered", billable=False, category="marketing").micro_euro == 0
    assert micro_euro_used() == 0


def test_a_message_that_failed_gives_its_price_back(lead: Lead, phone: Phone) -> None:
    nudge(lead)
    assert tell(last_out(lead), "failed", code=131026).micro_euro == 0
    assert micro_euro_used() == 0


@pytest.mark.parametrize("begun", [False, True])
def test_what_a_stop_takes_back_costs_nothing_unless_its_sending_has_begun(lead: Lead, begun: bool) -> None:
    draft = Draft(text="Hallo", by=Message.By.TEMPLATE, template={"name": "n", "language": "de", "params": {}})
    with atomic():
        message = outbox.put(leads.conversation_of(lead), draft, key="k", now=NOON)
    if begun:
        effects.perform(key="k", provider="whatsapp", operation="send", call=lambda key: effects.EffectResult(key))
    with atomic():
        optout.stop(lead, how="chat", now=NOON)
        message.refresh_from_db()
    assert (message.state, message.micro_euro) == ("dropped", MARKETING_DE if begun else 0)
    assert micro_euro_used() == (MARKETING_DE if begun else 0)


def test_above_the_cap_a_nudge_waits_and_nothing_is_reserved(lead: Lead, phone: Phone) -> None:
    with atomic():
        budgets.choose("euro", own_daily=MARKETING_DE - 1, actor="test")
    found = nudge(lead)
    assert isinstance(found, Reschedule)
    with atomic():
        assert Followup.objects.get(origin="person").reason == "costs"
    assert (phone.texts, micro_euro_used()) == ([], 0)
    with atomic():
        assert budgets.held("messages", key=f"followup:{Followup.objects.get(origin='person').pk}") is None


def test_above_the_cap_of_the_month_a_nudge_that_cannot_wait_so_long_is_left_out(lead: Lead, phone: Phone) -> None:
    with atomic():
        budgets.choose("euro", own_monthly=0, actor="test")
    assert nudge(lead) == {"status": "skipped", "reason": "costs"}


@pytest.mark.parametrize(("words", "text"), [("STOP", "stopped"), ("Ich will nicht mehr leben", "care")])
def test_a_stop_and_what_keeps_people_safe_wait_for_no_budget(lead: Lead, phone: Phone, words: str, text: str) -> None:
    with atomic():
        budgets.set_limits("messages", daily=0)
        budgets.choose("euro", own_daily=0, actor="test")
        inbox.receive(inbound(lead, words), now=NOON)
    message = last_out(lead)
    assert (message.why["text"], reasons.told(message)["critical"]) == (text, True)
    assert budgets.held("messages", key=message.effect_key) is None


def test_the_record_tells_what_the_model_s_words_cost(lead: Lead, phone: Phone, model: Model) -> None:
    open_window(lead, at=NOON - timedelta(hours=1))
    model.micro_euro = 77
    nudge(lead)
    assert reasons.told(last_out(lead))["ai_micro_euro"] == 77
    assert chats.explained(last_out(lead))["ai_micro_euro"] == 77


@pytest.mark.parametrize(
    ("address", "country"), [("4915123456789", "DE"), ("12125550123", "US"), ("at.134abc", "AT"), ("", ""), ("999", "")]
)
def test_an_address_names_its_country(address: str, country: str) -> None:
    assert numbers.country_of(address) == country
