"""What Twilio's error codes mean (providers.md 2.5)."""

from collections.abc import Mapping

from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.version import Version
from twilio.http.response import Response

from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.providers.classification import Verdict, by_status, failure, garbage, retry_after

CODES: dict[int, Verdict] = {
    **dict.fromkeys((20003, 63001), ErrorClass.THIRD_PARTY_AUTH_FAILED),
    **dict.fromkeys((20429, 63018, 70005), ErrorClass.RATE_LIMITED),
    **dict.fromkeys((20500, 20503), ErrorClass.TRANSIENT_NETWORK),
    **dict.fromkeys((20005, 10001, 90010, 30002, 21476, 21478, 63007), ErrorClass.INTEGRATION_OFFLINE),
    **dict.fromkeys(
        (20404, 21402, 21502, 21606, 21608, 63013, 11200, 11205, 11210, 12100, 12300), ErrorClass.CONFIGURATION_ERROR
    ),
    **dict.fromkeys((21479, 21480, 10002, 21404, 21421, 21422, 21451, 21452), ErrorClass.PROVISIONING_ERROR),
    **dict.fromkeys((21613, 21615, 21628, 21631, 21649, 21650), ErrorClass.PROVISIONING_ERROR),
    **dict.fromkeys((22200, 22205, 22300, 18039, 63020, 63059, 63100), ErrorClass.PROVISIONING_ERROR),
    21610: ContactOutcome.OPTED_OUT,
    **dict.fromkeys((21211, 21214, 21614, 30003, 30005, 30006, 30007, 30008, 63003, 63024), ContactOutcome.UNREACHABLE),
    63016: ContactOutcome.WINDOW_CLOSED,
}

NUMBER_NOT_TO_HAVE = ("21421", "21422")
"""Invalid, or sold meanwhile: the next candidate may do (providers.md 2.5)."""
BUNDLE_REQUIRED = "21649"
NO_SUCH_RESOURCE = "20404"
UNKNOWN_INPUT_ERROR = range(400, 500)


def verdict(code: str | int) -> Verdict | None:
    """Judge a code of an error answer or of a status callback; None for one we do not know."""
    return CODES.get(int(code)) if str(code).isdigit() else None


def _with_code(error: TwilioException) -> TwilioException:
    """Lists raise a bare error that only carries the answer; read its code as the SDK does elsewhere."""
    answer = next((one for one in error.args if isinstance(one, Response)), None)
    if answer is None or answer.status_code < 400:
        return error
    return Version.exception("GET", "", answer, "Unable to fetch page")


def classified(
    error: TwilioException, headers: Mapping[str, str], *, provisioning: bool
) -> ProviderError | ContactFailure:
    """Return the error in our taxonomy; an unknown 4xx of a provisioning call asks for changed input."""
    error = _with_code(error)
    if not isinstance(error, TwilioRestException | TwilioServiceException):
        return garbage("twilio", error)
    code, status = str(error.code or ""), int(error.status)
    judged = verdict(code) or by_status(status)
    unknown = verdict(code) is None and judged is ErrorClass.CONFIGURATION_ERROR
    if unknown and provisioning and status in UNKNOWN_INPUT_ERROR:
        judged = ErrorClass.PROVISIONING_ERROR
    text = error.msg if isinstance(error, TwilioRestException) else f"{error.title}: {error.detail}"
    return failure(
        "twilio",
        judged,
        message=text,
        code=code,
        status=status,
        retry_after=retry_after(headers),
    )
