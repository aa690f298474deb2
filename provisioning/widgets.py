"""Set-up on the dashboard: its short form while it is not finished, and its history in the settings."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pilar.kernel.principal import Role
from pilar.kernel.shown import Command, Need
from pilar.ui import words
from provisioning import report
from provisioning.models import ProvisioningStep


def unfinished_setup(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the widget; it hides itself when set-up is ready."""
    run = report.latest()
    return {"job": asdict(run) if run and run.status != "ready" else None}


def history(_workspace_id: UUID, _now: datetime) -> dict[str, Any]:
    """Context of the part of Settings > Autopilot that lists the runs, newest first."""
    return {"history": [asdict(run) for run in report.history()]}


def waiting_for_the_studio(_workspace_id: UUID, _now: datetime) -> list[Need]:
    """Steps of the set-up that go on only when somebody of the studio has acted."""
    # Every page asks for its dot, and hardly any set-up waits.
    if not ProvisioningStep.objects.filter(status=ProvisioningStep.Status.WAITING, waiting_on="customer").exists():
        return []
    run = report.latest()
    if run is None or run.status == "ready":
        return []
    return [
        Need(
            _("%(step)s waits for you") % {"step": words.word("setup", step.key)},
            step.action_url or reverse("provisioning:live"),
            step.action_text or _("Do this now"),
            note=step.reason,
        )
        for step in run.steps
        if step.state == "awaiting_customer"
    ]


COMMANDS = (
    Command(
        "setup",
        gettext_lazy("Set-up"),
        "list-checks",
        lambda: reverse("provisioning:live"),
        role=Role.ADMIN,
        words=gettext_lazy("progress steps provisioning"),
        order=24,
    ),
    Command(
        "setup.again",
        gettext_lazy("Run the set-up again"),
        "refresh-cw",
        lambda: reverse("provisioning:rerun"),
        role=Role.ADMIN,
        words=gettext_lazy("repair retry"),
        fields={},
        order=30,
    ),
)
