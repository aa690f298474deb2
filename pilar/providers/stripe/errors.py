"""What Stripe's refusals mean (providers.md 1.1)."""

import json
from typing import Any

import stripe

from pilar.kernel.errors import ContactFailure, ErrorClass, ProviderError
from pilar.providers.classification import failure, garbage, retry_after

CODES: dict[str, ErrorClass] = {
    "rate_limit": ErrorClass.RATE_LIMITED,
    "lock_timeout": ErrorClass.TRANSIENT_NETWORK,
    "idempotency_key_in_use": ErrorClass.TRANSIENT_NETWORK,
    "idempotency_error": ErrorClass.CONFIGURATION_ERROR,
    "api_key_expired": ErrorClass.THIRD_PARTY_AUTH_FAILED,
    "account_invalid": ErrorClass.INTEGRATION_OFFLINE,
    "platform_api_key_expired": ErrorClass.THIRD_PARTY_AUTH_FAILED,
    "secret_key_required": ErrorClass.THIRD_PARTY_AUTH_FAILED,
    "balance_insufficient": ErrorClass.PROVISIONING_ERROR,
}
TYPES: dict[str, ErrorClass] = {
    "idempotency_error": ErrorClass.CONFIGURATION_ERROR,
    "card_error": ErrorClass.PROVISIONING_ERROR,
}
SHOULD_RETRY, REPLAYED = "stripe-should-retry", "idempotent-replayed"
STORED = "stored_failure"
"""The code of a failure that Stripe keeps under its idempotency key and tells again for a day."""


def classified(error: stripe.StripeError) -> ProviderError | ContactFailure:
    """Return the error in our taxonomy. The same idempotency key in flight (409) may be acting, so it is ambiguous."""
    detail = _detail(error)
    hints = {str(name).lower(): str(value).lower() for name, value in (error.headers or {}).items()}
    code, kind = str(detail.get("code") or ""), str(detail.get("type") or "")
    if not detail and (error.http_status or 0) < 400:
        return garbage("stripe", error, status=error.http_status)
    passes = error.http_status == 409 or (error.http_status != 429 and hints.get(SHOULD_RETRY) == "true")
    verdict = CODES.get(code) or TYPES.get(kind) or (ErrorClass.TRANSIENT_NETWORK if passes else None)
    is_stored = hints.get(REPLAYED) == "true" and (error.http_status or 0) >= 500
    found = failure(
        "stripe",
        verdict,
        message=str(detail.get("message") or error.user_message or type(error).__name__),
        code=STORED if is_stored else code or kind,
        status=error.http_status,
        retry_after=retry_after(error.headers or {}),
    )
    if error.http_status == 409 and isinstance(found, ProviderError):
        found.ambiguous = True
    return found


def _detail(error: stripe.StripeError) -> dict[str, Any]:
    try:
        body = error.json_body if isinstance(error.json_body, dict) else json.loads(error.http_body or "{}")
    except ValueError:
        return {}
    detail = body.get("error") if isinstance(body, dict) else None
    return detail if isinstance(detail, dict) else {}
