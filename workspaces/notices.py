"""What every page of a studio says above its content while the studio's money or service needs somebody."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from pilar.backplane.tenancy import tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from workspaces import billing
from workspaces.middleware import visit_of
from workspaces.models import Subscription

TRIAL_IS_NEARLY_OVER = timedelta(days=3)


def of(request: HttpRequest) -> dict[str, Any] | None:
    """Return tone, title, text and the one action, or None while all is well. `said_here` where the page says it itself."""
    visit = visit_of(request)
    if visit.workspace is None:
        return None
    with tenant(visit.workspace.pk):
        found = billing.subscription()
    said = _said(found) if found else None
    if said is None:
        return None
    said["said_here"] = request.path.startswith(reverse("workspaces:billing"))
    is_owner = visit.principal is not None and visit.principal.at_least(Role.OWNER)
    return said if is_owner else said | {"url": "", "text": _("The owner of the studio has been told.")}


def _said(found: Subscription) -> dict[str, Any] | None:
    if found.status in ("past_due", "unpaid"):
        return _unpaid(found)
    if not billing.is_served(found):
        return {
            "tone": "wait",
            "title": _("Your subscription has ended."),
            "text": _("The coach is silent, your data is all there."),
            "url": reverse("workspaces:checkout"),
            "action": _("Choose a plan"),
        }
    left = days_left(found)
    return _trial_ends(left) if left is not None and left <= TRIAL_IS_NEARLY_OVER.days else None


def _unpaid(found: Subscription) -> dict[str, Any]:
    rests = _("The coach answers your members, but writes nothing of its own until it is paid.")
    silent = _("The coach is silent until it is paid.")
    return {
        "tone": "bad",
        "title": _("The last payment did not go through."),
        "text": rests if billing.is_served(found) else silent,
        "url": reverse("workspaces:billing_pay"),
        "action": _("Pay now"),
    }


def _trial_ends(left: int) -> dict[str, Any]:
    title = ngettext("Your trial ends in %(n)s day.", "Your trial ends in %(n)s days.", left) % {"n": left}
    return {
        "tone": "busy",
        "title": title if left else _("Your trial ends today."),
        "text": "",
        "url": reverse("workspaces:billing"),
        "action": _("What happens then"),
    }


def days_left(found: Subscription) -> int | None:
    """Return how many whole days of the trial are left; None outside of one, and for one that was cancelled."""
    if found.status != "trialing" or found.trial_end is None or billing.ends_at(found):
        return None
    return max(0, (found.trial_end - clock.now()).days)
