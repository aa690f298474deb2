"""The invariants of an installation, checked by SQL past every policy, at the phones and in the logs.

Each function returns what breaks its invariant; an empty list is a kept promise.
"""

import json
from collections.abc import Callable
from typing import Any

from tests.e2e.installation import Installation, Studio

type Rows = list[tuple[Any, ...]]

# Jobs and events that are due belong to somebody who works; dead ones wait for a person and are seen. All that a
# receipt or an event stands for must have become one of these, or be finished.
_UNSETTLED_RECEIPTS = """
SELECT r.provider, r.event_id FROM autopilot_receipt r
WHERE r.processed_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM autopilot_job j WHERE j.type = 'webhooks.' || r.provider AND j.payload->>'receipt_id' = r.id::text)
"""
_UNDISPATCHED = """
SELECT d.event_id, d.status FROM autopilot_event_dispatch d JOIN autopilot_event e ON e.id = d.event_id
WHERE d.status = 'pending' AND e.scheduled_at < statement_timestamp() - interval '1 minute'
"""
_TWICE = """
SELECT key, count(*) FROM autopilot_effect WHERE state = 'sent' GROUP BY workspace_id, key HAVING count(*) > 1
"""
_REFERENCES = """
SELECT c.conrelid::regclass::text, c.confrelid::regclass::text, here.attname, there.attname
FROM pg_constraint c
JOIN pg_attribute here ON here.attrelid = c.conrelid AND here.attnum = c.conkey[1]
JOIN pg_attribute there ON there.attrelid = c.confrelid AND there.attnum = c.confkey[1]
WHERE c.contype = 'f' AND cardinality(c.conkey) = 1
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.conrelid AND a.attname = 'workspace_id')
  AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.confrelid AND a.attname = 'workspace_id')
"""
_BUDGETS = """
SELECT w.workspace_id, w.resource, w.span, w.used, coalesce(sum(e.amount), 0) AS entered, b.daily, b.hourly
FROM autopilot_budget_window w
LEFT JOIN autopilot_budget_entry e ON e.workspace_id = w.workspace_id AND e.resource = w.resource
  AND e.state <> 'released' AND w.opened_at = CASE w.span WHEN 'day' THEN e.day WHEN 'hour' THEN e.hour ELSE e.month END
LEFT JOIN autopilot_budget b ON b.workspace_id = w.workspace_id AND b.resource = w.resource
GROUP BY w.id, b.id
HAVING w.used <> coalesce(sum(e.amount), 0) OR w.used > CASE w.span WHEN 'day' THEN b.daily WHEN 'hour' THEN b.hourly END
"""
# What was in WhatsApp's hands when the stop came cannot be called back: a call that has begun may end within its time-out.
_AFTER_STOP = """
SELECT m.id, m.state, m.body, m.sent_at - l.opted_out_at AS after_the_stop, m.sent_at - m.at AS after_it_was_written
FROM coach_message m JOIN coach_lead l ON l.id = m.lead_id
WHERE m.direction = 'out' AND coalesce(m.why->>'trigger', '') <> 'opt_out'
  AND (m.at > l.opted_out_at AND m.sent_at IS NOT NULL OR m.sent_at > l.opted_out_at + interval '15 seconds')
"""
_OUTSIDE_THE_WINDOW = """
SELECT m.id, m.body FROM coach_message m
WHERE m.direction = 'out' AND m.template IS NULL AND m.state IN ('sent', 'delivered', 'read')
  AND NOT EXISTS (
    SELECT 1 FROM coach_message i WHERE i.conversation_id = m.conversation_id AND i.direction = 'in'
      AND i.at BETWEEN m.at - interval '24 hours' AND m.at + interval '5 seconds')
"""
_ORPHANS = """
SELECT j.type, j.locked_by FROM autopilot_job j
WHERE j.status = 1 AND j.locked_at < statement_timestamp() - interval '60 seconds' AND NOT EXISTS (
  SELECT 1 FROM autopilot_worker w WHERE w.id = j.locked_by AND w.lost_at IS NULL
    AND w.beat_at > statement_timestamp() - interval '25 seconds')
"""
_CHAINS = """
import json
from pilar.backplane import audit, sql
from pilar.backplane.tenancy import all_tenants, atomic, tenant
with all_tenants("a drill verifies every chain"), atomic():
    known = [workspace for workspace, in sql.rows("SELECT DISTINCT workspace_id FROM autopilot_audit")]
broken = []
for workspace in known:
    with tenant(workspace):
        verdict = audit.verify()
    if verdict.broken_at is not None:
        broken.append([str(workspace), verdict.broken_at])
print(json.dumps({"broken": broken, "chains": len(known)}))
"""


def events_are_settled(product: Installation) -> Rows:
    """I1: what came in is settled, or has a job."""
    return product.sql(_UNSETTLED_RECEIPTS) + product.sql(_UNDISPATCHED)


def effects_are_single(product: Installation) -> Rows:
    """I2, our side of it; the providers' books are counted by the drill."""
    return product.sql(_TWICE)


def references_stay_inside(product: Installation) -> Rows:
    """I3: no row refers to a row of another workspace."""
    found: Rows = []
    for here, there, column, key in product.sql(_REFERENCES):
        crossing = f"SELECT count(*) FROM {here} a JOIN {there} b ON a.{column} = b.{key}"
        crossing += f" WHERE a.workspace_id <> b.workspace_id AND b.workspace_id IS NOT NULL AND '{here}' <> '{there}'"
        found += [(here, there, column, count) for (count,) in product.sql(crossing) if count]
    return found


def budgets_are_their_ledger(product: Installation) -> Rows:
    """I4: used = sum of the ledger, and never above the limit."""
    return product.sql(_BUDGETS)


def nobody_is_written_to_against_the_rules(product: Installation) -> Rows:
    """I6: nothing after an opt-out, and only templates outside the window."""
    return product.sql(_AFTER_STOP) + product.sql(_OUTSIDE_THE_WINDOW)


def audit_chains_verify(product: Installation) -> Rows:
    """I7."""
    told = json.loads(product.manage("shell", "-v", "0", "-c", _CHAINS).splitlines()[-1])
    assert told["chains"], "there is nothing to verify"
    return [tuple(each) for each in told["broken"]]


def running_jobs_have_their_worker(product: Installation) -> Rows:
    """I8: no job runs without a live lease for longer than a minute."""
    return product.sql(_ORPHANS)


def logs_tell_nothing(product: Installation, studio: Studio) -> Rows:
    """I9: no secret and nothing personal that was given to the system stands in a log in clear."""
    given = {"phone": studio.phone, "address": studio.facts["email"], "api key": studio.facts["apiKey"]}
    given |= {name: value for name, value in product.secrets.items() if len(value) > 12}
    found: Rows = []
    for log in sorted((product.folder / "log").glob("*.log")):
        text = log.read_text(errors="replace")
        found += [(log.name, name) for name, value in given.items() if value in text]
    return found


ALL: dict[str, Callable[[Installation], Rows]] = {
    "I1 events settled or with a job": events_are_settled,
    "I2 one sent per intent": effects_are_single,
    "I3 references inside the workspace": references_stay_inside,
    "I4 budgets are their ledger": budgets_are_their_ledger,
    "I6 opt-out and window obeyed": nobody_is_written_to_against_the_rules,
    "I7 audit chains verify": audit_chains_verify,
    "I8 running jobs have a worker": running_jobs_have_their_worker,
}
