"""The errors of Stripe's API, in its words as far as callers may depend on them."""

from __future__ import annotations

from typing import Any


class StripeError(Exception):
    """An answer that is not 2xx. `kind` is `error.type` on the wire."""

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        kind: str = "invalid_request_error",
        code: str = "",
        param: str = "",
        decline_code: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.kind = kind
        self.code = code
        self.param = param
        self.decline_code = decline_code

    def body(self, request_id: str) -> dict[str, Any]:
        """The JSON body of the answer."""
        error: dict[str, Any] = {"type": self.kind, "message": self.message}
        if self.code:
            error |= {"code": self.code, "doc_url": f"https://stripe.com/docs/error-codes/{self.code}"}
        if self.param:
            error["param"] = self.param
        if self.decline_code:
            error["decline_code"] = self.decline_code
        error["request_log_url"] = f"https://dashboard.stripe.com/test/logs/{request_id}"
        return {"error": error}


def missing(noun: str, object_id: str, *, param: str = "id", status: int = 404) -> StripeError:
    return StripeError(f"No such {noun}: '{object_id}'", status=status, code="resource_missing", param=param)


def invalid(message: str, param: str, code: str = "parameter_invalid") -> StripeError:
    return StripeError(message, param=param, code=code)


def declined(code: str, message: str = "Your card was declined.") -> StripeError:
    return StripeError(message, status=402, kind="card_error", code="card_declined", decline_code=code)
