"""What the engine shows operators on their front page and on a studio's page, and what a search finds in it."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from pilar.backplane import budgets, queue_now
from pilar.backplane.models import (
    AuditLog,
    AutopilotEvent,
    AutopilotJob,
    Effect,
    JobAttempt,
    JobHistory,
    Wait,
    WebhookReceipt,
)
from pilar.backplane.models.work import JobStatus
from pilar.kernel import money, switchboard
from pilar.kernel.console import Cell, Drawing, Found, Table, Tile, Wording, as_uuid, moment
from pilar.kernel.switchboard import LANES

SHOWN = 10
_LANES: Mapping[str, str | Promise] = {
    "events": gettext_lazy("Events"),
    "provisioning": gettext_lazy("Set-up"),
    "messages": pgettext_lazy("lane", "Messages"),
    "webhooks": gettext_lazy("Webhooks"),
    "health": pgettext_lazy("lane", "Health"),
    "bulk": pgettext_lazy("lane", "The rest"),
}
_PROCESSES: Mapping[str, str | Promise] = {
    "worker": pgettext_lazy("process", "Worker"),
    "beat": pgettext_lazy("process", "Scheduler"),
}

_KINDS: Mapping[str, str | Promise] = {
    "event": pgettext_lazy("timeline", "Event"),
    "job": pgettext_lazy("timeline", "Ordered"),
    "run": pgettext_lazy("timeline", "Run"),
    "effect": pgettext_lazy("timeline", "Effect"),
    "activity": pgettext_lazy("timeline", "Told to the studio"),
    "call": pgettext_lazy("timeline", "Call"),
    "wait": pgettext_lazy("timeline", "Wait"),
}
_STATES: Mapping[str, str | Promise] = {
    **{one.word: one.label for one in JobStatus if one is not JobStatus.SUSPECT},
    **dict(Wait.Outcome.choices),
    **dict(Effect.State.choices),
    **dict(JobAttempt.Outcome.choices),
}


def _state(state: str) -> str:
    """Return the state of an entry of the timeline in words; that of a call is known to the providers."""
    return str(_STATES.get(state) or switchboard.wordings["outcome"].word(state))


def lane_code(lane: int | str) -> str:
    """Return the name of a lane; the tables keep its number."""
    return LANES[lane] if isinstance(lane, int) else lane


lanes = Wording("lane", lambda lane: str(_LANES[lane_code(lane)]), lambda: range(len(LANES)), lane_code)
kinds = Wording.of("timeline", _KINDS)
states = Wording("timeline_state", _state)
processes = Wording.of("process", _PROCESSES)


def queue(_now: datetime) -> Drawing:
    """The queue of all studios; its own page shows it live."""
    seen, live = queue_now.read(), reverse("admin:backplane_queue")
    return Drawing(
        [
            Tile(_("Due now"), seen.total_due, live),
            Tile(_("Oldest due, seconds"), round(seen.oldest, 1), live, bad=seen.is_late),
            Tile(_("Running"), seen.total_running, live),
            Tile(_("Dead"), seen.total_dead, reverse("admin:backplane_dead"), bad=bool(seen.total_dead)),
            Tile(_("Workers and beats"), len(seen.processes), live, bad=not seen.processes),
            Tile(_("Workers lost today"), seen.lost_today, live, bad=bool(seen.lost_today)),
        ]
    )


def of_studio(workspace_id: UUID, now: datetime) -> Drawing:
    """A studio's budgets of today, and its newest work that is running or dead."""
    used = [
        Tile(
            one.label,
            money.of_budget(one.daily_used, one.unit),
            note=_("of %(limit)s today") % {"limit": money.of_budget(one.daily_limit, one.unit)},
        )
        for one in budgets.status(now)
    ]
    wanted = (JobStatus.RUNNING, JobStatus.DEAD, JobStatus.SUSPECT)
    rows = AutopilotJob.objects.filter(status__in=wanted).order_by("-id")[:SHOWN]
    flow = Tile(_("Share and limits"), pgettext("link", "open"), reverse("admin:backplane_flow", args=[workspace_id]))
    columns = (_("Work"), _("Lane"), _("State"), _("Due"), _("Error"))
    return Drawing([*used, flow], Table(columns, [_row(job) for job in rows], _("Nothing runs and nothing is dead.")))


def _row(job: AutopilotJob) -> list[Cell]:
    return [
        Cell(job.type, reverse("admin:backplane_job", args=[job.public_id])),
        Cell(lanes.word(job.lane)),
        Cell(JobStatus(job.status).label, bad=job.status == JobStatus.DEAD),
        Cell(moment(job.scheduled_at)),
        Cell(job.error[:120]),
    ]


def find(term: str) -> Iterator[Found]:
    """Find work, facts, threads and effects by their ids, and effects also by their key or the provider's own id."""
    wanted = as_uuid(term)
    if wanted:
        yield from _by_id(wanted)
    for effect in Effect.objects.filter(provider_ref=term)[:SHOWN]:
        yield _effect(effect)
    for effect in Effect.objects.filter(key=term)[:SHOWN]:
        yield _effect(effect)
    for receipt in WebhookReceipt.objects.filter(event_id=term)[:SHOWN]:
        url = reverse("admin:backplane_webhookreceipt_change", args=[receipt.pk])
        yield Found(
            _("webhook"),
            f"{switchboard.wordings['provider'].word(receipt.provider)} {receipt.event_id}",
            url,
            receipt.workspace_id,
        )


def _by_id(wanted: UUID) -> Iterator[Found]:
    for table in (AutopilotJob, JobHistory):
        for job in table._default_manager.filter(public_id=wanted)[:1]:
            yield Found(_("work"), job.type, reverse("admin:backplane_job", args=[wanted]), job.workspace_id)
    for event in AutopilotEvent.objects.filter(pk=wanted)[:1]:
        yield _thread(_("event"), event.type, event.workspace_id, event.correlation_id)
    for trail in (AutopilotEvent, JobHistory, AuditLog):
        for row in trail._default_manager.filter(correlation_id=wanted)[:1]:
            yield _thread(_("timeline"), str(wanted), row.workspace_id, wanted)
            return


def _effect(effect: Effect) -> Found:
    return _thread(
        _("effect"), f"{effect.key} ({effect.get_state_display()})", effect.workspace_id, effect.correlation_id
    )


def _thread(kind: str, title: str, workspace_id: UUID, correlation_id: UUID) -> Found:
    return Found(kind, title, reverse("admin:backplane_timeline", args=[workspace_id, correlation_id]), workspace_id)
