"""Refusals of the domain, rendered by every door in its own way (RFC 9457 in the API, a sentence on a page)."""

from collections.abc import Mapping

from django.utils.translation import gettext as _


class Problem(Exception):
    """A request that cannot be carried out, with a stable code and a sentence that says what to do.

    `detail` is shown to people: translated, without internals. `fields` maps input names to sentences. `action_url` is
    the page of ours on which a person can do what it says.
    """

    status = 400
    code = "invalid_request"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        status: int | None = None,
        fields: Mapping[str, str] | None = None,
        retry_after: int | None = None,
        action_url: str = "",
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.status = status or self.status
        self.fields = dict(fields or {})
        self.retry_after = retry_after
        self.action_url = action_url


class NotFound(Problem):
    """Absent, or another workspace's: the answer is the same (reliability P4)."""

    status = 404
    code = "not_found"

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail or _("There is nothing here under this id. Check the id and try again."))


class Forbidden(Problem):
    """Known caller, lacking role or scope."""

    status = 403
    code = "forbidden"


class Conflict(Problem):
    """The state of the thing does not allow it."""

    status = 409
    code = "conflict"


class TooMany(Problem):
    """A limit or budget is used up; `retry_after` is in seconds."""

    status = 429
    code = "rate_limited"


class Unavailable(Problem):
    """A part we depend on is away; try again after `retry_after` seconds."""

    status = 503
    code = "unavailable"
