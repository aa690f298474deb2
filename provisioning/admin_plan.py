"""What operators are told before they have set-ups run again from a step on: which steps, for whom, and how long."""

from collections import Counter
from dataclasses import replace
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane import confirmation, estimates
from pilar.backplane.estimates import Estimate
from pilar.backplane.tenancy import tenant
from pilar.kernel.problems import Problem
from pilar.ui import words
from provisioning import report, resuming
from provisioning.models import ProvisioningStep
from workspaces import directory

STEP = "provisioning.step"


def facts(chosen: list[tuple[UUID, str]]) -> list[str]:
    """Say for each chosen step how many studios it is, what runs again and what is kept; and what all that takes."""
    found = []
    for step, studios in sorted(Counter(step for _studio, step in chosen if _exists(step)).items()):
        again = resuming.following(step)
        kept = [name for name in report.in_order() if name not in again]
        found.append(_studios(studios))
        found.append(_("Runs again: %(steps)s.") % {"steps": _named(again)})
        found.append(_("Is kept with its results: %(steps)s.") % {"steps": _named(kept) or _("nothing")})
        found += estimates.told(_estimate(studios, len(again)))
    return found


def _estimate(studios: int, steps: int) -> Estimate:
    """The steps of one studio come one after the other, the studios side by side."""
    one = estimates.of({STEP: studios})
    return replace(one, jobs=studios * steps, seconds=None if one.seconds is None else one.seconds * steps)


def _exists(step: str) -> bool:
    return step in report.in_order()


def _studios(count: int) -> str:
    return ngettext("%(count)d studio", "%(count)d studios", count) % {"count": count}


def _named(steps: list[str]) -> str:
    return ", ".join(words.word("setup", step) for step in steps)


def studios(chosen: list[tuple[UUID, str]]) -> list[str]:
    """Say of each studio how the steps stand that run again; in full of as many as are shown."""
    told = [_studio(workspace_id, step) for workspace_id, step in chosen[: confirmation.SHOWN]]
    return told + [str(workspace_id) for workspace_id, _step in chosen[confirmation.SHOWN :]]


def _studio(workspace_id: UUID, step: str) -> str:
    name = directory.get(workspace_id).name
    try:
        with tenant(workspace_id):
            found = resuming.plan(step)
    except Problem as problem:
        return f"{name}: {problem.detail}"
    return f"{name}: " + ", ".join(_standing(row) for row in found.again)


def _standing(row: ProvisioningStep) -> str:
    return f"{words.word('setup', row.name)} ({words.word('step', report.state(row))})"
