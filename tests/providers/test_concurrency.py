"""Many at once, over the real connections and roles: one receipt, one probe, no lost count."""

from uuid import UUID

import pytest
from django.db import connections as databases
from django.test import Client
from pytest_django import Settings

from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, AutopilotJob, WebhookReceipt
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel.errors import CircuitOpen, ErrorClass
from pilar.kernel.ids import uuid7
from pilar.kernel.problems import Conflict
from pilar.providers import breakers, calls, routes
from pilar.providers.models import Breaker
from tests.factories import WorkspaceFactory
from tests.providers import senders
from tests.threads import at_once
from workspaces.models import Workspace

AT_ONCE = 8


@pytest.fixture
def studio(threads: str) -> UUID:
    with all_tenants("a test founds a studio"), atomic():
        return WorkspaceFactory().pk  # type: ignore[no-any-return]


def test_one_event_delivered_many_times_at_once_is_stored_once(studio: UUID, settings: Settings) -> None:
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_one"]
    answers = at_once(*[lambda: senders.stripe_event(Client()).status_code] * AT_ONCE)
    with all_tenants("a test counts"), atomic():
        assert (set(answers), WebhookReceipt.objects.count(), AutopilotJob.objects.count()) == ({200}, 1, 1)
    work_off(["webhooks"])
    with tenant(PLATFORM), atomic():
        assert AutopilotEvent.objects.get().type == "stripe.event"


def test_a_batch_crosses_to_its_studio_over_the_real_roles(studio: UUID, settings: Settings) -> None:
    settings.WHATSAPP_APP_SECRETS = ["app-secret"]
    senders.connect_whatsapp(studio, waba_id="w1", phone_id="p1")
    senders.whatsapp_batch(Client(), senders.entry("w1", "p1", messages=[senders.text_message()]))
    work_off(["webhooks"])
    with tenant(studio), atomic():
        assert AutopilotEvent.objects.get().type == "whatsapp.inbound"


def test_failures_at_the_same_moment_are_all_counted(studio: UUID) -> None:
    def fail() -> None:
        with tenant(studio), atomic():
            breakers.failed("stripe", ErrorClass.TRANSIENT_NETWORK)

    at_once(*[fail] * AT_ONCE)
    with tenant(studio), atomic():
        assert Breaker.objects.get().failures == AT_ONCE


def test_of_many_waiting_calls_one_may_probe(studio: UUID) -> None:
    def admitted() -> bool:
        try:
            with tenant(studio), atomic():
                breakers.admit("stripe")
        except CircuitOpen:
            return False
        return True

    with tenant(studio), atomic():
        for _ in range(5):
            breakers.failed("stripe", ErrorClass.TRANSIENT_NETWORK)
        Breaker.objects.update(open_until="2020-01-01T00:00:00Z")
    assert sum(at_once(*[admitted] * AT_ONCE)) == 1


def test_of_many_studios_that_claim_an_id_one_gets_it(studio: UUID) -> None:
    def claim() -> bool:
        try:
            routes.bind("whatsapp", "waba_id", "w1", uuid7())
        except Conflict:
            return False
        return True

    assert sum(at_once(*[claim] * AT_ONCE)) == 1


def test_whoever_waits_for_a_provider_keeps_no_connection_from_others(studio: UUID) -> None:
    def ask() -> list[str]:
        return [alias for alias in ("default", "platform") if databases[alias].connection is not None]

    with all_tenants("a test looks at studios, as a page does before it asks"), atomic():
        assert Workspace.objects.count() == 1
    with tenant(studio):
        assert calls.call("stripe", "prices.retrieve", ask) == []
