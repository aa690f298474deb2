"""What the Graph API's error codes mean (providers.md 3.8). Meta asks to decide on `code`, not on the HTTP status."""

from typing import Any

from pydantic import TypeAdapter, ValidationError

from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.providers.classification import Verdict, failure, retry_after
from pilar.providers.shape import Shape
from pilar.providers.transport import Answer

CODES: dict[int, Verdict] = {
    **dict.fromkeys((0, 190, 3, 10, *range(200, 300)), ErrorClass.THIRD_PARTY_AUTH_FAILED),
    **dict.fromkeys((1, 2, 131000, 131016, 133004, 135000, 131057, 131052, 131053), ErrorClass.TRANSIENT_NETWORK),
    **dict.fromkeys((4, 80007, 130429, 131056, 131048, 131064, 133016, 132069), ErrorClass.RATE_LIMITED),
    **dict.fromkeys((368, 131031, 133010, 131045), ErrorClass.INTEGRATION_OFFLINE),
    **dict.fromkeys((131037, 133000, 133005, 133006, 133008, 133009, 133015), ErrorClass.PROVISIONING_ERROR),
    **dict.fromkeys(
        (33, 100, 131008, 131009, 131021, 131030, 130497, 131042, 131044, 131063), ErrorClass.CONFIGURATION_ERROR
    ),
    **dict.fromkeys(
        (132000, 132001, 132005, 132007, 132008, 132012, 132015, 132016, 132068), ErrorClass.CONFIGURATION_ERROR
    ),
    131026: ContactOutcome.UNREACHABLE,
    131062: ContactOutcome.UNREACHABLE,
    131047: ContactOutcome.WINDOW_CLOSED,
    131049: ContactOutcome.CAPPED,
    130472: ContactOutcome.CAPPED,
    131050: ContactOutcome.OPTED_OUT,
}
WAIT_SECONDS: dict[int, float] = {
    4: 3600,
    80007: 3600,
    130429: 10,
    131056: 16,
    131057: 300,
    131048: 24 * 3600,
    131064: 24 * 3600,
    133016: 72 * 3600,
    133004: 60,
}
"""How long to wait when Meta does not say (providers.md 3.8)."""
MANAGEMENT_LIMITS = (4, 80007)
USAGE = "X-Business-Use-Case-Usage"

NOT_DONE = frozenset({2, 131000, 131016, 131057, 133004, 135000})
"""With these Meta itself says that the request failed, whatever the HTTP status: it may be repeated (providers.md 3.8). A 5xx
without one of them stays ambiguous."""

NOT_REGISTERED = "133010"
WRONG_PIN = "133005"


def verdict(code: int) -> Verdict | None:
    """Judge a code of an answer or of a failed status; None for one we do not know."""
    return CODES.get(code)


def refused(answer: Answer, body: Any) -> ProviderError | ContactFailure:
    """Return the error of an answer that is no success."""
    found = body.get("error") if isinstance(body, dict) else None
    detail = found if isinstance(found, dict) else {}
    code = detail.get("code")
    known = code if isinstance(code, int) else None
    judged = verdict(known) if known is not None else None
    if judged is None and detail.get("is_transient") is True:
        judged = ErrorClass.TRANSIENT_NETWORK
    error = failure(
        "whatsapp",
        judged,
        message=_sentence(detail) or f"HTTP {answer.status}",
        code=str(known) if known is not None else "",
        status=answer.status,
        retry_after=retry_after(answer.headers) or _wait(answer, known),
    )
    if isinstance(error, ProviderError) and known in NOT_DONE:
        error.ambiguous = False
    return error


def _wait(answer: Answer, code: int | None) -> float | None:
    """Return the seconds until Meta allows more: of calls that manage an account it tells the minutes beside the answer."""
    told = _minutes(answer.headers.get(USAGE, "")) * 60 if code in MANAGEMENT_LIMITS else 0
    return told or WAIT_SECONDS.get(-1 if code is None else code)


def _minutes(usage: str) -> float:
    """Return the longest wait in `{account: [{"estimated_time_to_regain_access": minutes}]}`, 0 where none is told."""
    try:
        accounts = TypeAdapter(dict[str, list[_Usage]]).validate_json(usage)
    except ValidationError:
        return 0
    return max((one.estimated_time_to_regain_access for rows in accounts.values() for one in rows), default=0)


class _Usage(Shape):
    estimated_time_to_regain_access: float = 0


def _sentence(detail: dict[str, Any]) -> str:
    data = detail.get("error_data")
    extra = data.get("details") if isinstance(data, dict) else None
    text = str(extra or detail.get("error_user_msg") or detail.get("message") or "")
    trace = detail.get("fbtrace_id")
    return f"{text} ({trace})" if trace else text
