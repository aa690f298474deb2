"""How often a caller may knock, and how that is told: `RateLimit` and `RateLimit-Policy` on every answer, and 429.

The headers are those of draft-ietf-httpapi-ratelimit-headers: `"events";q=1000;w=3600` and `"events";r=988;t=1740`.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from pilar.api import client
from pilar.backplane import rates
from pilar.backplane.rates import Limit, Use
from pilar.kernel import clock
from pilar.kernel.principal import Principal
from pilar.kernel.problems import TooMany

GENERAL = "api:1200/minute"
PUBLIC = "public:300/minute"


class PerWorkspace(BaseThrottle):
    """The general limit and the view's own, per workspace; per client address where there is no credential.

    What was counted is left in `view.uses`, by the limit's name.
    """

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        who, at = self._who(request), clock.now()
        view.uses = {limit.name: rates.count(limit, who, at) for limit in self._limits(request, view)}
        self._wait = max(use.wait for use in view.uses.values())
        return self._wait == 0

    def wait(self) -> float | None:
        return float(self._wait) or None

    def _who(self, request: Request) -> str:
        caller = request.auth
        if not isinstance(caller, Principal):
            return "address:" + client.address(request._request)
        return rates.of_workspace(caller.workspace_id) if caller.workspace_id else caller.actor

    def _limits(self, request: Request, view: Any) -> Iterator[Limit]:
        yield Limit.parse(GENERAL if request.auth else PUBLIC)
        own = getattr(view, "throttles", {}).get(request.method)
        if own:
            yield Limit.parse(own)


def headers(uses: Iterable[Use]) -> dict[str, str]:
    """Tell the limits that were counted and how they stand."""
    found = list(uses)
    if not found:
        return {}
    return {
        "RateLimit-Policy": ", ".join(f'"{use.limit.name}";q={use.limit.count};w={use.limit.seconds}' for use in found),
        "RateLimit": ", ".join(f'"{use.limit.name}";r={use.left};t={use.resets_in}' for use in found),
    }


def guard(text: str, who: str) -> None:
    """Count one attempt of `who` outside the API. Raises TooMany over the limit."""
    wait = rates.count(Limit.parse(text), who, clock.now()).wait
    if wait:
        raise TooMany(_("That was too often. Try again a little later."), retry_after=wait)
