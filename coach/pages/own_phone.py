"""The last step of the onboarding: a message to the owner's own phone, and where it is right now."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from coach import own_phone
from coach.pages.forms.refusals import blame
from coach.pages.shown import lists
from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.ui.fragments import fragment
from workspaces import onboarding
from workspaces.middleware import visit_of
from workspaces.pages.base import actor_of, workspace_of, workspace_page
from workspaces.pages.onboarding import LIVE, wizard


class PhoneForm(forms.Form):
    """One's own number, and one's own consent: the coach writes to nobody without it, not even to its owner."""

    phone = forms.CharField(
        label=gettext_lazy("Your mobile number"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "placeholder": "+49 151 23456789"}),
    )
    agreed = forms.BooleanField(label=gettext_lazy("Yes, this studio may write to me on WhatsApp on this number."))


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def test_message(request: HttpRequest) -> HttpResponse:
    """Ask for the number and the consent, then show where the message is."""
    if request.method == "POST" and "skip" in request.POST:
        _finish(request)
        return redirect(LIVE)
    form = PhoneForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            with savepoint():
                _send(request, form.cleaned_data["phone"])
        except Problem as problem:
            blame(form, problem)
        else:
            _finish(request)
            return redirect("coach:own_phone")
    return _shown(request, form, status=422 if form.is_bound else 200)


def _send(request: HttpRequest, phone: str) -> None:
    user = visit_of(request).user
    own_phone.send(
        phone=phone,
        name=user.get_full_name() if user else _("Owner"),
        wording=str(PhoneForm.base_fields["agreed"].label),
        actor=actor_of(request),
        now=clock.now(),
    )


def _finish(request: HttpRequest) -> None:
    onboarding.finish(workspace_id=workspace_of(request), step="test", actor=actor_of(request), now=clock.now())


def _shown(request: HttpRequest, form: PhoneForm, *, status: int) -> HttpResponse:
    workspace = request.workspace  # type: ignore[attr-defined]
    context: dict[str, Any] = {"form": form, "test": own_phone.standing(), "wizard": wizard(workspace, "test")}
    context["room"] = lists.room()
    return render(request, "onboarding/test.html", context, status=status)


@require_safe
@workspace_page(Role.ADMIN)
def state(request: HttpRequest) -> HttpResponse:
    """The part of that page that asks again."""
    found = own_phone.standing()
    return fragment(request, "onboarding/_test.html", {"test": found}, finished=found is None or found.is_settled)
