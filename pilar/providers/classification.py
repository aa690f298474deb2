"""Turns what a provider answered into the error taxonomy (providers.md section 6).

Order of judging: the provider's own code (each has its table), its retry hint, the HTTP status, the kind of exception.
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, ProviderError
from pilar.kernel.masking import mask_text
from pilar.providers.transport import TransportError

type Verdict = ErrorClass | ContactOutcome
LONGEST_MESSAGE = 300


def by_status(status: int) -> ErrorClass:
    """Judge an error whose code we do not know."""
    if status in (408, 425) or status >= 500:
        return ErrorClass.TRANSIENT_NETWORK
    if status == 429:
        return ErrorClass.RATE_LIMITED
    if status in (401, 403):
        return ErrorClass.THIRD_PARTY_AUTH_FAILED
    return ErrorClass.CONFIGURATION_ERROR


def failure(
    provider: str,
    verdict: Verdict | None,
    *,
    message: str,
    code: str = "",
    status: int | None = None,
    retry_after: float | None = None,
) -> ProviderError | ContactFailure:
    """Build the exception for an answered call. A 5xx may have acted, so it is ambiguous; any 4xx has not."""
    message = mask_text(message)[:LONGEST_MESSAGE]
    if isinstance(verdict, ContactOutcome):
        return ContactFailure(verdict, provider=provider, code=code, message=message)
    return ProviderError(
        message,
        provider=provider,
        error_class=verdict or by_status(status or 500),
        code=code or (str(status) if status else ""),
        status=status,
        retry_after=retry_after,
        ambiguous=status is None or status >= 500 or status < 400,
    )


def unanswered(provider: str, error: TransportError) -> ProviderError:
    """Build the exception for a call without an answer; ambiguous only if the request may have left."""
    kind = ErrorClass.CONFIGURATION_ERROR if error.misconfigured else ErrorClass.TRANSIENT_NETWORK
    code = "no_answer" if error.sent else "no_connection"
    return ProviderError(
        mask_text(str(error))[:LONGEST_MESSAGE], provider=provider, error_class=kind, code=code, ambiguous=error.sent
    )


def garbage(provider: str, error: Exception, *, status: int | None = None) -> ProviderError:
    """Build the exception for an answer that is not what the provider promises: it may well have acted."""
    return ProviderError(
        f"The answer could not be understood ({type(error).__name__})",
        provider=provider,
        error_class=ErrorClass.TRANSIENT_NETWORK,
        code="unexpected_answer",
        status=status,
        ambiguous=True,
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that `Retry-After` asks for, given as a number or as a date; None without a usable one."""
    value = headers.get("retry-after", headers.get("Retry-After", "")).strip()
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, (at.replace(tzinfo=at.tzinfo or UTC) - clock.now()).total_seconds())
