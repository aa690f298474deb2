"""Which studio a signed-in person is working in."""

from collections.abc import Callable
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation
from django.utils.functional import SimpleLazyObject

from pilar.kernel import clock
from pilar.kernel.principal import Principal, Role
from workspaces import support
from workspaces.models import Membership, User, Workspace
from workspaces.support import Support

SESSION_KEY = "workspace_id"


class Visit:
    """Answers who is here and where, each question only when it is asked, so that pages without a login need no
    database.
    """

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def user(self) -> User | None:
        user = self._request.user
        return user if isinstance(user, User) and user.is_active else None

    @cached_property
    def support(self) -> Support | None:
        """The visit of an operator to a studio, if one goes on."""
        if self.user is None or not self.user.is_staff:
            return None
        return support.current(session=self._request.session, user=self.user, now=clock.now())

    @cached_property
    def memberships(self) -> list[Membership]:
        """The person's studios that are still open, oldest first."""
        if self.user is None:
            return []
        rows = Membership.objects.filter(user=self.user).exclude(workspace__status=Workspace.Status.CLOSED)
        return list(rows.select_related("workspace", "workspace__plan").order_by("created_at", "pk"))

    @cached_property
    def membership(self) -> Membership | None:
        """The studio chosen in this session, or the first; for an operator the one that is visited."""
        if self.support:
            return self.support.membership
        chosen = str(self._request.session.get(SESSION_KEY, ""))
        mine = {str(entry.workspace_id): entry for entry in self.memberships}
        return mine.get(chosen) or next(iter(self.memberships), None)

    @property
    def workspace(self) -> Workspace | None:
        return self.membership.workspace if self.membership else None

    @cached_property
    def principal(self) -> Principal | None:
        """The caller for the domain; without a studio an operator or nobody in particular."""
        if self.user is None:
            return None
        actor = f"operator:{self.user.pk}" if self.support else f"user:{self.user.pk}"
        if self.membership:
            return Principal(self.membership.workspace_id, actor, Role(self.membership.role))
        return Principal(None, actor, Role.OPERATOR if self.user.is_staff else Role.VIEWER)

    def choose(self, workspace_id: UUID) -> bool:
        """Work in another of one's studios from now on; False when it is none of theirs."""
        mine = any(entry.workspace_id == workspace_id for entry in self.memberships)
        if mine:
            self._request.session[SESSION_KEY] = str(workspace_id)
        return mine


class Reader:
    """Shows pages in the language and time zone of the person who is signed in, whatever the browser prefers.

    Without a session nobody is asked, so public pages need no database.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if settings.SESSION_COOKIE_NAME not in request.COOKIES or not isinstance(request.user, User):
            return self.get_response(request)
        translation.activate(request.user.language)
        request.LANGUAGE_CODE = request.user.language
        with timezone.override(request.user.timezone):
            return self.get_response(request)


class CurrentWorkspace:
    """Puts `request.visit` there for the views, and `workspace`, `workspaces`, `role`, `principal` for templates."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        attach(request)
        return self.get_response(request)


def attach(request: HttpRequest) -> Visit:
    """Put the answers on a request; they are found out when they are asked for."""
    visit = Visit(request)
    lazy = {
        "principal": lambda: visit.principal,
        "workspace": lambda: visit.workspace,
        "workspaces": lambda: [entry.workspace for entry in visit.memberships],
        "support": lambda: visit.support,
        "role": lambda: visit.membership.role if visit.membership else "",
    }
    for name, answer in lazy.items():
        setattr(request, name, SimpleLazyObject(answer))
    request.visit = visit  # type: ignore[attr-defined]
    return visit


def visit_of(request: HttpRequest) -> Visit:
    """Return who is here. A request that allauth held back for a fresh sign-in passes no middleware and gets it now."""
    found: Visit | None = getattr(request, "visit", None)
    return found or attach(request)
