"""Public pages of buying: paying, coming back from Stripe, taking over a studio."""

from typing import Any

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pilar.api import client, throttling
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Forbidden, Problem
from pilar.security.csp import leads_to_payment
from pilar.ui.fragments import fragment
from workspaces import checkout, claims
from workspaces.checkout import Order
from workspaces.claims import Link
from workspaces.links import LinkState, meant_for
from workspaces.middleware import Visit, visit_of
from workspaces.models import SignUp
from workspaces.pages.base import public_page
from workspaces.pages.forms import CheckoutForm, ClaimForm


@require_http_methods(["GET", "HEAD", "POST"])
@leads_to_payment
@public_page
def buy(request: HttpRequest) -> HttpResponse:
    """Choose a plan and go to Stripe's payment page."""
    visit = visit_of(request)
    known = {"is_known": visit.user is not None, "has_studio": visit.workspace is not None}
    if request.method != "POST":
        selected = request.GET.get("plan", "")
        return _plans(request, CheckoutForm(initial={"plan": selected, "country": "DE"}, **known), selected)
    throttling.guard("buy:20/hour", client.address(request))
    form = CheckoutForm(request.POST, **known)
    if not form.is_valid():
        return _plans(request, form, request.POST.get("plan", ""), status=422)
    try:
        url = checkout.begin(_order(visit, form.cleaned_data), now=clock.now())
    except Problem as problem:
        form.add_error(None, problem.detail)
        return _plans(request, form, form.cleaned_data["plan"], status=problem.status)
    return HttpResponseRedirect(url, status=303)


def _plans(request: HttpRequest, form: CheckoutForm, selected: str, *, status: int = 200) -> HttpResponse:
    context = {
        "plans": checkout.plans(),
        "selected": selected.upper(),
        "form": form,
        "cancelled": "cancelled" in request.GET,
        "returning": visit_of(request).workspace is not None,
    }
    return render(request, "billing/checkout.html", context, status=status)


def _order(visit: Visit, given: dict[str, Any]) -> Order:
    workspace, user = visit.workspace, visit.user
    if workspace and visit.principal and not visit.principal.at_least(Role.OWNER):
        raise Forbidden(_("Only the owner of the studio can buy a plan."))
    return Order(
        plan=given["plan"].upper(),
        email=user.email if user else given["email"],
        studio=workspace.name if workspace else given["studio"],
        country=workspace.country if workspace else given["country"],
        language=(get_language() or "de")[:2],
        user=user,
        workspace_id=workspace.pk if workspace else None,
    )


@require_safe
@public_page
def returned(request: HttpRequest) -> HttpResponse:
    """Back from Stripe: wait until the webhook has told us of the payment."""
    return render(request, "billing/checkout_return.html", _payment(request))


@require_safe
@public_page
def returned_status(request: HttpRequest) -> HttpResponse:
    """The part of that page that asks again."""
    payment = _payment(request)
    return fragment(request, "billing/_return.html", payment, finished=payment["state"] != "processing")


_STATES = {
    SignUp.State.AWAITING_PAYMENT: "debit",
    SignUp.State.PAID: "claim",
    SignUp.State.CLAIMED: "ready",
    SignUp.State.FAILED: "failed",
    SignUp.State.EXPIRED: "expired",
}


def _payment(request: HttpRequest) -> dict[str, Any]:
    session_id = request.GET.get("session_id", "").replace("\x00", "")
    sign_up = SignUp.objects.filter(stripe_session_id=session_id).first() if session_id else None
    state = _STATES.get(SignUp.State(sign_up.state), "processing") if sign_up else "processing"
    email = sign_up.email if sign_up and state == "claim" else ""
    return {"state": state, "email": email, "next_url": reverse("provisioning:live"), "session_id": session_id}


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def claim(request: HttpRequest, token: str) -> HttpResponse:
    """Take over the studio that a link was sent for."""
    throttling.guard("claim:60/hour", client.address(request))
    link = claims.look(token, now=clock.now())
    user = visit_of(request).user
    if link.state is LinkState.VALID and user is None and claims.known_user(link):
        return redirect_to_login(request.get_full_path())
    form = None if user else ClaimForm(request.POST or None)
    if request.method != "POST" or link.state is not LinkState.VALID:
        return _link(request, link, form, status=200 if link.state is LinkState.VALID else 404)
    if form is not None and not form.is_valid():
        return _link(request, link, form, status=422)
    if user is not None and link.sign_up is not None and not meant_for(user, link.sign_up.email):
        return _link(request, link, form, status=403)
    answers = form.cleaned_data if form else {}
    person = claims.claim(token, user=user, now=clock.now(), **answers)
    messages.success(request, _("The studio is yours now. Tell us a little about it, and the set-up goes on."))
    if user is not None:
        return redirect("workspaces:onboarding")
    welcome: HttpResponse = perform_login(
        request, person, email_verification="none", redirect_url=reverse("workspaces:onboarding"), signup=True
    )
    return welcome


def _link(request: HttpRequest, link: Link, form: ClaimForm | None, *, status: int) -> HttpResponse:
    sign_up, user = link.sign_up, visit_of(request).user
    context: dict[str, Any] = {"state": link.state.value, "form": form}
    if sign_up is not None and link.state is LinkState.VALID:
        context |= {"studio": sign_up.studio, "email": user.email if user else sign_up.email}
        context |= {"meant_for": sign_up.email, "is_other": user is not None and not meant_for(user, sign_up.email)}
    response = render(request, "workspaces/claim.html", context, status=status)
    response["Cache-Control"] = "no-store"
    # Not `no-referrer`: browsers would then send the form with the origin `null`, which the CSRF check refuses.
    response["Referrer-Policy"] = "same-origin"
    return response


@require_POST
@public_page
def claim_resend(request: HttpRequest) -> HttpResponse:
    """Send the link again; the answer is the same whether or not a studio waits for the address."""
    throttling.guard("claim-resend:10/hour", client.address(request))
    email = request.POST.get("email", "").replace("\x00", "")[:254]
    claims.send_again(email, now=clock.now())
    messages.success(request, _("If a studio waits for this address, a new link is on its way."))
    return redirect("workspaces:landing")
