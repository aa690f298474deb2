"""How a call comes in at Twilio: Basic auth, form bodies, error bodies and pages."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from itertools import islice
from typing import TYPE_CHECKING

from starlette.datastructures import FormData, QueryParams, UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from pilar.sandbox.twilio.state import Account, Json, Key, State, sid

if TYPE_CHECKING:
    from pilar.sandbox.state import World

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1000


class TwilioError(Exception):
    """An answer other than success. ``code`` is Twilio's own number, ``status`` the HTTP one."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message

    def body(self) -> Json:
        return error_body(self.status, self.code, self.message)


def error_body(status: int, code: int, message: str) -> Json:
    return {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }


def not_found(path: str) -> TwilioError:
    return TwilioError(404, 20404, f"The requested resource {path} was not found")


@dataclass(frozen=True)
class Call:
    """One authenticated call: who calls (``caller``), on whose behalf (``account``), with what."""

    world: World
    state: State
    request: Request
    caller: Account
    account: Account
    key: Key | None
    form: FormData
    json: Json

    @property
    def query(self) -> QueryParams:
        return self.request.query_params

    @property
    def path(self) -> str:
        return self.request.url.path

    def text(self, name: str, default: str = "") -> str:
        value = self.form.get(name)
        return value if isinstance(value, str) else default

    def file(self, name: str) -> UploadFile | None:
        value = self.form.get(name)
        return value if isinstance(value, UploadFile) else None

    def needs(self, *names: str) -> None:
        """Raises 20001 for the first parameter that is missing or empty."""
        for name in names:
            if not self.text(name).strip():
                raise TwilioError(400, 20001, f"Missing required parameter {name} in the post body")

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def url(self, tail: str) -> str:
        host = self.request.headers.get("x-twilio-host") or "numbers.twilio.com"
        return f"https://{host}{tail}"


Handler = Callable[[Call], Json | tuple[int, Json | None]]


def credentials(request: Request) -> tuple[str, str]:
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        raise TwilioError(401, 20003, "Authenticate")
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise TwilioError(401, 20003, "Authenticate") from error
    return user, password


def authenticate(state: State, request: Request) -> tuple[Account, Key | None]:
    """The account that calls, and its API key when it used one. Raises 20003 (401)."""
    user, password = credentials(request)
    key = state.keys.get(user)
    secret = key.secret if key else ""
    account = state.accounts.get(key.account_sid if key else user)
    if account is None or not hmac.compare_digest((secret or account.auth_token).encode(), password.encode()):
        raise TwilioError(401, 20003, "Authenticate")
    return account, key


def resolve_account(state: State, request: Request, caller: Account) -> Account:
    """The account the path names: one's own, or a subaccount of the main account. Else 20404."""
    named = request.path_params.get("account")
    if named is None or named == caller.sid:
        return caller
    account = state.accounts.get(named)
    if account is None or account.owner_sid != caller.sid:
        raise not_found(request.url.path)
    return account


def require_active(*accounts: Account) -> None:
    for account in accounts:
        if account.status != "active":
            raise TwilioError(403, 20005, f"Account {account.sid} is not active")


def _open_main_account(world: World) -> None:
    """The platform's own account exists from the start, with the credentials of the settings."""
    own, token = world.settings.twilio_account_sid, world.settings.twilio_auth_token
    if own not in world.twilio.accounts:
        world.twilio.add(Account(own, token, "PILAR", owner_sid=own))


async def open_call(world: World, request: Request, *, account_admin: bool) -> Call:
    """Authenticate and read a call. ``account_admin`` marks ``/Accounts`` and ``/Keys``, which are barred
    to standard API keys, and which alone may act on a subaccount that is not active."""
    state = world.twilio
    _open_main_account(world)
    caller, key = authenticate(state, request)
    if account_admin and key is not None:
        raise TwilioError(401, 20003, "Authenticate")
    account = resolve_account(state, request, caller)
    require_active(*([caller] if account_admin else [caller, account]))
    form, body = await _read(request)
    return Call(world, state, request, caller, account, key, form, body)


async def _read(request: Request) -> tuple[FormData, Json]:
    """Bodies are forms everywhere except at Senders, which takes JSON."""
    if request.method != "POST":
        return FormData(), {}
    if "json" not in request.headers.get("content-type", ""):
        return await request.form(), {}
    try:
        body = await request.json()
    except ValueError as error:
        raise TwilioError(400, 20001, "The body is not valid JSON") from error
    return FormData(), body if isinstance(body, dict) else {}


def render(result: Json | tuple[int, Json | None]) -> Response:
    status, body = result if isinstance(result, tuple) else (200, result)
    headers = {"Twilio-Request-Id": sid("RQ")}
    return Response(status_code=status, headers=headers) if body is None else JSONResponse(body, status, headers)


def page_of(call: Call, rows: Iterable[Json]) -> tuple[list[Json], int, int, bool]:
    """The asked page of rows, its number and size, and whether another follows."""
    try:
        size = min(max(int(call.query.get("PageSize", DEFAULT_PAGE_SIZE)), 1), MAX_PAGE_SIZE)
        number = max(int(call.query.get("Page", 0)), 0)
    except ValueError as error:
        raise TwilioError(400, 20006, "Page or PageSize is not a number") from error
    found = list(islice(rows, number * size, number * size + size + 1))
    return found[:size], number, size, len(found) > size


def _page_link(call: Call, number: int, size: int) -> str:
    kept = [(k, v) for k, v in call.query.multi_items() if k not in {"Page", "PageSize", "PageToken"}]
    pairs = [*kept, ("PageSize", str(size)), ("Page", str(number))]
    if number:
        pairs.append(("PageToken", f"PA{number}"))
    return f"{call.path}?{QueryParams(pairs)}"


def listing(call: Call, key: str, rows: Iterable[Json]) -> Json:
    """A page as ``api.twilio.com`` gives it, with relative ``*_uri`` links."""
    shown, number, size, more = page_of(call, rows)
    return {
        key: shown,
        "start": number * size,
        "end": number * size + max(len(shown) - 1, 0),
        "page": number,
        "page_size": size,
        "uri": _page_link(call, number, size),
        "first_page_uri": _page_link(call, 0, size),
        "next_page_uri": _page_link(call, number + 1, size) if more else None,
        "previous_page_uri": _page_link(call, number - 1, size) if number else None,
    }


def results(call: Call, rows: Iterable[Json], key: str = "results") -> Json:
    """A page as the newer hosts give it, with absolute links under ``meta``."""
    shown, number, size, more = page_of(call, rows)
    return {
        key: shown,
        "meta": {
            "key": key,
            "page": number,
            "page_size": size,
            "url": call.url(_page_link(call, number, size)),
            "first_page_url": call.url(_page_link(call, 0, size)),
            "next_page_url": call.url(_page_link(call, number + 1, size)) if more else None,
            "previous_page_url": call.url(_page_link(call, number - 1, size)) if number else None,
        },
    }


def rfc2822(moment: datetime) -> str:
    return format_datetime(moment.astimezone(UTC))


def iso8601(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
