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


def classified(error: stripe.StripeError) -> ProviderError | ContactFailure:
    """Return the error in our taxonomy. The same idempotency key in flight (409) may be acting, so it is ambiguous."""
    detail = _detail(error)
    code, kind = str(detail.get("code") or ""), str(detail.get("type") or "")
    if not detail and (error.http_status or 0) < 400:
        return garbage("stripe", error, status=error.http_status)
    verdict = CODES.get(code) or TYPES.get(kind) or (ErrorClass.TRANSIENT_NETWORK if error.http_status == 409 else None)
    found = failure(
        "stripe",
        verdict,
        message=str(detail.get("message") or error.user_message or type(error).__name__),
        code=code or kind,
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
