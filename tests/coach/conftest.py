"""A studio in service, a phone at the other end, and a model that says what the test wants."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import translation

from coach import inbox, leads, steps
from coach.agent.wishes import Asked
from coach.agent.writer import CoachReply
from coach.models import Conversation
from pilar.backplane.tenancy import atomic, tenant
from pilar.backplane.tenant_model import tenant_models
from pilar.kernel import clock
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Role
from pilar.kernel.steps import StepContext
from pilar.providers import connections
from pilar.providers.ai import chat as ai
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import messages
from tests.coach.factories import NOON, inbound, willing_lead
from workspaces.models import Membership, User


@dataclass
class Phone:
    """What reached WhatsApp. `failure` is raised instead of taking the next message; `before` runs as one is handed over."""

    texts: list[dict[str, Any]] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    failure: Exception | None = None
    before: Callable[[], None] | None = None

    def take(self, **sent: Any) -> messages.SentMessage:
        if self.before:
            self.before()
        if self.failure:
            failure, self.failure = self.failure, None
            raise failure
        self.texts.append(sent)
        return messages.SentMessage(id=f"wamid.{uuid7()}")


@dataclass
class Model:
    """The language model: answers `text`, or is away."""

    text: str = "Gerne! Welcher Tag passt dir für dein Training?"
    hand_over: bool = False
    wishes: Asked | None = None
    micro_euro: int | None = None
    away: bool = False
    asked: list[dict[str, Any]] = field(default_factory=list)
    before: Callable[[], None] | None = None

    def answer(self, **question: Any) -> ai.AiAnswer[CoachReply]:
        self.asked.append(question)
        if self.before:
            self.before()
        if self.away:
            raise ai.NoAnswer([])
        output = CoachReply(text=self.text, hand_over=self.hand_over, wishes=self.wishes)
        return ai.AiAnswer(
            output, provider="openai", model="m", input_tokens=10, output_tokens=5, micro_euro=self.micro_euro
        )


@pytest.fixture(autouse=True)
def _no_language_of_the_test_before() -> None:
    """A page that was asked for leaves its reader's language active."""
    translation.deactivate()


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Phone:
    device = Phone()
    monkeypatch.setattr(messages, "send_text", device.take)
    monkeypatch.setattr(messages, "send_template", device.take)
    monkeypatch.setattr(messages, "mark_read", lambda wamid, **_: device.read.append(wamid))
    return device


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Model:
    brain = Model()
    monkeypatch.setattr(ai, "answer", brain.answer)
    return brain


@pytest.fixture
def studio(db: None) -> UUID:
    """A studio that pays, is set up, and whose templates are approved."""
    found = _paying_studio()
    with tenant(found):
        _kept.give(found, _set_up_and_approved)
    return found


def make_studio() -> UUID:
    """A studio as the pipeline leaves it, its templates still in review."""
    found = _paying_studio()
    with tenant(found):
        _set_up(found)
    return found


def _paying_studio() -> UUID:
    from tests.factories import WorkspaceFactory
    from workspaces.models import Subscription

    studio: UUID = WorkspaceFactory(plan_id="PRO").pk
    with tenant(studio):
        with atomic():
            Subscription.objects.create(
                stripe_customer_id="cus", stripe_subscription_id="sub", status="active", plan_id="PRO",
                started_at=datetime(2026, 1, 1, tzinfo=UTC), fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
            )  # fmt: skip
        connections.put("whatsapp", identifiers={"phone_number_id": "1", "waba_id": "2"}, secrets={"token": "t"})
    return studio


def _set_up(studio: UUID) -> None:
    for step in (steps.default_ai_agent, steps.training_logic, steps.followup_templates, steps.calendar_defaults):
        step(StepContext(studio, uuid7(), 1, uuid7(), {}))


def _set_up_and_approved(studio: UUID) -> None:
    _set_up(studio)
    with atomic():
        MessageTemplate.objects.update(status="APPROVED")


class _Kept:
    """What the steps wrote for the first studio, written for every other at once: thirty statements less per test."""

    def __init__(self) -> None:
        self._first: UUID | None = None
        self._rows: dict[str, str] = {}

    def give(self, studio: UUID, make: Callable[[UUID], None]) -> None:
        """Let `studio`, whose scope is entered, have what `make` leaves behind."""
        with atomic():
            if self._first:
                self._write(studio)
            else:
                before = _rows()
                make(studio)
                self._first, self._rows = (
                    studio,
                    {table: rows for table, rows in _rows().items() if table not in before},
                )

    def _write(self, studio: UUID) -> None:
        insert = "INSERT INTO {0} SELECT * FROM jsonb_populate_recordset(NULL::{0}, %s)"
        with connection.cursor() as cursor:
            rows = [rows.replace(str(self._first), str(studio)) for rows in self._rows.values()]
            cursor.execute("; ".join(insert.format(table) for table in self._rows), rows)


def _rows() -> dict[str, str]:
    """The rows of the entered studio as JSON, by table."""
    found = {}
    with connection.cursor() as cursor:
        for model in tenant_models():
            cursor.execute(f"SELECT jsonb_agg(row)::text FROM {model._meta.db_table} row")
            found[model._meta.db_table] = cursor.fetchone()[0]
    return {table: rows for table, rows in found.items() if rows}


_kept = _Kept()


def lost_answer() -> ProviderError:
    """WhatsApp may have taken the message: the answer never came."""
    return ProviderError("timeout", provider="whatsapp", error_class=ErrorClass.TRANSIENT_NETWORK, ambiguous=True)


def away() -> ProviderError:
    """WhatsApp surely did not take the message."""
    return ProviderError("down", provider="whatsapp", error_class=ErrorClass.TRANSIENT_NETWORK, status=503)


def signed_in(studio: UUID, role: Role = Role.OWNER) -> Client:
    user = User.objects.create_user(email=f"{role}-{studio}@studio.test", password="long enough 1")
    Membership.objects.create(user=user, workspace_id=studio, role=role)
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def owner(studio: UUID) -> Client:
    return signed_in(studio)


@pytest.fixture
def chat(studio: UUID) -> Conversation:
    with tenant(studio), atomic():
        lead = willing_lead(name="Anna Berg")
        inbox.receive(inbound(lead, "Wann habt ihr offen?", at=clock.now()), now=clock.now())
        return leads.conversation_of(lead)
