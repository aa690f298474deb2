"""Our own thin client of the Graph API: one token, JSON both ways, errors by code (providers.md 3.1)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import field_validator

from pilar.backplane import tenancy
from pilar.kernel.errors import NotConfigured
from pilar.providers import calls, connections, routes, transport
from pilar.providers.classification import garbage
from pilar.providers.models import Connection
from pilar.providers.shape import Shape
from pilar.providers.whatsapp.errors import refused


@dataclass(frozen=True, slots=True)
class Graph:
    """Calls in the name of one token: a studio's, or the app's own."""

    token: str = field(repr=False)

    def get[S: Shape](
        self,
        operation: str,
        path: str,
        shape: type[S],
        params: Mapping[str, Any] | None = None,
        *,
        repeatable: bool = True,
    ) -> S:
        """Read `path`. Raises as `calls.call` does."""
        return self._call(operation, "GET", path, shape, params=params, read=repeatable)

    def post[S: Shape](self, operation: str, path: str, shape: type[S], body: Mapping[str, Any] | None = None) -> S:
        """Write to `path`. Never repeated here: Meta has no idempotency keys."""
        return self._call(operation, "POST", path, shape, body=body or {})

    def delete[S: Shape](self, operation: str, path: str, shape: type[S]) -> S:
        """Delete `path`."""
        return self._call(operation, "DELETE", path, shape)

    def _call[S: Shape](
        self,
        operation: str,
        method: str,
        path: str,
        shape: type[S],
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        read: bool = False,
    ) -> S:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        url = f"{settings.WHATSAPP_API_BASE}/{settings.WHATSAPP_API_VERSION}/{path}"

        def run() -> S:
            answer = transport.request(method, url, headers=headers, params=params, json=body)
            return shape.model_validate(_data(answer))

        return calls.call("whatsapp", operation, run, read=read)


def _data(answer: transport.Answer) -> Any:
    try:
        data = json.loads(answer.body)
    except ValueError as error:
        if answer.status < 400:
            raise garbage("whatsapp", error, status=answer.status) from error
        raise refused(answer, None) from error
    if answer.status >= 300 or (isinstance(data, dict) and data.get("error") is not None):
        raise refused(answer, data)
    if not isinstance(data, dict):
        raise garbage("whatsapp", TypeError("the answer is no object"), status=answer.status)
    return data


@dataclass(frozen=True, slots=True)
class Sender:
    """From which number, in whose name."""

    graph: Graph
    phone_number_id: str
    waba_id: str


def own_connection() -> Connection | None:
    """Return the current workspace's own WhatsApp connection, which names its number; None until it has connected one."""
    connection = connections.get("whatsapp")
    return connection if connection is not None and connection.identifiers.get("phone_number_id") else None


def own_sender() -> Sender:
    """Return the current workspace's number, or the installation's when it serves a single studio.

    Raises NotConfigured until the studio has connected its number.
    """
    connection = own_connection()
    if connection is not None:
        names = connection.identifiers
        graph = Graph(connections.secret(connection, "token"))
        return Sender(graph, names["phone_number_id"], names.get("waba_id", ""))
    if settings.WHATSAPP_API_TOKEN and _holds_default_number():
        graph = Graph(settings.WHATSAPP_API_TOKEN)
        return Sender(graph, settings.WHATSAPP_PHONE_NUMBER_ID, settings.WHATSAPP_BUSINESS_ACCOUNT_ID)
    raise NotConfigured("whatsapp", _("This studio has not connected its WhatsApp number yet."))


def _holds_default_number() -> bool:
    """The installation's number belongs to the one studio it is bound to; another would write in its name."""
    number = settings.WHATSAPP_PHONE_NUMBER_ID
    return bool(number) and routes.find("whatsapp", "phone_number_id", number) == tenancy.current()


def app_graph() -> Graph:
    """Return the client of our own Meta app. Raises NotConfigured."""
    if not (settings.WHATSAPP_APP_ID and settings.WHATSAPP_APP_SECRETS):
        raise NotConfigured(
            "whatsapp", _("WHATSAPP_APP_ID and WHATSAPP_APP_SECRET are not set, so no studio can connect its WhatsApp.")
        )
    return Graph(f"{settings.WHATSAPP_APP_ID}|{settings.WHATSAPP_APP_SECRETS[0]}")


class Success(Shape):
    """An answer that says it went wrong is as good as one that nobody understands: what was asked for is not done."""

    success: bool = True

    @field_validator("success")
    @classmethod
    def _is_one(cls, success: bool) -> bool:
        if not success:
            raise ValueError("Meta says that it did not succeed")
        return success
