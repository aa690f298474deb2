"""Stripe's signature (providers.md 1.6): any v1 of any active secret, within five minutes in either direction."""

import hmac
from hashlib import sha256

from django.conf import settings
from django.utils.translation import gettext as _
from pydantic import ValidationError

from pilar.kernel import clock
from pilar.kernel.errors import NotConfigured
from pilar.providers import storable
from pilar.providers.doors import BadSignature, Malformed
from pilar.providers.stripe.shapes import StripeEvent

TOLERANCE_SECONDS = 300


def verify(body: bytes, header: str) -> StripeEvent:
    """Return the event of a genuine webhook. Raises BadSignature, Malformed, NotConfigured without any secret."""
    secrets = [*settings.STRIPE_WEBHOOK_SECRETS, *settings.STRIPE_CONNECT_WEBHOOK_SECRETS]
    if not secrets:
        raise NotConfigured("stripe", _("STRIPE_WEBHOOK_SECRET is not set, so no webhook can be checked."))
    timestamp, signatures = _parts(header)
    if abs(clock.now().timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise BadSignature("the timestamp is too far from now")
    expected = [hmac.new(secret.encode(), b"%d." % timestamp + body, sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(one.encode(), given) for one in expected for given in signatures]
    if not any(matches):
        raise BadSignature("no signature fits")
    return _event(body)


def _parts(header: str) -> tuple[int, list[bytes]]:
    pairs = [part.strip().partition("=")[::2] for part in header.split(",")]
    times = [value for name, value in pairs if name == "t" and value.isascii() and value.isdigit()]
    signatures = [value.encode() for name, value in pairs if name == "v1"]
    if len(times) != 1 or len(times[0]) > 12 or not signatures:
        raise BadSignature("the header is incomplete")
    return int(times[0]), signatures


def _event(body: bytes) -> StripeEvent:
    try:
        envelope = storable.load(body)
        if not isinstance(envelope, dict):
            raise Malformed(_("The body must be a Stripe event."))
        return StripeEvent.from_envelope(envelope)
    except (ValueError, RecursionError, ValidationError) as error:
        raise Malformed(_("The body must be a Stripe event in JSON.")) from error
