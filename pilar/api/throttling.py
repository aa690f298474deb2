"""How often a caller may knock. Counts live in the cache, which falls back to the database and never raises."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from pilar.api import client
from pilar.kernel import clock
from pilar.kernel.principal import Principal
from pilar.kernel.problems import TooMany

_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
GENERAL = "api:1200/minute"
PUBLIC = "public:300/minute"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` requests in each `seconds` long window."""

    name: str
    count: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """Read `events:1000/hour`. Raises KeyError or ValueError for anything else: a programming error."""
        name, _, rate = text.partition(":")
        count, _, period = rate.partition("/")
        return cls(name, int(count), _SECONDS[period])


def hit(limit: Limit, who: str, at: float) -> int:
    """Count one request of `who`; return the seconds to wait, 0 when it is within the limit."""
    window = int(at // limit.seconds)
    digest = hashlib.sha256(who.encode()).hexdigest()[:32]
    key = f"rate:{limit.name}:{digest}:{window}"
    if cache.add(key, 1, limit.seconds + 1):
        used = 1
    else:
        try:
            used = cache.incr(key)
        except ValueError:
            used = 1
    return 0 if used <= limit.count else max(1, int((window + 1) * limit.seconds - at))


class PerWorkspace(BaseThrottle):
    """The general limit and the view's own, per workspace; per client address where there is no credential."""

    def __init__(self) -> None:
        self._wait = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        who, limits = self._who(request), tuple(self._limits(request, view))
        at = clock.now().timestamp()
        self._wait = max(hit(limit, who, at) for limit in limits)
        return self._wait == 0

    def wait(self) -> float | None:
        return float(self._wait) or None

    def _who(self, request: Request) -> str:
        caller = request.auth
        if not isinstance(caller, Principal):
            return "address:" + client.address(request._request)
        return f"workspace:{caller.workspace_id}" if caller.workspace_id else caller.actor

    def _limits(self, request: Request, view: Any) -> Iterator[Limit]:
        yield Limit.parse(GENERAL if request.auth else PUBLIC)
        own = getattr(view, "throttles", {}).get(request.method)
        if own:
            yield Limit.parse(own)


def guard(text: str, who: str) -> None:
    """Count one attempt of `who` outside the API. Raises TooMany over the limit."""
    wait = hit(Limit.parse(text), who, clock.now().timestamp())
    if wait:
        raise TooMany(_("That was too often. Try again a little later."), retry_after=wait)
