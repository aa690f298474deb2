"""Probes and repairs that a test scripts, and studios with their real providers in the sandbox."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.cache import cache
from django.test import Client

from health import checks
from health.models import HealthCheck, Incident
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel import switchboard
from pilar.kernel.switchboard import Finding, Probe, Remediation
from pilar.providers import connections
from pilar.providers.models import PhoneNumber
from pilar.providers.twilio import numbers, subaccounts
from pilar.providers.whatsapp import client, signup
from pilar.providers.whatsapp.client import Graph, Sender
from tests.providers.conftest import Sandbox, sandbox, simulator
from tests.workspaces.world import World, call, make_world

__all__ = ["sandbox", "simulator"]
WELL = Finding("healthy", "All is well.")
ILL = Finding("failed", "The lamp is out.", "Change the bulb.", "lamp_out", "high")
WEAK = Finding("degraded", "The lamp flickers.", "Wait.", "lamp_flickers", "medium")


@dataclass
class Lamp:
    """A probe whose finding the test sets, with a repair that helps or not."""

    finding: Finding = WELL
    repair_helps: bool = True
    repairs: int = 0
    name: str = "lamp"
    looks: list[UUID | None] = field(default_factory=list)

    def look(self, workspace_id: UUID | None) -> Finding:
        self.looks.append(workspace_id)
        return self.finding

    def repair(self, _workspace_id: UUID | None) -> str:
        self.repairs += 1
        if self.repair_helps:
            self.finding = WELL
        return "The bulb was changed."

    @property
    def probe(self) -> Probe:
        return switchboard.probes[self.name]


@pytest.fixture
def lamp(monkeypatch: pytest.MonkeyPatch) -> Lamp:
    made = Lamp()
    probe = Probe("lamp", "external_apis", made.look, per_workspace=True)
    monkeypatch.setitem(switchboard.probes, "lamp", probe)
    monkeypatch.setitem(switchboard.remediations, "lamp_out", Remediation("lamp_out", "recreate_webhook", made.repair))
    return made


def look(lamp: Lamp, studio: UUID, finding: Finding, *, at: datetime | None = None) -> HealthCheck:
    """The lamp is looked at and shows `finding`."""
    lamp.finding = finding
    return checks.run([lamp.probe], studio, now=at or datetime.now(UTC))[0]


def incidents(studio: UUID) -> list[Incident]:
    with tenant(studio), atomic():
        return list(Incident.objects.order_by("detected_at"))


def stored(studio: UUID) -> dict[str, HealthCheck]:
    with tenant(studio), atomic():
        return {check.probe: check for check in HealthCheck.objects.all()}


def age(studio: UUID, by: timedelta) -> None:
    """Time passes for the studio's checks: all become due."""
    with tenant(studio), atomic():
        for check in HealthCheck.objects.all():
            check.last_check -= by
            check.next_check -= by
            check.save()


def a_worker(*, silent_for: timedelta = timedelta(0), kind: str = "worker") -> None:
    """A worker process has signed in."""
    from pilar.backplane.models import WorkerProcess

    at = datetime.now(UTC) - silent_for
    with all_tenants("a worker registers"), atomic():
        WorkerProcess.objects.create(
            kind=kind, host="h", machine="m", pid=1, birth="b", lanes=[], started_at=at, beat_at=at
        )


def platform_check(**changes: Any) -> None:
    """The platform has looked at itself."""
    now = datetime.now(UTC)
    given = {"probe": "database", "component": "database_performance", "status": "healthy", "severity": "low"}
    with tenant(PLATFORM), atomic():
        HealthCheck.objects.create(**{**given, "last_check": now, "next_check": now, "summary": "x", **changes})


@pytest.fixture
def world(db: None) -> World:
    cache.clear()
    return make_world()


@pytest.fixture
def ask(world: World) -> Callable[..., Any]:
    """Send one request as a program: `ask("POST", "/api/…", who="owner")`."""
    browser = Client(raise_request_exception=True)

    def send(method: str, path: str, *, who: str = "owner", body: Any = None) -> Any:
        return call(browser, method, path, headers=world.headers(who), body=body)

    return send


@pytest.fixture
def number(sandbox: Sandbox, studio: UUID) -> str:
    """The sid of a number that reports to us."""
    with tenant(studio):
        account = subaccounts.find_or_create(studio).account
        connections.put("twilio", identifiers={"account_sid": account.sid}, secrets={"auth_token": account.token})
        (candidate,) = numbers.search(account, country="US", limit=1)
        hooks = numbers.webhooks_for(studio)
        bought = numbers.buy(account, phone_number=candidate.phone_number, friendly_name="pilar", webhooks=hooks)
        with atomic():
            PhoneNumber.objects.create(e164=bought.phone_number, sid=bought.sid, country="US")
    return bought.sid


@pytest.fixture
def whatsapp(sandbox: Sandbox, studio: UUID) -> Sender:
    """A connected WhatsApp account that reports to us."""
    made = sandbox.post("/_meta/signup", phone_number="+493012345678", business_name="Studio Eins")
    with tenant(studio):
        graph = Graph(signup.exchange_code(made["code"]).access_token)
        signup.register(graph, made["phone_number_id"], "123456")
        signup.subscribe(graph, made["waba_id"])
        names = {"waba_id": made["waba_id"], "phone_number_id": made["phone_number_id"]}
        connections.put("whatsapp", identifiers=names, secrets={"token": graph.token})
        return client.own_sender()
