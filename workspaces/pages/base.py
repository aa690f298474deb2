"""What every page of a studio begins with: who is here, which studio, and whether the role allows it."""

from collections.abc import Callable
from contextlib import nullcontext
from functools import wraps
from typing import Any
from uuid import UUID

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from pilar.api.problems import as_problem
from pilar.backplane import tenancy
from pilar.kernel.errors import DATABASE_AWAY
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import NotFound
from pilar.kernel.shield import shielded
from pilar.ui import errors
from workspaces.middleware import visit_of
from workspaces.models import User

View = Callable[..., HttpResponse]


def workspace_page(role: Role = Role.VIEWER, *, atomic: bool = True) -> Callable[[View], View]:
    """Let members with at least `role` in, and run the view with its rendering in the workspace's scope and
    transaction.

    `atomic=False` is for views that call a provider: they open their own transactions. Who is not signed in goes to the
    sign-in, who has no studio to the plans, an operator to the admin; a refusal of the domain becomes a page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            visit = visit_of(request)
            if visit.user is None:
                return to_sign_in(request)
            if visit.membership is None:
                return redirect("admin:index" if visit.user.is_staff else "workspaces:checkout")
            if not _at_least(visit.principal, role):
                raise PermissionDenied
            return _run(view, request, args, kwargs, atomic=atomic)

        inner.page_role = role  # type: ignore[attr-defined]  # read by the guard over all routes
        return inner

    return decorate


def to_sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for a sign-in that leads back here; after a form that was sent too late it leads to Today."""
    is_page = request.method in ("GET", "HEAD")
    return redirect_to_login(request.get_full_path() if is_page else reverse("dashboard:today"))


def public_page(view: View) -> View:
    """A page for anybody; a refusal of the domain becomes a page."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return _answered(lambda: view(request, *args, **kwargs), request)

    inner.page_role = None  # type: ignore[attr-defined]
    return inner


def account_page(view: View) -> View:
    """A page of a person, with or without a studio. Who is not signed in goes to the sign-in."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if visit_of(request).user is None:
            return to_sign_in(request)
        return _answered(lambda: view(request, *args, **kwargs), request)

    inner.page_role = None  # type: ignore[attr-defined]
    return inner


def person_of(request: HttpRequest) -> User:
    """Return who is signed in. Raises NotFound outside of a page that asks for it."""
    user = visit_of(request).user
    if user is None:
        raise NotFound
    return user


def principal_of(request: HttpRequest) -> Principal:
    """Return the caller for the domain. Raises NotFound outside of a page that asks for a sign-in."""
    principal = visit_of(request).principal
    if principal is None:
        raise NotFound
    return principal


def workspace_of(request: HttpRequest) -> UUID:
    """Return the studio of a page inside `workspace_page`. Raises NotFound outside of one."""
    membership = visit_of(request).membership
    if membership is None:
        raise NotFound
    return membership.workspace_id


def actor_of(request: HttpRequest) -> str:
    """Return who acts, for the audit."""
    principal = visit_of(request).principal
    return principal.actor if principal else "anonymous"


def _at_least(principal: Principal | None, role: Role) -> bool:
    return principal is not None and principal.at_least(role)


def _run(view: View, request: HttpRequest, args: Any, kwargs: Any, *, atomic: bool) -> HttpResponse:
    def inside() -> HttpResponse:
        with tenancy.tenant(workspace_of(request)), tenancy.atomic() if atomic else nullcontext():
            return view(request, *args, **kwargs)

    return _answered(inside, request)


def _answered(run: Callable[[], HttpResponse], request: HttpRequest) -> HttpResponse:
    def refused(error: Exception) -> HttpResponse:
        """A refusal, or the failure of a provider, is a page that says so. What has a handler of its own goes on to
        it.
        """
        problem = as_problem(error)
        if problem is None or isinstance(error, (PermissionDenied, Http404, *DATABASE_AWAY)):
            raise error
        response = errors.problem(request, problem)
        if problem.retry_after is not None:
            response["Retry-After"] = str(problem.retry_after)
        return response

    return shielded(run, refused)
