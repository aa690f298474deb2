"""What work would take and use before many of it is ordered: from how long its kind took, and from what it declares."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils import formats
from django.utils.translation import gettext as _

from pilar.backplane import sql
from pilar.backplane.engine.coordinator import SLOTS
from pilar.backplane.tenancy import atomic
from pilar.kernel import switchboard


@dataclass(frozen=True, slots=True)
class Estimate:
    """`seconds_each` is what one run took on average, `seconds` how long it takes until the last one is done, by one
    worker that has nothing else to do. Both are None when some of it was never measured.

    `uses` is the most that all of them take of each budget; None when some of them do not say.
    """

    jobs: int
    seconds_each: float | None
    seconds: float | None
    uses: dict[str, int] | None


_MEANS = "SELECT type, seconds / runs FROM autopilot_type_time WHERE type = ANY (%s) AND runs > 0"
_TYPES = "SELECT type, count(*) FROM autopilot_job WHERE public_id = ANY (%s) GROUP BY 1"


def of(counts: Mapping[str, int], *, pace: float | None = None) -> Estimate:
    """Estimate so many jobs of each type, of which `pace` begin in a second (None: as many as there is room for)."""
    with atomic():
        means: dict[str, float] = dict(sql.rows(_MEANS, [list(counts)]))
    jobs = sum(counts.values())
    uses = _uses(counts)
    if not jobs or means.keys() != counts.keys():
        return Estimate(jobs, None, None if jobs else 0.0, uses)
    each = sum(means[name] * count for name, count in counts.items()) / jobs
    begun = (jobs - 1) / pace if pace else 0.0
    worked = max(means[name] * ((count - 1) // _slots(name)) for name, count in counts.items())
    return Estimate(jobs, each, max(begun, worked) + max(means.values()), uses)


def of_jobs(public_ids: Collection[UUID], *, pace: float | None = None) -> Estimate:
    """Estimate these live jobs of the scope in force."""
    with atomic():
        return of(dict(sql.rows(_TYPES, [list(public_ids)])), pace=pace)


def told(estimate: Estimate) -> list[str]:
    """Put an estimate into sentences for the person who decides."""
    return [_duration(estimate), _cost(estimate)]


def _duration(estimate: Estimate) -> str:
    if estimate.seconds is None or estimate.seconds_each is None:
        return _("How long it takes is not known: no run of this kind has been measured yet.")
    text = _(
        "About %(seconds)s s until the last one is done, if one worker does nothing else (%(each)s s each, measured)."
    )
    return text % {"seconds": _number(estimate.seconds), "each": _number(estimate.seconds_each)}


def _cost(estimate: Estimate) -> str:
    if estimate.uses is None:
        return _("What it takes of the budgets is not stated.")
    amounts = ", ".join(f"{_number(amount)} {resource}" for resource, amount in sorted(estimate.uses.items()))
    return _("It takes of the budgets at most: %(amounts)s.") % {"amounts": amounts or _("nothing")}


def _number(value: float) -> str:
    return formats.number_format(value, 2 if 0 < value < 1 else 0, force_grouping=True)


def _slots(name: str) -> int:
    """How many of them one worker runs at once."""
    entry = switchboard.jobs.get(name)
    return SLOTS[entry.lane] if entry else 1


def _uses(counts: Mapping[str, int]) -> dict[str, int] | None:
    total: Counter[str] = Counter()
    for name, count in counts.items():
        entry = switchboard.jobs.get(name)
        if entry is None or entry.uses is None:
            return None
        total.update({resource: amount * count for resource, amount in entry.uses.items()})
    return dict(total)
