"""What goes wrong with a model, in our taxonomy (providers.md 4.2)."""

from pydantic_ai import exceptions as ai

from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.masking import mask_text
from pilar.providers.classification import by_status

CLASSES: list[tuple[type[Exception], ErrorClass]] = [
    # The first two are kinds of ModelRequestRejectedError, so they stand before it.
    (ai.ModelAuthenticationError, ErrorClass.THIRD_PARTY_AUTH_FAILED),
    (ai.ModelNotFoundError, ErrorClass.CONFIGURATION_ERROR),
    (ai.ModelRequestRejectedError, ErrorClass.CONFIGURATION_ERROR),
    (ai.ModelQuotaExceededError, ErrorClass.CONFIGURATION_ERROR),
    (ai.ModelRateLimitError, ErrorClass.RATE_LIMITED),
    (ai.ModelConnectionError, ErrorClass.TRANSIENT_NETWORK),
    (ai.ModelRequestTimeout, ErrorClass.TRANSIENT_NETWORK),
    (ai.ModelUnavailableError, ErrorClass.TRANSIENT_NETWORK),
    (ai.ModelServerError, ErrorClass.TRANSIENT_NETWORK),
    (TimeoutError, ErrorClass.TRANSIENT_NETWORK),
]
GROQ_CAPACITY = 498


class NotUsable(ProviderError):
    """The model answered, yet nothing we may send: refused, cut off, or never in the schema. A person takes over."""

    def __init__(self, provider: str, reason: str, code: str) -> None:
        super().__init__(reason, provider=provider, error_class=ErrorClass.CONFIGURATION_ERROR, code=code)


def classified(provider: str, error: Exception) -> ProviderError:
    """Return the error in our taxonomy. A model call changes nothing at the provider, so none is ambiguous."""
    if isinstance(error, ai.ContentFilterError):
        return NotUsable(provider, "The model refused to answer", "refused")
    if isinstance(error, ai.UnexpectedModelBehavior | ai.UsageLimitExceeded):
        return NotUsable(provider, "The answer never fitted what was asked for", "unusable_answer")
    status = getattr(error, "status_code", None)
    code = str(getattr(error, "provider_error_code", None) or status or type(error).__name__)
    return ProviderError(
        mask_text(str(error))[:300] or type(error).__name__,
        provider=provider,
        error_class=_class_of(error, status),
        code=code[:64],
        status=status,
        retry_after=getattr(error, "retry_after", None),
    )


def _class_of(error: Exception, status: int | None) -> ErrorClass:
    if status == GROQ_CAPACITY:
        return ErrorClass.RATE_LIMITED
    found = next((kind for known, kind in CLASSES if isinstance(error, known)), None)
    return found or (by_status(status) if status else ErrorClass.TRANSIENT_NETWORK)
