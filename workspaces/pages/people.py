"""Who works in the studio: members, invitations, and the page behind an invitation's link."""

from typing import Any
from uuid import UUID

from allauth.account.utils import perform_login
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pilar.api import client, throttling
from pilar.backplane.tenancy import savepoint
from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Problem
from workspaces import billing, invitations
from workspaces.invitations import Link
from workspaces.links import LinkState, meant_for
from workspaces.middleware import SESSION_KEY, visit_of
from workspaces.models import Membership, User
from workspaces.models.access import MemberRole
from workspaces.pages.base import person_of, principal_of, public_page, workspace_of, workspace_page
from workspaces.pages.forms import ClaimForm, InvitationForm


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def people(request: HttpRequest) -> HttpResponse:
    """Members and invitations, and a form for the next one."""
    inviter = principal_of(request)
    form = InvitationForm(request.POST or None, roles=_roles(inviter))
    if request.method != "POST" or not form.is_valid():
        return _people(request, form, status=422 if form.is_bound else 200)
    throttling.guard("invitations:60/hour", f"workspace:{inviter.workspace_id}")
    user = visit_of(request).user
    try:
        with savepoint():
            invitation = invitations.invite(
                inviter=inviter,
                name=user.get_full_name() if user else "",
                email=form.cleaned_data["email"],
                role=MemberRole(form.cleaned_data["role"]),
                now=clock.now(),
            )
    except Problem as problem:
        form.add_error(None, problem.detail)
        return _people(request, form, status=problem.status)
    messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": invitation.email})
    return redirect("workspaces:people")


def _roles(inviter: Principal) -> list[MemberRole]:
    return [role for role in MemberRole if inviter.at_least(Role(role))]


def _people(request: HttpRequest, form: InvitationForm, *, status: int) -> HttpResponse:
    workspace_id, me = workspace_of(request), principal_of(request)
    roles = _roles(me)
    members = list(invitations.members(workspace_id))
    invited = list(invitations.open_ones(workspace_id, now=clock.now()))
    context = {
        "members": [_shown_member(member, me, person_of(request), roles) for member in members],
        "invitations": invited,
        "seats": billing.limits().seats,
        "taken": len(members) + len(invited),
        "roles": roles,
        "all_roles": list(MemberRole),
        "is_owner": me.at_least(Role.OWNER),
        "form": form,
    }
    return render(request, "workspaces/people.html", context, status=status)


def _shown_member(member: Membership, me: Principal, person: User, roles: list[MemberRole]) -> dict[str, Any]:
    """A member with what the reader may do to them; one's own way out is a button of its own."""
    is_me = member.user_id == person.pk
    return {
        "id": member.pk,
        "name": member.user.get_full_name(),
        "email": member.user.email,
        "role": member.role,
        "is_me": is_me,
        "leaves_at": member.user.erase_at,
        "may_change": not is_me and member.role in roles,
        "may_receive": not is_me and member.role != MemberRole.OWNER and me.at_least(Role.OWNER),
    }


@require_POST
@workspace_page(Role.ADMIN)
def resend(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Mail the invitation again."""
    inviter = principal_of(request)
    throttling.guard("invitations:60/hour", f"workspace:{inviter.workspace_id}")
    invitations.send_again(inviter=inviter, invitation_id=invitation_id, now=clock.now())
    messages.success(request, _("A new link is on its way; the old one no longer works."))
    return redirect("workspaces:people")


@require_POST
@workspace_page(Role.ADMIN)
def revoke(request: HttpRequest, invitation_id: UUID) -> HttpResponse:
    """Take the invitation back."""
    invitations.revoke(inviter=principal_of(request), invitation_id=invitation_id, now=clock.now())
    messages.success(request, _("The invitation is revoked."))
    return redirect("workspaces:people")


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Join the studio that a link was sent for."""
    throttling.guard("invitation:60/hour", client.address(request))
    link = invitations.look(token, now=clock.now())
    user = visit_of(request).user
    if link.invitation and link.state is LinkState.VALID and user is None and invitations.has_account(link.invitation):
        return redirect_to_login(request.get_full_path())
    form = None if user else ClaimForm(request.POST or None)
    if request.method != "POST" or link.state is not LinkState.VALID or link.invitation is None:
        return _shown(request, link, form, status=200 if link.state is LinkState.VALID else 404)
    if user is not None and not meant_for(user, link.invitation.email):
        return _shown(request, link, form, status=403)
    if form is not None and not form.is_valid():
        return _shown(request, link, form, status=422)
    answers = form.cleaned_data if form else {}
    person = invitations.accept(token, user=user, now=clock.now(), **answers)
    messages.success(request, _("Welcome to %(studio)s.") % {"studio": link.invitation.workspace.name})
    welcome: HttpResponse = redirect("dashboard:today")
    if user is None:
        welcome = perform_login(
            request, person, email_verification="none", redirect_url=reverse("dashboard:today"), signup=True
        )
    request.session[SESSION_KEY] = str(link.invitation.workspace_id)
    return welcome


def _shown(request: HttpRequest, link: Link, form: ClaimForm | None, *, status: int) -> HttpResponse:
    user = visit_of(request).user
    context: dict[str, Any] = {"state": link.state.value, "form": form}
    if link.invitation is not None and link.state is LinkState.VALID:
        found = link.invitation
        context |= {"studio": found.workspace.name, "role": found.role, "inviter": found.invited_by}
        context |= {"meant_for": found.email, "is_other": user is not None and not meant_for(user, found.email)}
    response = render(request, "workspaces/invitation.html", context, status=status)
    response["Cache-Control"] = "no-store"
    # Not `no-referrer`: browsers would then send the form with the origin `null`, which the CSRF check refuses.
    response["Referrer-Policy"] = "same-origin"
    return response
