"""Erasing a person: at once where they are, by a job where only traces of them are (GDPR Art. 17, reliability S10).

What stays: the audit trail under the person's id, which leads nowhere any more, and a keyed hash of each number, so that
a new import wakes nobody.
"""

import json
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q

from coach import suppression
from coach.models import CallLog, Consent, Erasure, Followup, Lead, LeadAlias, MemberExport, MemberImport, Message
from coach.numbers import wa_id
from coach.payloads import ErasureDue
from pilar.backplane import audit, jobs, vault
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.erasure import Cleared, Traces
from pilar.kernel.problems import NotFound
from pilar.kernel.switchboard import Reschedule, Work, erasers

LOOK_AGAIN, LOOK_AGAIN_LATER = timedelta(seconds=10), timedelta(hours=1)
"""A delivery that waits is worked off at once as a rule; one that is stuck may stay so until its retention is over."""
_SEAL = {"provider": "coach", "field": "erasure"}


def erase(lead: Lead, *, actor: str, now: datetime) -> Erasure:
    """Delete the person and all that was said, and have a job clear what other tables know of them.

    Takes the person's lock, so that what is written at this moment goes as well, or finds nobody. Raises NotFound for
    somebody who was erased already.
    """
    with atomic():
        if Lead.objects.select_for_update(of=("self",)).filter(pk=lead.pk).first() is None:
            raise NotFound
        traces = _traces(lead)
        erasure = Erasure.objects.create(
            lead_ref=lead.pk,
            traces=vault.seal(json.dumps(asdict(traces), default=str), **_SEAL),
            report=_counted(lead),
            requested_by=actor,
            requested_at=now,
        )
        names = suppression.names_of(lead)
        suppression.add(names, "erased")
        CallLog.objects.filter(Q(lead=lead) | Q(number__in=names)).delete()
        lead.delete()
        audit.record(actor, "lead.erased", "Lead", str(erasure.lead_ref))
        jobs.enqueue("coach.erase", ErasureDue(erasure_id=erasure.pk), key=f"erase:{erasure.lead_ref}")
        return erasure


def _traces(lead: Lead) -> Traces:
    known = LeadAlias.objects.filter(lead=lead).values_list("value", flat=True)
    marks = {wa_id(lead.phone), lead.email, *(value.lstrip("+") for value in known)} - {""}
    said = list(Message.objects.filter(lead=lead).values_list("provider_id", "effect_key"))
    messages = tuple(provider_id for provider_id, _ in said if provider_id)
    return Traces(lead.pk, tuple(sorted(marks)), messages, tuple(key for _, key in said if key))


def _counted(lead: Lead) -> dict[str, int]:
    return {
        "member": 1,
        "messages": Message.objects.filter(lead=lead).count(),
        "consents": Consent.objects.filter(lead=lead).count(),
        "followups": Followup.objects.filter(lead=lead).count(),
        "calls": CallLog.objects.filter(lead=lead).count(),
    }


def clear(work: Work[ErasureDue]) -> Reschedule | dict[str, Any] | None:
    """Clear the traces in every room; safe to repeat. Looks again while something about the person is still in work."""
    with atomic():
        erasure = Erasure.objects.select_for_update().filter(pk=work.payload.erasure_id, finished_at=None).first()
        if erasure is None:
            return None
        traces = _opened(erasure)
        cleared = {name: run(traces) for name, run in erasers.items()}
        for name, found in cleared.items():
            erasure.report[name] = erasure.report.get(name, 0) + found.rows
        if any(found.left for found in cleared.values()):
            erasure.save(update_fields=["report"])
            waited = clock.now() - erasure.requested_at
            return Reschedule(clock.now() + min(max(waited, LOOK_AGAIN), LOOK_AGAIN_LATER), "still in work")
        erasure.traces, erasure.finished_at = b"", clock.now()
        erasure.save(update_fields=["report", "traces", "finished_at"])
        return {"cleared": sum(found.rows for found in cleared.values())}


def _opened(erasure: Erasure) -> Traces:
    found = json.loads(vault.open(bytes(erasure.traces), **_SEAL))
    return Traces(UUID(found.pop("ref")), **{name: tuple(values) for name, values in found.items()})


def transfers(traces: Traces) -> Cleared:
    """Files of the coach: exports with the person in them go, and so do uploads that wait and name them."""
    exports, _ = MemberExport.objects.filter(lead_refs__contains=[str(traces.ref)]).delete()
    imports = 0
    numbers = [mark for mark in traces.marks if mark.isdigit()]
    for row in MemberImport.objects.exclude(content=""):
        if any(mark in row.content for mark in traces.marks) or _has_number(row.content, numbers):
            imports += MemberImport.objects.filter(pk=row.pk).update(content="", status=MemberImport.Status.CANCELLED)
    return Cleared(exports + imports)


def _has_number(content: str, numbers: list[str]) -> bool:
    """People write numbers with spaces and without country: the last eight digits of a line's digits decide."""
    lines = ["".join(filter(str.isdigit, line)) for line in content.splitlines()]
    return any(number[-8:] in line for number in numbers for line in lines)


def get(erasure_id: UUID) -> Erasure:
    """Return an erasure of the current workspace. Raises NotFound."""
    found = Erasure.objects.filter(pk=erasure_id).first()
    if found is None:
        raise NotFound
    return found
