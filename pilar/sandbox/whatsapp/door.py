"""How a call comes in at Meta's Graph: bearer tokens, JSON bodies, error bodies, chosen fields."""

from __future__ import annotations

import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pilar.sandbox.whatsapp.state import Json, PhoneNumber, State, Token, Waba

if TYPE_CHECKING:
    from pilar.sandbox.faults import Fault
    from pilar.sandbox.state import World


class GraphError(Exception):
    """An error answer. Meta asks callers to decide on ``code`` and ``details``, never on the HTTP status."""

    def __init__(
        self,
        code: int,
        message: str,
        *,
        details: str = "",
        status: int = 400,
        subcode: int | None = None,
        title: str = "",
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.details = code, message, details
        self.status, self.subcode, self.title = status, subcode, title

    def body(self) -> Json:
        error: Json = {
            "message": f"(#{self.code}) {self.message}",
            "type": "OAuthException",
            "code": self.code,
            "fbtrace_id": "A" + secrets.token_urlsafe(16),
        }
        if self.subcode is not None:
            error |= {"error_subcode": self.subcode, "is_transient": False}
            error |= {"error_user_title": self.title or self.message, "error_user_msg": self.details or self.message}
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return {"error": error}


def invalid(details: str, *, code: int = 100, message: str = "Invalid parameter") -> GraphError:
    return GraphError(code, message, details=details)


def absent(method: str, node: str) -> GraphError:
    """What Meta says of an id that does not exist and of one that the token may not see, alike."""
    message = (
        f"Unsupported {method.lower()} request. Object with ID '{node}' does not exist, cannot be loaded due to "
        "missing permissions, or does not support this operation"
    )
    return GraphError(100, message, subcode=33)


@dataclass(frozen=True)
class Call:
    """One authenticated call. ``token`` is None when the app itself calls with its own secret."""

    world: World
    state: State
    request: Request
    token: Token | None
    body: Json

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def fault(self) -> Fault | None:
        """A fault that lets this call succeed and spoils it afterwards."""
        fault: Fault | None = getattr(self.request.state, "fault", None)
        return fault

    def given(self, name: str) -> Any:
        """A parameter, from the body or the query; Meta takes both."""
        return self.body.get(name, self.query.get(name))

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def _may_see(self, waba_id: str) -> bool:
        return self.token is not None and self.token.waba_id == waba_id

    def waba(self) -> Waba:
        """The WABA in the path. Raises 100 with subcode 33 when it is unknown or not this token's."""
        waba = self.state.wabas.get(self.part("node"))
        if waba is None or not self._may_see(waba.id):
            raise absent(self.request.method, self.part("node"))
        return waba

    def phone(self) -> PhoneNumber:
        phone = self.state.phones.get(self.part("node"))
        if phone is None or not self._may_see(phone.waba_id):
            raise absent(self.request.method, self.part("node"))
        return phone


Result = Json | Awaitable[Json]
Handler = Callable[[Call], Result]


def bearer(request: Request) -> str:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if value and scheme.lower() in {"bearer", "oauth"}:
        return value.strip()
    return request.query_params.get("access_token", "")


def is_app_token(world: World, value: str) -> bool:
    own = f"{world.settings.whatsapp_app_id}|{world.settings.whatsapp_app_secret}"
    return hmac.compare_digest(own.encode(), value.encode())


def authenticate(world: World, request: Request) -> Token | None:
    """The business token that calls, or None for the app's own. Raises 190 with 401."""
    value = bearer(request)
    if is_app_token(world, value):
        return None
    token = world.whatsapp.tokens.get(value)
    if token is None:
        raise GraphError(190, "Invalid OAuth access token - Cannot parse access token", status=401)
    if not token.valid or (token.expires and token.expires < world.clock()):
        raise GraphError(190, "Error validating access token: Session has expired", status=401, subcode=463)
    return token


async def read_body(request: Request) -> Json:
    if request.method not in {"POST", "DELETE"}:
        return {}
    raw = await request.body()
    if not raw.strip():
        return {}
    if "json" not in request.headers.get("content-type", ""):
        return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise invalid("The request body is not valid JSON", message="Param is not valid JSON") from error
    if not isinstance(body, dict):
        raise invalid("The request body has to be a JSON object")
    return body


async def open_call(world: World, request: Request, *, public: bool) -> Call:
    token = None if public else authenticate(world, request)
    return Call(world, world.whatsapp, request, token, await read_body(request))


def render_error(error: GraphError) -> Response:
    headers = {"www-authenticate": f'OAuth "Facebook Platform" "invalid_token" "{error.message}"'}
    return JSONResponse(error.body(), error.status, headers if error.status == 401 else None)


def expect(body: Any, known: set[str], where: str = "") -> None:
    """Raises 100 for a key that Meta does not know here, and for what is no object at all."""
    if not isinstance(body, dict):
        raise invalid(f"Param {where or 'body'} must be a JSON object.")
    if extra := sorted(set(body) - known):
        raise invalid(f'Unexpected key "{extra[0]}" on param "{where}".' if where else f'Unexpected key "{extra[0]}".')


def need(body: Json, name: str, kind: type, where: str = "") -> Any:
    """A required value of the right type. Raises 131008 when it is missing and 131009 when it is of another type."""
    path = f"{where}['{name}']" if where else name
    if body.get(name) is None:
        raise GraphError(131008, "Required parameter is missing", details=f"The parameter {path} is required.")
    if not isinstance(body[name], kind):
        raise GraphError(131009, "Parameter value is not valid", details=f"{path} has to be a {kind.__name__}.")
    return body[name]


def bad_value(details: str) -> GraphError:
    return GraphError(131009, "Parameter value is not valid", details=details)


def choose(call: Call, known: Mapping[str, Callable[[], Any]], default: tuple[str, ...]) -> Json:
    """The asked ``fields`` of a node, each worked out only when it is asked for; ``id`` always comes along."""
    asked = [name.strip() for name in call.query.get("fields", "").split(",") if name.strip()] or list(default)
    for name in asked:
        if name not in known:
            raise GraphError(100, f"Tried accessing nonexisting field ({name})")
    shown = {name: known[name]() for name in [*asked, "id"]}
    return {name: value for name, value in shown.items() if value is not None}


def page(call: Call, rows: list[Json], *, default_limit: int = 25) -> Json:
    """A page of a list with Meta's cursors; the cursor is the offset."""
    try:
        start, limit = int(call.query.get("after", "0") or 0), int(call.query.get("limit", default_limit))
    except ValueError as error:
        raise invalid("limit and after have to be numbers") from error
    shown = rows[start : start + limit]
    answer: Json = {"data": shown}
    if shown:
        answer["paging"] = {"cursors": {"before": str(start), "after": str(start + len(shown))}}
        if start + limit < len(rows):
            url = call.request.url.include_query_params(after=start + limit).remove_query_params("access_token")
            answer["paging"]["next"] = str(url)
    return answer
