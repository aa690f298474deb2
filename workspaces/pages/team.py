"""What is done to members of the team: another role, removing, leaving, handing the studio over."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from pilar.backplane.tenancy import savepoint
from pilar.kernel.principal import Role
from pilar.kernel.problems import Conflict, NotFound
from workspaces import team
from workspaces.models.access import MemberRole
from workspaces.pages.base import person_of, principal_of, workspace_page
from workspaces.pages.forms import RoleForm


@require_POST
@workspace_page(Role.ADMIN)
def role(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Give a member another role."""
    form = RoleForm(request.POST)
    if not form.is_valid():
        raise NotFound
    changed = team.change_role(
        by=principal_of(request),
        name=person_of(request).get_full_name(),
        membership_id=membership_id,
        role=MemberRole(form.cleaned_data["role"]),
    )
    messages.success(request, _("%(name)s has the new role.") % {"name": changed.user.get_full_name()})
    return redirect("workspaces:people")


@require_POST
@workspace_page(Role.ADMIN)
def remove(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """End somebody's membership."""
    gone = team.remove(by=principal_of(request), name=person_of(request).get_full_name(), membership_id=membership_id)
    messages.success(request, _("%(name)s is no longer in the team.") % {"name": gone.membership.user.get_full_name()})
    if gone.api_keys:
        text = ngettext(
            "An API key that they made goes on working. Revoke it in Settings > Autopilot if nothing needs it.",
            "%(count)s API keys that they made go on working. Revoke them in Settings > Autopilot if nothing needs them.",
            gone.api_keys,
        )
        messages.warning(request, text % {"count": gone.api_keys})
    return redirect("workspaces:people")


@require_POST
@workspace_page(Role.VIEWER)
def leave(request: HttpRequest) -> HttpResponse:
    """End one's own membership."""
    try:
        with savepoint():
            team.leave(by=principal_of(request), user=person_of(request))
    except Conflict as problem:
        messages.error(request, problem.detail)
        return redirect("workspaces:people")
    messages.success(request, _("You have left the team."))
    return redirect("workspaces:profile")


@require_POST
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@workspace_page(Role.OWNER)
def hand_over(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Make a member the owner; the giver stays as an administrator."""
    owner = team.hand_over(by=principal_of(request), user=person_of(request), membership_id=membership_id)
    messages.success(request, _("%(name)s owns the studio now.") % {"name": owner.user.get_full_name()})
    return redirect("workspaces:people")
