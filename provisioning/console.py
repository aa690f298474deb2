"""What set-up shows operators: how many studios are where, what holds them up, and one studio's steps."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Min
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pilar.kernel import switchboard
from pilar.kernel.console import Cell, Drawing, Found, Table, Text, Tile, Wording, as_uuid, list_of, moment
from pilar.kernel.steps import WaitsFor
from pilar.ui import words
from provisioning import report
from provisioning.models import ProvisioningJob, ProvisioningStep

SHOWN = 12
RUNS, STEPS = "provisioning_provisioningjob", "provisioning_provisioningstep"
_WAITS_FOR: Mapping[str, Text] = {
    WaitsFor.CUSTOMER: gettext_lazy("for the studio"),
    WaitsFor.REVIEW: gettext_lazy("for a review"),
}
waits_for = Wording.of("waits_for", _WAITS_FOR)
HELD_UP = (ProvisioningStep.Status.FAILED, ProvisioningStep.Status.RETRYING, ProvisioningStep.Status.WAITING)
Run = ProvisioningJob.Status


def runs(now: datetime) -> Drawing:
    """Open set-ups by their state, those that became ready today, and what holds the open ones up, by cause."""
    counts = dict(
        ProvisioningJob.objects.filter(status__in=ProvisioningJob.OPEN).values_list("status").annotate(Count("pk"))
    )
    ready = ProvisioningJob.objects.filter(finished_at__gt=now - timedelta(days=1)).count()
    tiles = [_state(state, counts.get(state, 0)) for state in (Run.RUNNING, Run.WAITING, Run.FAILED)]
    causes = ProvisioningStep.objects.filter(status__in=HELD_UP, job__status__in=ProvisioningJob.OPEN)
    grouped = (
        causes.values("name", "status", "waiting_code", "error_class")
        .annotate(studios=Count("workspace_id"), since=Min("started_at"))
        .order_by("-studios", "name")[:SHOWN]
    )
    columns = (_("Step"), _("State"), _("Cause"), _("Studios"), _("Since"))
    held_up = [_cause(**entry) for entry in grouped]
    return Drawing(
        [*tiles, Tile(_("Ready within a day"), ready, list_of(RUNS))],
        Table(columns, held_up, _("No set-up is held up.")),
    )


def _state(state: Run, count: int) -> Tile:
    address = list_of(RUNS, status__exact=state)
    return Tile(words.word("pipeline", state), count, address, bad=state == Run.FAILED and count > 0)


def _cause(
    *, name: str, status: str, waiting_code: str, error_class: str, studios: int, since: datetime | None
) -> list[Cell]:
    address = list_of(STEPS, name__exact=name, status__exact=status)
    return [
        Cell(words.word("setup", name), address),
        Cell(words.word("step", status), bad=status == ProvisioningStep.Status.FAILED),
        Cell(waiting_code if status == ProvisioningStep.Status.WAITING else _error(error_class)),
        Cell(studios),
        Cell(moment(since)),
    ]


def _error(error_class: str) -> str:
    return switchboard.wordings["error_class"].word(error_class) if error_class else "–"


def of_studio(workspace_id: UUID, _now: datetime) -> Drawing:
    """The steps of a studio's newest set-up."""
    run = report.latest()
    address = list_of(STEPS, q=workspace_id)
    rows = [
        [
            Cell(words.word("setup", step.key), address),
            Cell(words.word("step", step.state), bad=step.state == "failed"),
            Cell(step.waiting_code or _error(step.error_class)),
            Cell(step.error[:120] or step.reason[:120] or "–"),
        ]
        for step in (run.steps if run else ())
    ]
    columns = (_("Step"), _("State"), _("Cause"), _("Said"))
    return Drawing(table=Table(columns, rows, _("The set-up has not begun.")))


def find(term: str) -> Iterator[Found]:
    """Find a run of the set-up by its id."""
    wanted = as_uuid(term)
    for run in ProvisioningJob.objects.filter(pk=wanted)[:1] if wanted else ():
        url = reverse("admin:provisioning_provisioningjob_change", args=[run.pk])
        yield Found(_("set-up"), f"{run.get_trigger_display()}: {run.get_status_display()}", url, run.workspace_id)
