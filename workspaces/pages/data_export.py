"""Settings > Autopilot > Data export: order it, see it come, take it along."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pilar.kernel import clock
from pilar.kernel.principal import Role
from workspaces import data_export
from workspaces.pages.autopilot import shown
from workspaces.pages.base import actor_of, workspace_page


@require_safe
@workspace_page(Role.ADMIN)
def exports(request: HttpRequest) -> HttpResponse:
    """What was ordered and can still be loaded."""
    return shown(request, "exports", {"exports": data_export.shown(clock.now())})


@require_POST
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@workspace_page(Role.OWNER)
def order(request: HttpRequest) -> HttpResponse:
    """Have everything put into one file."""
    data_export.order(actor=actor_of(request), now=clock.now())
    messages.success(request, _("We prepare the file. Load this page again in a minute."))
    return redirect("workspaces:exports")


@require_safe
@reauthentication_required  # type: ignore[untyped-decorator]
@workspace_page(Role.OWNER)
def download(request: HttpRequest, export_id: UUID) -> HttpResponse:
    """Hand the file over to an owner who has just shown who they are."""
    found = data_export.fetch(export_id=export_id, actor=actor_of(request), now=clock.now())
    headers = {"Content-Disposition": f'attachment; filename="pilar-{found.ordered_at:%Y-%m-%d}.zip"'}
    return HttpResponse(bytes(found.content or b""), content_type="application/zip", headers=headers)
