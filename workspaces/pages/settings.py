"""Pages of the owner: connections, API keys, and which studio one works in."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pilar.dashboard import parts
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import NotFound
from pilar.providers.ai import chat
from pilar.providers.models import Connection, Provider
from workspaces import api_keys
from workspaces import billing as subscriptions
from workspaces.middleware import visit_of
from workspaces.pages.base import actor_of, public_page, workspace_of, workspace_page
from workspaces.pages.forms import KeyForm


@require_safe
@workspace_page(Role.ADMIN)
def autopilot(request: HttpRequest) -> HttpResponse:
    """Connections, history of the set-up, API keys."""
    return _autopilot(request)


def _autopilot(request: HttpRequest, *, new_key: str = "") -> HttpResponse:
    workspace_id = workspace_of(request)
    context: dict[str, Any] = {
        "connections": list(_connections()),
        "parts": parts.settings_parts(workspace_id, clock.now()),
        "api_keys": api_keys.active(workspace_id).order_by("-created_at"),
        "new_key": new_key,
    }
    return render(request, "dashboard/autopilot.html", context)


def _connections() -> list[dict[str, Any]]:
    mine = {connection.provider: connection for connection in Connection.objects.all()}
    return [_connection(provider, mine.get(provider)) for provider in Provider.values]


def _connection(provider: str, found: Connection | None) -> dict[str, Any]:
    if found is None:
        shared = provider in SHARED and SHARED[provider]()
        return {"provider": provider, "state": "connected" if shared else "not_configured", "shared": shared}
    return {
        "provider": provider,
        "state": found.status,
        "last_success_at": found.last_success_at,
        "reason": found.last_error,
    }


SHARED: dict[str, Callable[[], bool]] = {
    Provider.STRIPE: lambda: subscriptions.subscription() is not None,
    Provider.AI: chat.configured,
}
"""What serves a studio through the platform's own account, and how to tell."""


@require_POST
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@workspace_page(Role.OWNER)
def api_key_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it this once; it is kept nowhere, not even in the session."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Say what the key is for."))
        return redirect("workspaces:autopilot")
    _key, text = api_keys.create(
        workspace_id=workspace_of(request), name=form.cleaned_data["name"], role=Role.OWNER, actor=actor_of(request)
    )
    return _autopilot(request, new_key=text)


@require_POST
@workspace_page(Role.OWNER)
def api_key_revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """End a key at once."""
    api_keys.revoke(workspace_id=workspace_of(request), key_id=key_id, actor=actor_of(request), now=clock.now())
    messages.success(request, _("The key is revoked."))
    return redirect("workspaces:autopilot")


@require_POST
@public_page
def switch(request: HttpRequest) -> HttpResponse:
    """Work in another of one's studios."""
    try:
        wanted = UUID(request.POST.get("workspace", ""))
    except ValueError as error:
        raise NotFound from error
    if not visit_of(request).choose(wanted):
        raise NotFound
    return redirect("dashboard:today")
