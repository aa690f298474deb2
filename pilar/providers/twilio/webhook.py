"""Twilio's signature (providers.md 2.4): HMAC-SHA1 over URL and sorted parameters, keyed by the account token."""

import hmac
from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha1, sha256
from urllib.parse import parse_qsl, urlsplit

from django.utils.translation import gettext as _

from pilar.providers.doors import BadSignature, Malformed


def parse(body: bytes) -> dict[str, list[str]]:
    """Read a form body. Raises Malformed when it is none."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, strict_parsing=bool(body))
    except ValueError as error:
        raise Malformed(_("The body must be a form in UTF-8.")) from error
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def sign(url: str, params: Mapping[str, Sequence[str]], token: str) -> str:
    """Return the signature Twilio would send. The fragment of a URL holds retry settings and is not signed."""
    text = urlsplit(url)._replace(fragment="").geturl()
    for name in sorted(params):
        text += "".join(name + value for value in sorted(set(params[name])))
    return b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()


def verify(url: str, params: Mapping[str, Sequence[str]], header: str, token: str, *, body: bytes = b"") -> None:
    """Check a webhook against one account's token. Raises BadSignature.

    For a body that is no form the URL carries `bodySHA256`, checked over the raw body; the signature is over the URL.
    """
    claimed = dict(parse_qsl(urlsplit(url).query)).get("bodySHA256")
    if claimed is not None:
        if not hmac.compare_digest(sha256(body).hexdigest().encode(), claimed.lower().encode()):
            raise BadSignature("the body is not the one that was hashed")
        params = {}
    fits = [hmac.compare_digest(sign(one, params, token).encode(), header.encode()) for one in _spellings(url)]
    if not any(fits):
        raise BadSignature("no signature fits")


def _spellings(url: str) -> list[str]:
    """Twilio signs an address now with its port and now without, the usual one of the scheme included, as its own
    libraries allow for.
    """
    parts = urlsplit(url)
    name = parts.netloc.rpartition("@")[2].removesuffix(f":{parts.port}")
    port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    return [parts._replace(netloc=netloc).geturl() for netloc in {parts.netloc, name, f"{name}:{port}"}]
