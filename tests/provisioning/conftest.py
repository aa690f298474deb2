"""A studio that has paid in the sandbox, and what a script needs to carry it through set-up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from pilar.backplane.engine import work_off
from pilar.backplane.tenancy import atomic, tenant
from pilar.providers.stripe import checkout
from provisioning import pipeline, report, whatsapp
from provisioning.report import RunReport, StepReport
from provisioning.scripted_customer import PAPER
from tests.providers.conftest import Sandbox, sandbox, simulator
from workspaces import purchase, studio
from workspaces.studio import Particulars

__all__ = ["sandbox", "simulator"]
NOW = datetime.now(UTC)


@dataclass
class Building:
    """One studio under construction."""

    sandbox: Sandbox
    workspace_id: UUID

    def work(self, *, ahead: timedelta = timedelta(0)) -> int:
        """Do all work that is due, or will be within `ahead`."""
        return work_off(until=datetime.now(UTC) + ahead if ahead else None)

    def tell(self, **changes: str) -> None:
        """The studio completes its onboarding form."""
        given = {
            "name": "Eisenwerk",
            "legal_name": "Eisenwerk GmbH",
            "street": "Torstraße 12",
            "postal_code": "10119",
            "city": "Berlin",
            "country": "DE",
            "representative_name": "Erika Muster",
            "representative_email": "erika@eisenwerk.test",
            "register_number": "HRB 1",
            "website": "https://eisenwerk.test",
        }
        studio.complete(
            workspace_id=self.workspace_id,
            particulars=Particulars(**given | changes),
            actor="test",
            now=datetime.now(UTC),
        )

    def upload(self) -> None:
        """The studio uploads its extract from the register."""
        studio.add_document(
            workspace_id=self.workspace_id,
            kind="register_extract",
            filename="register.pdf",
            content=PAPER,
            actor="test",
            now=datetime.now(UTC),
        )

    def click_at_meta(self) -> None:
        """The owner goes through Meta's pop-up with the number that was bought."""
        number = self.step("twilio_number").result["number"]
        outcome = self.sandbox.post("/_meta/signup", phone_number=number, business_name="Eisenwerk")
        with tenant(self.workspace_id):
            whatsapp.connect(result=whatsapp.SignupResult(**outcome), actor="test", now=datetime.now(UTC))

    def finish(self, *, after_click: Callable[[], None] = lambda: None) -> None:
        """Carry the studio from paid to ready, however often a step has to try."""
        self.tell()
        self.upload()
        self.work(ahead=timedelta(hours=1))
        self.click_at_meta()
        after_click()
        self.work(ahead=timedelta(hours=1))

    @property
    def run(self) -> RunReport:
        with tenant(self.workspace_id), atomic():
            found = report.latest()
        assert found is not None
        return found

    def step(self, name: str) -> StepReport:
        return next(step for step in self.run.steps if step.key == name)

    def states(self) -> dict[str, str]:
        return {step.key: step.state for step in self.run.steps}

    def made(self) -> dict[str, Any]:
        """What exists at the providers."""
        state = self.sandbox.get("/_control/state")
        twilio = state["twilio"]
        return {
            "subaccounts": len(twilio["accounts"]) - 1,
            "numbers": len(twilio["numbers"]),
            "bundles": len(twilio["bundles"]),
            "wabas": len(state["whatsapp"]["wabas"]),
        }

    def again(self) -> None:
        """Set-up is asked for again."""
        with tenant(self.workspace_id):
            pipeline.start(trigger="manual", now=datetime.now(UTC), again=True)


@pytest.fixture
def paid(sandbox: Sandbox, db: None) -> Building:
    sandbox.post("/_control/reviews", delaySeconds=0, decision="approved")
    order = {"email": "erika@eisenwerk.test", "name": "Eisenwerk", "plan": "PRO", "country": "DE"}
    session = sandbox.post("/_control/checkout", **order)["sessionId"]
    workspace_id = purchase.settle(checkout.retrieve(session), now=datetime.now(UTC))
    return Building(sandbox, workspace_id)
