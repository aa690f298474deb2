"""One SMTP session: EHLO, TLS, AUTH, a message or a NOOP (providers.md 5)."""

import smtplib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from functools import cache

import idna
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from pilar.backplane import running
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, NotConfigured, ProviderError
from pilar.providers import calls
from pilar.providers.classification import Verdict, failure
from pilar.providers.transport import remaining

PROVIDER = "smtp"
SECONDS = 15.0
IMPLICIT_TLS_PORT = 465
LOGIN_BUSY = "454"
"""A login refused for now: once more before it counts as a wrong password (providers.md 5)."""
LOOPBACK = ("127.0.0.1", "::1", "localhost")

CODES: dict[int, Verdict] = {
    **dict.fromkeys((454, 535), ErrorClass.THIRD_PARTY_AUTH_FAILED),
    **dict.fromkeys((530, 534, 538), ErrorClass.CONFIGURATION_ERROR),
    452: ErrorClass.RATE_LIMITED,
}
NOT_THERE = (550, 551, 553)
"""What a server says of the recipient. Said before the recipient was named, it is about us: our sender, our address."""


class _AboutRecipient(smtplib.SMTPResponseException):
    """Refused after the recipient was named."""


def written(address: str) -> str:
    """Return an address as it travels: a domain with umlauts in its ASCII form.

    Raises ContactFailure for one that cannot travel everywhere, such as one with umlauts before the @.
    """
    name, _at, domain = address.rpartition("@")
    try:
        travelling = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
        return f"{name.encode('ascii').decode()}@{travelling}"
    except UnicodeError as error:
        raise ContactFailure(
            ContactOutcome.UNREACHABLE, provider=PROVIDER, code="address", message="The address cannot be written to"
        ) from error


def send(message: EmailMessage, recipient: str) -> None:
    """Hand one message over. Raises ContactFailure for an address that is not there, ProviderError otherwise.

    `ambiguous` only when the text had been handed over and no answer came: then it may be on its way.
    """
    _session("send", lambda server: _hand_over(server, message, recipient))


def check() -> None:
    """Log in and say NOOP. Raises as `send` does."""
    _session("check", lambda server: _expect(*server.noop()))


def _session(operation: str, use: Callable[[smtplib.SMTP], None]) -> None:
    if not settings.SMTP_HOST:
        raise NotConfigured(PROVIDER, _("SMTP_HOST is not set, so no e-mail can be sent."))

    def attempt() -> None:
        with _translated(), _connected() as server:
            use(server)

    def run() -> None:
        try:
            attempt()
        except ProviderError as error:
            if error.code != LOGIN_BUSY:
                raise
            attempt()

    calls.call(PROVIDER, operation, run, timeout=SECONDS * 2, credentials=_fingerprint())


def _fingerprint() -> str:
    """Tell one set of credentials from another without saying what they are."""
    known = "\n".join((settings.SMTP_HOST, settings.SMTP_USER, settings.SMTP_PASSWORD))
    return salted_hmac("pilar.providers.email.smtp", known, algorithm="sha256").hexdigest()


@cache
def _trusted() -> ssl.SSLContext:
    """What we ask of a server's certificate. Kept: reading the system's authorities takes longer than many a letter."""
    return ssl.create_default_context()


@contextmanager
def _connected() -> Iterator[smtplib.SMTP]:
    host, port, context = settings.SMTP_HOST, settings.SMTP_PORT, _trusted()
    seconds = remaining(SECONDS)
    if port == IMPLICIT_TLS_PORT:
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, port, timeout=seconds, context=context)
    else:
        server = smtplib.SMTP(host, port, timeout=seconds)
    try:
        _log_in(server, context)
        yield server
    finally:
        server.close()


def _log_in(server: smtplib.SMTP, context: ssl.SSLContext) -> None:
    _expect(*server.ehlo())
    if settings.SMTP_PORT != IMPLICIT_TLS_PORT and server.has_extn("starttls"):
        server.starttls(context=context)
        server.ehlo()
    elif settings.SMTP_PORT != IMPLICIT_TLS_PORT and settings.SMTP_HOST not in LOOPBACK:
        raise _error(ErrorClass.CONFIGURATION_ERROR, _("The mail server offers no TLS, so no password is sent to it."))
    if settings.SMTP_USER:
        server.login(settings.SMTP_USER, settings.SMTP_PASSWORD)


def _hand_over(server: smtplib.SMTP, message: EmailMessage, recipient: str) -> None:
    sender = message["From"].addresses[0].addr_spec
    _expect(*server.mail(sender))
    _expect(*server.rcpt(recipient), refusal=_AboutRecipient)
    _expect(*_data(server, message.as_bytes()), refusal=_AboutRecipient)


def _data(server: smtplib.SMTP, content: bytes) -> tuple[int, bytes]:
    """From here on a lost connection leaves open whether the mail went out."""
    if not running.lease_holds():
        raise _error(ErrorClass.TRANSIENT_NETWORK, "This process stood still, its work may be another's by now")
    try:
        return server.data(content)
    except smtplib.SMTPDataError:
        raise
    except (OSError, smtplib.SMTPServerDisconnected) as error:
        raise _error(ErrorClass.TRANSIENT_NETWORK, "No answer to the handed-over mail", ambiguous=True) from error


def _expect(
    code: int, text: bytes, refusal: type[smtplib.SMTPResponseException] = smtplib.SMTPResponseException
) -> None:
    if not 200 <= code < 300:
        raise refusal(code, text)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPResponseException as error:
        raise _answered(error) from error
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
        raise _error(ErrorClass.TRANSIENT_NETWORK, f"The line was cut: {error}") from error
    except ssl.SSLError as error:
        raise _error(ErrorClass.CONFIGURATION_ERROR, f"TLS failed: {error}") from error
    except smtplib.SMTPNotSupportedError as error:
        raise _error(ErrorClass.CONFIGURATION_ERROR, str(error)) from error
    except (OSError, smtplib.SMTPException) as error:
        is_unknown_host = isinstance(error, socket.gaierror) and error.errno != socket.EAI_AGAIN
        kind = ErrorClass.CONFIGURATION_ERROR if is_unknown_host else ErrorClass.TRANSIENT_NETWORK
        raise _error(kind, f"{type(error).__name__}: {error}") from error


def _answered(error: smtplib.SMTPResponseException) -> ProviderError | ContactFailure:
    code, text = error.smtp_code, error.smtp_error
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    judged: Verdict | None = CODES.get(code)
    if isinstance(error, _AboutRecipient) and code in NOT_THERE:
        judged = ContactOutcome.UNREACHABLE
    if "too many messages" in words.lower():
        judged = ErrorClass.RATE_LIMITED
    if judged is None:
        # A number that is no refusal is garbage.
        judged = ErrorClass.CONFIGURATION_ERROR if 500 <= code < 600 else ErrorClass.TRANSIENT_NETWORK
    found = failure(PROVIDER, judged, message=words, code=str(code), status=code)
    if isinstance(found, ProviderError):
        found.ambiguous = False
    return found


def _error(kind: ErrorClass, message: str, *, ambiguous: bool = False) -> ProviderError:
    return ProviderError(message[:300], provider=PROVIDER, error_class=kind, code="smtp", ambiguous=ambiguous)
