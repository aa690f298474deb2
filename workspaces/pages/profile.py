"""The account of a person: wishes, signed-in devices, deletion, and the way out of a kind of letters."""

from allauth.account.decorators import reauthentication_required
from allauth.usersessions.internal.flows import sessions
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from pilar.api import client, throttling
from pilar.kernel import clock
from pilar.kernel.problems import Conflict, NotFound
from pilar.ui.context import THEME_COOKIE
from workspaces import farewell
from workspaces import profile as wishes
from workspaces.models import User
from workspaces.models.user import Rhythm
from workspaces.pages.base import account_page, person_of, public_page
from workspaces.pages.forms import DeleteForm, ProfileForm

_A_YEAR = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@account_page
def profile(request: HttpRequest) -> HttpResponse:
    """Name, language, time zone, appearance, letters."""
    user = person_of(request)
    form = ProfileForm(request.POST or None, initial=_known(request, user))
    if request.method != "POST" or not form.is_valid():
        return render(request, "account/profile.html", {"form": form}, status=422 if form.is_bound else 200)
    given = dict(form.cleaned_data)
    theme = given.pop("theme")
    wishes.change(user=user, wishes=wishes.Preferences(**given | {"digest": Rhythm(given["digest"])}))
    translation.activate(user.language)
    messages.success(request, _("Saved."))
    response = redirect("workspaces:profile")
    for name, value in ((THEME_COOKIE, theme), (settings.LANGUAGE_COOKIE_NAME, user.language)):
        response.set_cookie(name, value, max_age=_A_YEAR, samesite="Lax", secure=request.is_secure(), httponly=True)
    return response


def _known(request: HttpRequest, user: User) -> dict[str, object]:
    names = ("name", "language", "timezone", "digest", "escalations")
    return {"theme": request.COOKIES.get(THEME_COOKIE, "auto")} | {name: getattr(user, name) for name in names}


@require_POST
@account_page
def end_session(request: HttpRequest, session_id: int) -> HttpResponse:
    """Sign one device out. One's own is signed out as by the button for it."""
    found = UserSession.objects.filter(pk=session_id, user=person_of(request)).first()
    if found is None:
        raise NotFound
    sessions.end_sessions(request, [found])
    messages.success(request, _("The device is signed out."))
    return redirect("usersessions_list")


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required  # type: ignore[untyped-decorator]
@account_page
def delete(request: HttpRequest) -> HttpResponse:
    """Say what will happen, and plan the deletion."""
    form = DeleteForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _farewell(request, form, status=422 if form.is_bound else 200)
    try:
        erase_at = farewell.ask(user=person_of(request), now=clock.now())
    except Conflict as problem:
        form.add_error(None, problem.detail)
        return _farewell(request, form, status=problem.status)
    logout(request)
    return render(request, "account/deletion_planned.html", {"erase_at": erase_at})


def _farewell(request: HttpRequest, form: DeleteForm, *, status: int) -> HttpResponse:
    context = {"form": form, "days": farewell.GRACE.days}
    return render(request, "account/delete.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def keep(request: HttpRequest, token: str) -> HttpResponse:
    """Undo a planned deletion. Only the button does it: mail programs open links by themselves."""
    throttling.guard("keep:60/hour", client.address(request))
    is_kept = request.method == "POST" and farewell.undo(token) is not None
    is_known = is_kept or farewell.waiting(token) is not None
    response = render(
        request, "account/keep.html", {"is_kept": is_kept, "is_known": is_known}, status=200 if is_known else 404
    )
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "same-origin"
    return response


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End a kind of letters by one POST, as mail programs send it (RFC 8058); a person who follows the link gets a button."""
    throttling.guard("unsubscribe:60/hour", client.address(request))
    if request.method != "POST":
        return render(request, "account/unsubscribe.html", {"is_done": False})
    if not wishes.unsubscribe(token):
        raise NotFound
    return render(request, "account/unsubscribe.html", {"is_done": True})
