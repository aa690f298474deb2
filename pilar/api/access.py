"""Who may call what, decided in one place (reliability S5): each view states a rule per method, what is not stated
is denied.

A workspace view resolves the caller, holds every workspace id of the request against the caller's own (404 when they
differ), checks role and scope (403), and runs the handler in the workspace's scope and transaction.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from pilar.api import throttling
from pilar.api.pagination import ByCursor
from pilar.backplane import tenancy
from pilar.backplane.rates import Use
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Forbidden, NotFound, Problem

WORKSPACE_ROLES = (Role.OWNER, Role.ADMIN, Role.COACH, Role.VIEWER)


@dataclass(frozen=True, slots=True)
class Access:
    """The rule of one method.

    `role` is the least role of a workspace, or exactly one of the others (affiliate, operator, system), or None for
    anybody who is signed in. `scope` limits API keys. `system` lets the platform's own token in besides. `public` needs
    no credential at all.
    """

    role: Role | None = Role.VIEWER
    scope: str = ""
    system: bool = False
    public: bool = False


def _fits(role: Role | None, caller: Principal) -> bool:
    if role in WORKSPACE_ROLES:
        return caller.workspace_id is not None and caller.at_least(role)
    return role in (None, caller.role)


def body_of(request: Request) -> Mapping[str, Any]:
    """Return the parsed body, an object; also of requests that need none, so that nonsense is refused everywhere.

    Raises ParseError for what cannot be read, Problem for what is no object.
    """
    found = {} if request.method in ("GET", "HEAD") else request.data
    if not isinstance(found, Mapping):
        raise Problem(_("The body must be a JSON object."), code="validation_failed")
    return found


class RuleView(APIView):
    """Base of all doors: knows the caller as `self.principal` and refuses methods without a rule."""

    access: ClassVar[Mapping[str, Access]] = {}
    permission_classes = ()
    http_method_names = ("get", "head", "post", "put", "patch", "delete")
    atomic: ClassVar[bool] = True
    throttles: ClassVar[Mapping[str, str]] = {}
    """Limits by method beyond the general one, such as `{"POST": "events:1000/hour"}`."""

    throttle_classes = (throttling.PerWorkspace,)
    pagination_class = ByCursor
    principal: Principal
    uses: Mapping[str, Use] = MappingProxyType({})
    """How the limits stand that this request was counted under, by their names."""

    def check_permissions(self, request: Request) -> None:
        """Resolve the caller and hold the request against the method's rule."""
        self._handler()
        rule = self.access.get("GET" if request.method == "HEAD" else str(request.method))
        if rule is None:
            raise Forbidden(_("This method is not open to anybody."))
        if rule.public:
            return
        self.principal = self.find_principal(request)
        self.check_rule(rule, self.principal)

    def find_principal(self, request: Request) -> Principal:
        if not isinstance(request.auth, Principal):
            raise NotAuthenticated(_("Send a valid API key as `Authorization: Bearer …`, or sign in."))
        return request.auth

    def check_rule(self, rule: Access, caller: Principal) -> None:
        """Raise Forbidden unless `caller` satisfies `rule`."""
        if caller.role is Role.SYSTEM and (rule.system or rule.role is Role.SYSTEM):
            return
        if not _fits(rule.role, caller):
            raise Forbidden(_("Your role does not allow this. Ask the owner of the studio."))
        if rule.scope and not caller.allows(rule.scope):
            raise Forbidden(_("This API key lacks the scope %(scope)s.") % {"scope": rule.scope}, code="scope_missing")

    @contextmanager
    def scope(self) -> Iterator[None]:
        """What surrounds the handler."""
        with tenancy.atomic() if self.atomic else nullcontext():
            yield

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """DRF's dispatch with the handler inside `scope()`, so that a refusal rolls back what was begun."""
        self.args, self.kwargs = args, kwargs
        self.request = self.initialize_request(request, *args, **kwargs)
        self.headers = self.default_response_headers
        try:
            self.initial(self.request, *args, **kwargs)
            with self.scope():
                response = self._handler()(self.request, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - DRF's own contract: the handler re-raises what it does not know
            response = self.handle_exception(error)
        self.response = self.finalize_response(self.request, response, *args, **kwargs)
        return self.response

    def _handler(self) -> Callable[..., Any]:
        """Return what answers the method. Raises MethodNotAllowed."""
        method = str(self.request.method).lower()
        handler = getattr(self, method, None) if method in self.http_method_names else None
        if handler is None:
            raise MethodNotAllowed(str(self.request.method))
        return handler  # type: ignore[no-any-return]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        final = super().finalize_response(request, response, *args, **kwargs)
        final.headers.setdefault("Cache-Control", "no-store")
        for name, text in throttling.headers(self.uses.values()).items():
            final.headers[name] = text
        return final


class WorkspaceView(RuleView):
    """A door into one workspace. The credential chooses it; an id in path, query or body must be the same one."""

    @property
    def workspace_id(self) -> UUID:
        """The workspace this request is about. Raises NotFound for callers that have none."""
        if self.principal.workspace_id is None:
            raise NotFound
        return self.principal.workspace_id

    def find_principal(self, request: Request) -> Principal:
        caller = super().find_principal(request)
        named = set(self._named_workspaces(request))
        if caller.role is Role.SYSTEM:
            return Principal(self._only(named, request), caller.actor, caller.role, caller.scopes)
        if caller.workspace_id is None:
            raise Forbidden(_("You are not a member of a studio yet."), code="no_workspace")
        if named - {str(caller.workspace_id)}:
            raise NotFound
        return caller

    def scope(self) -> Any:
        return self._in_workspace()

    @contextmanager
    def _in_workspace(self) -> Iterator[None]:
        with tenancy.tenant(self.workspace_id), super().scope():
            yield

    def _named_workspaces(self, request: Request) -> Iterator[str]:
        if "workspace_id" in self.kwargs:
            yield str(self.kwargs["workspace_id"])
        yield from (value.lower() for value in request.query_params.getlist("workspaceId"))
        named = body_of(request).get("workspace_id")
        if named is not None:
            yield str(named).lower()

    def _only(self, named: set[str], request: Request) -> UUID:
        if not named:
            raise Problem(
                _("Say which workspace is meant."),
                code="validation_failed",
                fields={"workspaceId": _("This field is required.")},
            )
        try:
            (found,) = named
            workspace_id = UUID(found)
        except ValueError as error:
            raise NotFound from error
        if not getattr(request.successful_authenticator, "knows", lambda _id: False)(workspace_id):
            raise NotFound
        return workspace_id


class SystemView(RuleView):
    """A door for the platform's own callers. Opens no scope: the domain says whose data it works on."""

    atomic = False
    access: ClassVar[Mapping[str, Access]] = {"POST": Access(role=Role.SYSTEM)}

    def find_principal(self, request: Request) -> Principal:
        caller = super().find_principal(request)
        body_of(request)
        return caller

    def scope(self) -> Any:
        return nullcontext()


PUBLIC = Access(role=None, public=True)


class PublicView(RuleView):
    """A door without a credential."""

    access: ClassVar[Mapping[str, Access]] = {"GET": PUBLIC, "POST": PUBLIC}
    authentication_classes = ()
    atomic = False

    def scope(self) -> Any:
        return nullcontext()
