"""Which studio one works in."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from pilar.kernel.problems import NotFound
from workspaces.middleware import visit_of
from workspaces.pages.base import public_page


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
