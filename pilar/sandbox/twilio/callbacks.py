"""Requests from Twilio to the product: form-encoded and signed with the token of the account that owns the thing."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urldefrag, urlencode

from pilar.sandbox.twilio.state import Account

if TYPE_CHECKING:
    from pilar.sandbox.state import World

# Twilio's callbacks are best effort: a few tries, not days of them.
ATTEMPTS = 4
FORM = "application/x-www-form-urlencoded"


def signature(auth_token: str, url: str, parameters: list[tuple[str, str]]) -> str:
    """``X-Twilio-Signature``: HMAC-SHA1 over the URL and the sorted parameters, in Base64."""
    text = url + "".join(name + value for name, value in sorted(parameters))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


@dataclass
class Signer:
    """Signs each attempt; the idempotency token stays the same over all of them."""

    auth_token: str
    url: str
    idempotency_token: str

    def __call__(self, body: bytes, at: float) -> Mapping[str, str]:
        parameters = parse_qsl(body.decode(), keep_blank_values=True)
        return {
            "content-type": FORM,
            "user-agent": "TwilioProxy/1.1",
            "x-twilio-signature": signature(self.auth_token, self.url, parameters),
            "i-twilio-idempotency-token": self.idempotency_token,
        }


def signer(account: Account, url: str) -> Signer:
    return Signer(account.auth_token, urldefrag(url).url, secrets.token_hex(16))


def call_back(
    world: World, account: Account, url: str | None, parameters: Mapping[str, str], *, event: str, delay: float = 0.0
) -> None:
    """Post to a callback URL of the product; nothing happens when none was given."""
    if not url:
        return
    body = urlencode(dict(parameters)).encode()
    target = signer(account, url)
    world.delivery.deliver(target.url, body, target, delay=delay, provider="twilio", event=event, attempts=ATTEMPTS)
