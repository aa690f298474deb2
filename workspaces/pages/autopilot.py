"""Settings > Autopilot: connections and their tests, runs of the set-up, keys, limits, and the two trails."""

from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from pilar.api.pagination import Keyset
from pilar.backplane import budgets, rates
from pilar.backplane.tenancy import savepoint
from pilar.dashboard import parts
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.providers import connections as known_connections
from pilar.providers.ai import chat
from pilar.providers.models import Connection, Provider
from workspaces import api_keys, billing, connection_tests, own_limits, trails
from workspaces.pages.autopilot_forms import CapForm, KeyForm, LimitForm, TrailForm, kept_filters
from workspaces.pages.base import actor_of, workspace_of, workspace_page

PAGE = 50
TABS = (
    ("workspaces:autopilot", gettext_lazy("Connections")),
    ("workspaces:autopilot_setup", gettext_lazy("Set-up")),
    ("workspaces:keys", gettext_lazy("API keys")),
    ("workspaces:limits", gettext_lazy("Limits")),
    ("workspaces:activity", gettext_lazy("Activity")),
    ("workspaces:audit", gettext_lazy("Changes")),
    ("workspaces:exports", gettext_lazy("Data export")),
)
SHARED: dict[str, Callable[[], bool]] = {
    Provider.STRIPE: lambda: billing.subscription() is not None,
    Provider.AI: chat.configured,
}
"""What serves a studio through the platform's own account, and how to tell."""


def shown(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Draw one of the pages below the tabs."""
    tabs = [{"url": reverse(name), "label": label} for name, label in TABS]
    return render(request, f"workspaces/autopilot/{template}.html", context | {"tabs": tabs})


@require_safe
@workspace_page(Role.ADMIN)
def connections(request: HttpRequest) -> HttpResponse:
    """What is connected, since when it answers, what is shared."""
    mine = {connection.provider: connection for connection in Connection.objects.all()}
    return shown(
        request, "connections", {"connections": [_connection(name, mine.get(name)) for name in Provider.values]}
    )


def _connection(provider: str, found: Connection | None) -> dict[str, Any]:
    if found is None:
        shared = provider in SHARED and SHARED[provider]()
        return {"provider": provider, "state": "connected" if shared else "not_configured", "shared": shared}
    return {
        "provider": provider,
        "state": found.status,
        "last_success_at": found.last_success_at,
        "reason": found.last_error,
        "paused_until": known_connections.paused_until(provider) if found.last_error_class else None,
    }


@require_POST
@workspace_page(Role.ADMIN, atomic=False)
def connection_test(request: HttpRequest, provider: str) -> HttpResponse:
    """Ask the provider now and say what it answered."""
    found = connection_tests.run(workspace_id=workspace_of(request), provider=provider, actor=actor_of(request))
    say = {"healthy": messages.success, "degraded": messages.warning}.get(found.status, messages.error)
    say(request, " ".join(filter(None, (found.summary, found.fix))))
    return redirect("workspaces:autopilot")


@require_safe
@workspace_page(Role.ADMIN)
def setup(request: HttpRequest) -> HttpResponse:
    """The runs of the set-up with their steps and times."""
    return shown(request, "setup", {"parts": parts.settings_parts(workspace_of(request), clock.now())})


@require_safe
@workspace_page(Role.ADMIN)
def keys(request: HttpRequest) -> HttpResponse:
    """The keys for the studio's own programs."""
    return _keys(request, form=KeyForm())


def _keys(request: HttpRequest, *, form: KeyForm, new_key: str = "") -> HttpResponse:
    active = api_keys.active(workspace_of(request)).order_by("-created_at")
    return shown(request, "keys", {"api_keys": active, "form": form, "new_key": new_key})


@require_POST
@reauthentication_required(allow_get=True)  # type: ignore[untyped-decorator]
@workspace_page(Role.OWNER)
def key_create(request: HttpRequest) -> HttpResponse:
    """Make a key and show it this once; it is kept nowhere, not even in the session."""
    form = KeyForm(request.POST)
    if not form.is_valid():
        return _keys(request, form=form)
    _key, text = api_keys.create(
        workspace_id=workspace_of(request),
        name=form.cleaned_data["name"],
        role=Role(form.cleaned_data["role"]),
        scopes=form.cleaned_data["scopes"],
        actor=actor_of(request),
    )
    return _keys(request, form=KeyForm(), new_key=text)


@require_POST
@workspace_page(Role.OWNER)
def key_revoke(request: HttpRequest, key_id: UUID) -> HttpResponse:
    """End a key at once."""
    api_keys.revoke(workspace_id=workspace_of(request), key_id=key_id, actor=actor_of(request), now=clock.now())
    messages.success(request, _("The key is revoked."))
    return redirect("workspaces:keys")


@require_safe
@workspace_page(Role.ADMIN)
def limits(request: HttpRequest) -> HttpResponse:
    """What a day may cost, within the plan."""
    return _limits(request)


def _limits(request: HttpRequest, wrong: LimitForm | CapForm | None = None) -> HttpResponse:
    plan = own_limits.of_plan(request.workspace)  # type: ignore[attr-defined]
    now = {entry.resource: entry for entry in budgets.status(clock.now())}
    standings = [entry for entry in now.values() if entry.resource in plan]
    money = now[own_limits.EURO]
    rows = [
        {
            "standing": entry,
            "plan": plan[entry.resource],
            "limit": _own_limit(entry, plan[entry.resource]),
            "form": wrong if wrong and wrong.resource == entry.resource else LimitForm.of(entry),
        }
        for entry in standings
    ]
    form = wrong if wrong and wrong.resource == own_limits.EURO else CapForm.of(money)
    uses = rates.standing(workspace_of(request), clock.now())
    return shown(request, "limits", {"rows": rows, "money": money, "cap_form": form, "uses": uses})


def _own_limit(entry: budgets.Standing, most: int) -> int:
    return most if entry.daily_limit is None else entry.daily_limit


@require_POST
@workspace_page(Role.OWNER)
def limit(request: HttpRequest, resource: str) -> HttpResponse:
    """Set the studio's own limit of one resource."""
    costs = resource == own_limits.EURO
    form = CapForm(request.POST, auto_id="id_euro_%s") if costs else LimitForm(request.POST, resource=resource)
    if not form.is_valid():
        return _limits(request, form)
    try:
        with savepoint():
            change = own_limits.cap if costs else partial(own_limits.change, resource=resource)
            change(workspace_id=workspace_of(request), actor=actor_of(request), **form.cleaned_data)
    except Problem as refusal:
        if not refusal.fields:
            raise
        for name, text in refusal.fields.items():
            form.add_error(name, text)
        return _limits(request, form)
    messages.success(request, _("Saved."))
    return redirect("workspaces:limits")


@require_safe
@workspace_page(Role.ADMIN)
def audit(request: HttpRequest) -> HttpResponse:
    """Who changed what, with the values before and after."""
    people = trails.people(workspace_of(request))
    form = TrailForm(request.GET, people=people)
    rows, more = _page(request, trails.changes(form.wanted()))
    told = [{"entry": row, "who": trails.name_of(row.actor, people)} for row in rows]
    return shown(request, "audit", {"rows": told, "form": form, "next_url": more})


def _page(request: HttpRequest, rows: Any) -> tuple[list[Any], str]:
    found, cursor = Keyset("-at").page(rows, request.GET.get("cursor", ""), PAGE)
    return found, f"?{kept_filters(request)}cursor={cursor}" if cursor else ""
