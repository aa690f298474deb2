"""The way to Twilio: its own SDK over our transport, each call in the name of one account."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import model_validator
from twilio.base.exceptions import TwilioException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from pilar.kernel.errors import NotConfigured
from pilar.providers import calls, connections, shape, transport
from pilar.providers.twilio.errors import classified


class Shape(shape.Shape):
    """What we rely on in an answer; read from the SDK's instances, in which a field that did not come is null."""

    @model_validator(mode="before")
    @classmethod
    def _of_instance(cls, data: Any) -> Any:
        return data if isinstance(data, dict) else vars(data)


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """In whose name a call is made: the platform's main account, or a workspace's subaccount."""

    sid: str
    token: str = field(repr=False)


def main_account() -> TwilioAccount:
    """Return the platform's own account. Raises NotConfigured."""
    if not (settings.TWILIO_ACCOUNT_SID and settings.TWILIO_AUTH_TOKEN):
        raise NotConfigured(
            "twilio", _("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are not set, so no number can be bought.")
        )
    return TwilioAccount(settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN)


def own_account() -> TwilioAccount:
    """Return the current workspace's subaccount. Raises NotConfigured until it has one."""
    connection = connections.get("twilio")
    if connection is None or "account_sid" not in connection.identifiers:
        raise NotConfigured("twilio", _("This studio has no Twilio account yet. Run the set-up."))
    return TwilioAccount(connection.identifiers["account_sid"], connections.secret(connection, "auth_token"))


def request[T](
    account: TwilioAccount,
    operation: str,
    run: Callable[[Client], T],
    *,
    read: bool = False,
    provisioning: bool = True,
) -> T:
    """Run one call through the SDK in the name of `account`. Raises as `calls.call` does."""

    def translated() -> T:
        try:
            return run(_client(account))
        except TwilioException as error:
            raise classified(error, transport.last_headers(), provisioning=provisioning) from error

    return calls.call("twilio", operation, translated, read=read)


def _client(account: TwilioAccount) -> Client:
    return Client(account.sid, account.token, http_client=_OurTransport())


def address(url: str) -> tuple[str, dict[str, str]]:
    """Return where to send a request for `url`, and the header that tells the original host when it is redirected."""
    if not settings.TWILIO_API_BASE:
        return url, {}
    parts = urlsplit(url)
    rest = parts._replace(scheme="", netloc="").geturl()
    return settings.TWILIO_API_BASE + rest, {"X-Twilio-Host": parts.netloc}


class _OurTransport(HttpClient):  # type: ignore[misc]  # the SDK carries no types
    def __init__(self) -> None:
        self.timeout = None

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        url, extra = address(uri)
        headers = dict(headers or {}) | extra
        body: dict[str, Any] = {"json": data} if "json" in headers.get("Content-Type", "") else {"data": data}
        answer = transport.request(method, url, params=params or None, headers=headers, auth=auth, **body)
        return Response(answer.status, answer.body.decode("utf-8", errors="replace"), answer.headers)
