"""The rows behind the numbers of Today: which messages were sent, delivered, answered, not delivered, or come next."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from coach.models import Followup, Message
from coach.pages.paging import paged
from coach.schedule import local_day
from coach.widgets import IN, OUT, REACHED
from pilar.kernel import clock
from pilar.kernel.principal import Role
from workspaces.models import Workspace
from workspaces.pages.base import workspace_of, workspace_page

STATES = {name: OUT & Q(state__in=states) for name, states in REACHED.items()} | {"answered": IN}


@require_safe
@workspace_page(Role.VIEWER)
def message_log(request: HttpRequest) -> HttpResponse:
    """Messages of one state, the newest first, or with `planned` the follow-ups that come next."""
    state = request.GET.get("filter", "all")
    day = request.GET.get("day", "all")
    span = _span(day, ZoneInfo(Workspace.objects.get(pk=workspace_of(request)).timezone))
    rows, more = paged(request, _planned(span) if state == "planned" else _said(state, span))
    context = {"rows": rows, "state": state, "day": day, "states": ("all", "planned", *STATES), "next_url": more}
    return render(request, "coach/message_log.html", context)


def _span(day: str, zone: ZoneInfo) -> tuple[datetime, datetime] | None:
    today = local_day(clock.now(), zone)
    yesterday = local_day(today[0] - timedelta(seconds=1), zone)
    return {"today": today, "yesterday": yesterday}.get(day)


def _planned(span: tuple[datetime, datetime] | None) -> Any:
    rows = Followup.objects.filter(status=Followup.Status.PENDING).select_related("lead")
    return (rows.filter(scheduled_at__lt=span[1]) if span else rows).order_by("scheduled_at", "id")


def _said(state: str, span: tuple[datetime, datetime] | None) -> Any:
    rows = Message.objects.filter(STATES.get(state, Q())).select_related("lead")
    return (rows.filter(at__gte=span[0], at__lt=span[1]) if span else rows).order_by("-at", "-id")
