"""The error taxonomy of providers (providers.md section 6; specification S1 error classification)."""

from enum import StrEnum

from django.db import InterfaceError, OperationalError

LONGEST_WAIT = 72 * 3600.0
"""Seconds. No provider means more; a date in another century or an "inf" is no wait that anything could be planned by."""
DATABASE_AWAY = (OperationalError, InterfaceError)
"""What whoever asks meets when the database goes away."""


class ErrorClass(StrEnum):
    TRANSIENT_NETWORK = "TRANSIENT_NETWORK"
    RATE_LIMITED = "RATE_LIMITED"
    INTEGRATION_OFFLINE = "INTEGRATION_OFFLINE"
    THIRD_PARTY_AUTH_FAILED = "THIRD_PARTY_AUTH_FAILED"
    CONFIGURATION_ERROR = "CONFIGURATION_ERROR"
    PROVISIONING_ERROR = "PROVISIONING_ERROR"

    @property
    def retryable(self) -> bool:
        """Only these three may succeed later without a person changing something (reliability P6)."""
        return self in (self.TRANSIENT_NETWORK, self.RATE_LIMITED, self.INTEGRATION_OFFLINE)

    @property
    def passes(self) -> bool:
        """Whether work may be kept until it is over: the retryable ones, and refused credentials, which somebody was
        told of and will set right.
        """
        return self.retryable or self is self.THIRD_PARTY_AUTH_FAILED


class ContactOutcome(StrEnum):
    """What happened to one contact; never an integration error, never trips a breaker."""

    OPTED_OUT = "OPTED_OUT"
    UNREACHABLE = "UNREACHABLE"
    WINDOW_CLOSED = "WINDOW_CLOSED"
    CAPPED = "CAPPED"


class ProviderError(Exception):
    """A provider call that did not succeed.

    `ambiguous` is true when the provider may have acted although we have no answer (time-out, cut connection,
    5xx): the effect is then unknown and must be looked up before it is tried again (reliability P2).
    `retry_after` is in seconds.
    """

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        error_class: ErrorClass,
        code: str = "",
        status: int | None = None,
        retry_after: float | None = None,
        ambiguous: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.error_class = error_class
        self.code = code
        self.status = status
        self.retry_after = None if retry_after is None else min(retry_after, LONGEST_WAIT)
        self.ambiguous = ambiguous

    @property
    def retryable(self) -> bool:
        return self.error_class.retryable

    @property
    def passes(self) -> bool:
        return self.error_class.passes


class NotConfigured(ProviderError):
    """The provider's credentials are not set: a normal state with a reason a person can act on."""

    def __init__(self, provider: str, message: str) -> None:
        super().__init__(message, provider=provider, error_class=ErrorClass.CONFIGURATION_ERROR, code="not_configured")


class CircuitOpen(ProviderError):
    """The breaker of this workspace and provider is open; nothing was sent."""

    def __init__(self, provider: str, retry_after: float) -> None:
        super().__init__(
            f"{provider} is paused after repeated failures",
            provider=provider,
            error_class=ErrorClass.INTEGRATION_OFFLINE,
            code="circuit_open",
            retry_after=retry_after,
        )


class ContactFailure(Exception):
    """The provider answered properly: this one contact cannot be reached this way."""

    def __init__(self, outcome: ContactOutcome, *, provider: str, code: str, message: str) -> None:
        super().__init__(message)
        self.outcome = outcome
        self.provider = provider
        self.code = code
        self.message = message
