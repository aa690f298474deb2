"""Plan and billing: what is paid and used, changing the plan, cancelling, invoices, and the ways to Stripe's own pages."""

from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pilar.dashboard import widgets
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict
from pilar.security.csp import leads_to_payment
from workspaces import billing, checkout, directory, dunning, invoices, money_back, notices, plan_change, usage
from workspaces.models import Invoice, MoneyBack, Plan, Subscription
from workspaces.pages.base import actor_of, workspace_of, workspace_page


@require_safe
@leads_to_payment
@workspace_page(Role.ADMIN)
def overview(request: HttpRequest) -> HttpResponse:
    """Plan, state of the subscription, use of its limits, the other plans, invoices."""
    found = billing.subscription()
    workspace_id = workspace_of(request)
    mine = found.plan if found else directory.get(workspace_id).plan
    budgets = widgets.budget(workspace_id, clock.now())["budgets"]
    standing = [{"resource": use.resource, "used": use.used, "limit": use.limit} for use in usage.of(mine)]
    papers, back = invoices.newest(), money_back.newest()
    context = {
        "subscription": found and _shown(found),
        "plans": _plans(mine, found),
        "usage": standing + budgets,
        "stages": dunning.stages(found, invoices.unpaid()) if found else [],
        "invoices": papers,
        "money_back": back,
        "papers": _by_date(papers, back),
    }
    return render(request, "billing/index.html", context)


def _by_date(papers: list[Invoice], back: list[MoneyBack]) -> list[Invoice | MoneyBack]:
    every: list[Invoice | MoneyBack] = [*back, *papers]
    return sorted(every, key=lambda paper: paper.issued_at, reverse=True)


def _shown(found: Subscription) -> dict[str, Any]:
    return {
        "status": found.status,
        "plan": found.plan,
        "is_served": billing.is_served(found),
        "trial_ends_at": found.trial_end if found.status == "trialing" else None,
        "days_left": notices.days_left(found),
        "current_period_end": found.current_period_end,
        "ends_at": billing.ends_at(found),
    }


def _plans(mine: Plan, found: Subscription | None) -> list[dict[str, Any]]:
    """Every plan beside one's own; `kind` says what choosing it would be."""
    changeable = found is not None and found.status in billing.FULL_SERVICE and not billing.ends_at(found)
    return [
        {"plan": plan, "kind": _kind(plan, mine) if found else "new", "changeable": changeable}
        for plan in checkout.plans()
    ]


def _kind(plan: Plan, mine: Plan) -> str:
    if plan.pk == mine.pk:
        return "current"
    return "larger" if plan.price_cents > mine.price_cents else "smaller"


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.OWNER, atomic=False)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """What changing to a plan means and costs, by Stripe's reckoning; and the change itself."""
    now = clock.now()
    if request.method == "POST":
        try:
            plan_change.change(code, quoted_at=_moment(request), actor=actor_of(request), now=now)
        except Conflict as problem:
            messages.error(request, problem.detail)
            if problem.code == "quote_expired":
                return redirect("workspaces:billing_plan", code)
            return redirect("workspaces:billing")
        messages.success(request, _("Your plan is changed."))
        return redirect("workspaces:billing")
    return render(request, "billing/plan.html", {"quote": plan_change.quote(code, now=now)})


def _moment(request: HttpRequest) -> datetime:
    """The moment that the shown amounts were reckoned for; the beginning of time for nonsense, which is too old."""
    given = request.POST.get("at", "")
    return datetime.fromtimestamp(int(given) if given.isascii() and given.isdigit() and len(given) < 12 else 0, UTC)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.OWNER, atomic=False)
def cancel(request: HttpRequest) -> HttpResponse:
    """Say what a cancellation means and when; and take it."""
    if request.method == "POST":
        billing.cancel(actor=actor_of(request), now=clock.now())
        messages.success(request, _("Your subscription is cancelled. You can take that back until it ends."))
        return redirect("workspaces:billing")
    found = billing.subscription()
    if found is None or not billing.is_served(found) or billing.ends_at(found):
        return redirect("workspaces:billing")
    last_day = found.trial_end if found.status == "trialing" else found.current_period_end
    return render(request, "billing/cancel.html", {"subscription": found, "last_day": last_day})


@require_POST
@workspace_page(Role.OWNER, atomic=False)
def keep(request: HttpRequest) -> HttpResponse:
    """Take the cancellation back."""
    billing.keep(actor=actor_of(request), now=clock.now())
    messages.success(request, _("Good that you stay. Your subscription goes on."))
    return redirect("workspaces:billing")


@require_POST
@workspace_page(Role.OWNER, atomic=False)
def portal(request: HttpRequest) -> HttpResponse:
    """Go to Stripe's pages for the means of payment and the address on the invoice."""
    return HttpResponseRedirect(billing.portal_url(return_url=_here(), language=_language()), status=303)


@require_safe
@workspace_page(Role.OWNER, atomic=False)
def pay(request: HttpRequest) -> HttpResponse:
    """One tap from the notice of a failed payment to the page on which it is paid."""
    return HttpResponseRedirect(billing.way_to_pay(return_url=_here(), language=_language()), status=303)


def _here() -> str:
    return settings.PUBLIC_BASE_URL + reverse("workspaces:billing")


def _language() -> str:
    return (get_language() or "de")[:2]
