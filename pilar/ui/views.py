"""The switches of the shell and the gallery of components."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import get_user_model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_GET, require_POST

from pilar.ui import gallery as samples
from pilar.ui import toasts
from pilar.ui.context import SIDEBAR_COOKIE, THEME_COOKIE, THEMES

_A_YEAR = 365 * 24 * 3600


def _back(request: HttpRequest) -> HttpResponseRedirect:
    wanted = request.POST.get("next") or request.headers.get("Referer", "")
    safe = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(wanted if safe else "/")


def _remember(request: HttpRequest, response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(name, value, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the reader's choice of light, dark or as the device says."""
    response = _back(request)
    chosen = request.POST.get("theme", "")
    if chosen in THEMES:
        _remember(request, response, THEME_COOKIE, chosen)
    return response


@require_POST
def sidebar(request: HttpRequest) -> HttpResponse:
    """Fold the sidebar to its icons, or unfold it."""
    response = _back(request)
    _remember(request, response, SIDEBAR_COOKIE, "slim" if request.POST.get("slim") == "1" else "wide")
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the reader's language: for this browser, and for a person who is signed in everywhere, letters included."""
    response = _back(request)
    chosen = request.POST.get("language", "")
    if chosen in dict(settings.LANGUAGES) and check_for_language(chosen):
        _remember(request, response, settings.LANGUAGE_COOKIE_NAME, chosen)
        if request.user.is_authenticated:
            get_user_model().objects.filter(pk=request.user.pk).update(language=chosen)
    return response


@require_GET
def gallery(request: HttpRequest) -> HttpResponse:
    """Show every component in its states; for staff, or for everybody while developing."""
    if not (settings.DEBUG or getattr(request.user, "is_staff", False)):
        raise Http404
    if "toast" in request.GET:
        for level in (messages.INFO, messages.SUCCESS, messages.WARNING, messages.ERROR):
            messages.add_message(request, level, samples.TOASTS[level])
        toasts.undoable(request, str(samples.UNDOABLE), url=reverse("ui:theme"))
    return render(request, "ui/gallery.html", samples.context())
