"""The way to Stripe: its own SDK over our transport."""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import stripe
from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel.errors import NotConfigured, ProviderError
from pilar.providers import calls, transport
from pilar.providers.shape import Shape
from pilar.providers.stripe.errors import STORED, classified

MOST_KEYS = 4


def request[T](operation: str, run: Callable[[stripe.StripeClient], T], *, read: bool = False) -> T:
    """Run one call through the SDK. Raises NotConfigured without a key, else as `calls.call` does."""

    def translated() -> T:
        try:
            return run(client())
        except stripe.StripeError as error:
            raise classified(error) from error

    client()
    return calls.call("stripe", operation, translated, read=read)


def fetch[S: Shape](operation: str, shape: type[S], ask: Callable[[stripe.StripeClient], stripe.StripeObject]) -> S:
    """Read one thing as it is now. Raises as `request` does."""
    return request(operation, lambda client: shape.model_validate(plain(ask(client))), read=True)


def fetch_all[S: Shape](
    operation: str, shape: type[S], ask: Callable[[stripe.StripeClient], stripe.ListObject[Any]]
) -> list[S]:
    """Read the first page of a list. Raises as `request` does."""
    return request(operation, lambda client: [shape.model_validate(plain(one)) for one in ask(client).data], read=True)


def keyed[T](key: str, ask: Callable[[str], T]) -> T:
    """Ask under an idempotency key, and under another where Stripe only tells again how an earlier try failed.

    For what does no harm when it is done twice. Raises as `request` does.
    """
    for turn in range(1, MOST_KEYS):
        try:
            return ask(_turn(key, turn))
        except ProviderError as error:
            if error.code != STORED:
                raise
    return ask(_turn(key, MOST_KEYS))


def _turn(key: str, turn: int) -> str:
    return key if turn == 1 else f"{key}:{turn}"


def client() -> stripe.StripeClient:
    """Return the client of the configured key. Raises NotConfigured."""
    if not settings.STRIPE_SECRET_KEY:
        raise NotConfigured("stripe", _("STRIPE_SECRET_KEY is not set, so nothing can be sold yet."))
    return _client(settings.STRIPE_SECRET_KEY, settings.STRIPE_API_BASE)


@cache
def _client(key: str, base: str) -> stripe.StripeClient:
    return stripe.StripeClient(
        key,
        stripe_version=settings.STRIPE_API_VERSION,
        base_addresses={"api": base},
        max_network_retries=0,
        http_client=_OurTransport(),
    )


class _OurTransport(stripe.HTTPClient):
    name = "httpx"

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        answer = transport.request(method, url, headers=headers, content=post_data)
        return answer.body.decode("utf-8", errors="replace"), answer.status, answer.headers

    def close(self) -> None:
        """The connections belong to our transport."""


def plain(thing: stripe.StripeObject) -> dict[str, Any]:
    """Return a Stripe object as JSON data."""
    data: dict[str, Any] = thing.to_dict(for_json=True)
    return data
