"""What the backplane's own tables know of a person, cleared. Keys, times and states stay; words and numbers go."""

from pilar.backplane import sql
from pilar.backplane.tenancy import current
from pilar.kernel.erasure import Cleared, Traces

_EVENTS = """
UPDATE autopilot_event SET payload = '{}'
WHERE workspace_id = %(workspace)s AND payload <> '{}'
  AND (payload::text ~ %(pattern)s OR payload->>'message_id' = ANY(%(messages)s))
"""
_MENTIONED = "(payload::text ~ %(pattern)s OR payload->>'message_id' = ANY(%(messages)s) OR error ~ %(pattern)s)"
_WAITING = f"DELETE FROM autopilot_job WHERE workspace_id = %(workspace)s AND status <> 1 AND {_MENTIONED}"
_RUNNING = f"SELECT count(*) FROM autopilot_job WHERE workspace_id = %(workspace)s AND status = 1 AND {_MENTIONED}"
_FINISHED = f"""
UPDATE autopilot_job_done SET payload = '{{}}', result = NULL, error = ''
WHERE workspace_id = %(workspace)s AND ({_MENTIONED} OR result::text ~ %(pattern)s)
"""
_ATTEMPTS = "UPDATE autopilot_job_attempt SET error = '' WHERE workspace_id = %(workspace)s AND error ~ %(pattern)s"
_EFFECTS = """
UPDATE autopilot_effect SET data = '{}', provider_ref = '', error = '', key = 'erased:' || id
WHERE workspace_id = %(workspace)s AND state <> 'sending' AND key NOT LIKE 'erased:%%'
  AND (key = ANY(%(effects)s) OR provider_ref = ANY(%(messages)s) OR data::text ~ %(pattern)s OR error ~ %(pattern)s)
"""
_ACTIVITY = """
UPDATE autopilot_activity SET facts = '{}'
WHERE workspace_id = %(workspace)s AND facts <> '{}' AND (subject_id = %(ref)s OR facts::text ~ %(pattern)s)
"""


def events(traces: Traces) -> Cleared:
    """Empty the payloads of facts that name the person."""
    return Cleared(sql.run(_EVENTS, _given(traces)))


def jobs(traces: Traces) -> Cleared:
    """Drop the person's waiting work and empty what finished; what runs at this moment is looked at again."""
    given = _given(traces)
    rows = sum(sql.run(statement, given) for statement in (_WAITING, _FINISHED, _ATTEMPTS))
    return Cleared(rows, left=int(sql.value(_RUNNING, given)))


def effects(traces: Traces) -> Cleared:
    """Forget under which id the provider knows a message, and that the intent was about this person."""
    return Cleared(sql.run(_EFFECTS, _given(traces)))


def activity(traces: Traces) -> Cleared:
    """Empty the facts of the sentences about the person."""
    return Cleared(sql.run(_ACTIVITY, _given(traces)))


def _given(traces: Traces) -> dict[str, object]:
    return {
        "workspace": current(),
        "ref": str(traces.ref),
        "pattern": traces.pattern,
        "messages": list(traces.messages),
        "effects": list(traces.effects),
    }
