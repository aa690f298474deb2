"""One change to many people: frozen targets, a transaction for each batch, and a way back while there is one.

Up to 500 people are done at once; more are done by a job that goes on behind its last batch after a crash.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from coach import erasure, followups
from coach.leads import is_tag
from coach.models import BulkAction, Lead
from coach.payloads import BulkDue
from pilar.backplane import audit, jobs, sql
from pilar.backplane.tenancy import atomic, current
from pilar.kernel import clock
from pilar.kernel.problems import Conflict, NotFound, Problem
from pilar.kernel.switchboard import Empty, Work

AT_ONCE = 500
MOST_TAGS = 20
Kind, Status = BulkAction.Kind, BulkAction.Status
_UNDOABLE = {Kind.TAG, Kind.UNTAG, Kind.PAUSE, Kind.RESUME}
_SCOPE = "workspace_id = %(workspace)s AND id = ANY(%(ids)s::uuid[])"
_TAG = f"""
UPDATE coach_lead SET tags = tags || to_jsonb(%(value)s::text), updated_at = statement_timestamp()
WHERE {_SCOPE} AND NOT tags ? %(value)s AND jsonb_array_length(tags) < {MOST_TAGS} RETURNING id, NULL
"""
_UNTAG = f"""
UPDATE coach_lead SET tags = tags - %(value)s, updated_at = statement_timestamp()
WHERE {_SCOPE} AND tags ? %(value)s RETURNING id, NULL
"""
_PAUSE = f"""
WITH before AS (
  SELECT id, paused_until FROM coach_lead
  WHERE {_SCOPE} AND paused_until IS DISTINCT FROM %(value)s::timestamptz FOR UPDATE
)
UPDATE coach_lead SET paused_until = %(value)s::timestamptz, updated_at = statement_timestamp()
FROM before WHERE coach_lead.id = before.id AND workspace_id = %(workspace)s
RETURNING before.id, before.paused_until
"""
# Who was paused otherwise since then keeps that.
_RESTORE = """
UPDATE coach_lead SET paused_until = given.value, updated_at = statement_timestamp()
FROM unnest(%(ids)s::uuid[], %(values)s::timestamptz[]) AS given(id, value)
WHERE workspace_id = %(workspace)s AND coach_lead.id = given.id
  AND paused_until IS NOT DISTINCT FROM %(value)s::timestamptz
"""


def get(action_id: UUID) -> BulkAction:
    """Return an action of the current workspace. Raises NotFound."""
    found = BulkAction.objects.filter(pk=action_id).first()
    if found is None:
        raise NotFound
    return found


def start(
    *, kind: str, targets: Sequence[UUID], actor: str, now: datetime, tag: str = "", until: datetime | None = None
) -> BulkAction:
    """Do something to these people; who is not of this studio is left out. Raises Problem for what is incomplete."""
    value = _value(kind, tag.strip(), until, now)
    mine = [str(pk) for pk in Lead.objects.filter(pk__in=targets).order_by("pk").values_list("pk", flat=True)]
    if not mine:
        raise Problem(_("Choose at least one member."), code="validation_failed")
    with atomic():
        action = BulkAction.objects.create(
            kind=kind, params={"value": value}, targets=mine, created_by=actor, created_at=now
        )
        audit.record(actor, f"members.{kind}", "BulkAction", action.pk, after={"people": len(mine)})
        if len(mine) <= AT_ONCE:
            _batch(action, now)
        else:
            jobs.enqueue("coach.bulk", BulkDue(action_id=action.pk), key=f"bulk:{action.pk}", priority=4)
    return action


def _value(kind: str, tag: str, until: datetime | None, now: datetime) -> str | None:
    if kind not in (Kind.TAG, Kind.UNTAG, Kind.PAUSE, Kind.RESUME, Kind.ERASE):
        raise Problem(_("Choose what to do with the members."), code="validation_failed")
    if kind in (Kind.TAG, Kind.UNTAG) and not is_tag(tag):
        text = _("Write a tag of up to 40 letters.")
        raise Problem(text, code="validation_failed", fields={"tag": text})
    if kind == Kind.PAUSE and (until is None or until <= now):
        text = _("Choose a day in the future.")
        raise Problem(text, code="validation_failed", fields={"until": text})
    return tag if kind in (Kind.TAG, Kind.UNTAG) else until.isoformat() if kind == Kind.PAUSE and until else None


def run(work: Work[BulkDue]) -> dict[str, Any]:
    """Do what remains of a large action, batch by batch."""
    while True:
        with atomic():
            action = BulkAction.objects.select_for_update().get(pk=work.payload.action_id)
            if action.status != Status.RUNNING:
                return {"changed": action.changed}
            _batch(action, clock.now())


def _batch(action: BulkAction, now: datetime) -> None:
    ids = [UUID(pk) for pk in action.targets[action.done : action.done + AT_ONCE]]
    touched = _APPLY[action.kind](action, ids, now)
    action.before = [*action.before, *touched]
    action.changed += len(touched)
    action.done += len(ids)
    if action.done >= action.total:
        action.status, action.finished_at = Status.DONE, now
    action.save(update_fields=["before", "changed", "done", "status", "finished_at"])


def _tag(action: BulkAction, ids: list[UUID], _now: datetime) -> list[list[str | None]]:
    return _touched(_TAG if action.kind == Kind.TAG else _UNTAG, ids, action.params["value"])


def _pause(action: BulkAction, ids: list[UUID], now: datetime) -> list[list[str | None]]:
    touched = _touched(_PAUSE, ids, action.params["value"])
    _plan_anew([UUID(str(pk)) for pk, _before in touched], key=f"{action.pk}:{action.done}", now=now)
    return touched


def _erase(action: BulkAction, ids: list[UUID], now: datetime) -> list[list[str | None]]:
    found = Lead.objects.select_for_update(of=("self",)).filter(pk__in=ids)
    return [[str(erasure.erase(lead, actor=action.created_by, now=now).lead_ref), None] for lead in found]


def _touched(statement: str, ids: list[UUID], value: str | None) -> list[list[str | None]]:
    found = sql.rows(statement, {"workspace": current(), "ids": ids, "value": value})
    return [[str(pk), before.isoformat() if before else None] for pk, before in found]


def _plan_anew(ids: list[UUID], *, key: str, now: datetime) -> None:
    """A pause moves the next message of the rhythm. A few are planned at once, many by the job that fills gaps."""
    followups.forget_rhythm(ids)
    if len(ids) == 1:
        for lead in Lead.objects.filter(pk__in=ids):
            followups.plan_next(lead, now=now)
    elif ids:
        jobs.enqueue("coach.plan", Empty(), key=f"coach.plan:bulk:{key}")


_APPLY: dict[str, Callable[[BulkAction, list[UUID], datetime], list[list[str | None]]]] = {
    Kind.TAG: _tag,
    Kind.UNTAG: _tag,
    Kind.PAUSE: _pause,
    Kind.RESUME: _pause,
    Kind.ERASE: _erase,
}


def is_undoable(action: BulkAction, *, now: datetime) -> bool:
    """Say whether there is still a way back."""
    in_time = now < action.created_at + BulkAction.undoable
    return action.kind in _UNDOABLE and action.status == Status.DONE and action.changed > 0 and in_time


def undo(action_id: UUID, *, actor: str, now: datetime) -> BulkAction:
    """Put back what the action changed, for those people only. Raises NotFound, Conflict when it is too late."""
    with atomic():
        action = BulkAction.objects.select_for_update().filter(pk=action_id).first()
        if action is None:
            raise NotFound
        if not is_undoable(action, now=now):
            raise Conflict(_("This can no longer be undone."))
        ids = [UUID(pk) for pk, _before in action.before]
        _put_back(action, ids, now)
        action.status = Status.UNDONE
        action.save(update_fields=["status"])
        audit.record(actor, "members.undone", "BulkAction", action.pk, after={"kind": action.kind, "people": len(ids)})
    return action


def _put_back(action: BulkAction, ids: list[UUID], now: datetime) -> None:
    if action.kind in (Kind.TAG, Kind.UNTAG):
        _touched(_UNTAG if action.kind == Kind.TAG else _TAG, ids, action.params["value"])
        return
    values = [before for _pk, before in action.before]
    given = {"workspace": current(), "ids": ids, "values": values, "value": action.params["value"]}
    sql.run(_RESTORE, given)
    _plan_anew(ids, key=f"{action.pk}:undo", now=now)
