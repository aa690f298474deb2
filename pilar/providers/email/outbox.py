"""Mail out: rendered now, sent by a job, each letter once (reliability P2).

A letter may hold a link that opens a studio or resets a password, so it lies in the queue and its history sealed with its
workspace's key (reliability S1), address and all.
"""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from pydantic import Field

from pilar.backplane import effects, events, jobs, tenancy, vault
from pilar.backplane.effects import EffectResult
from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure
from pilar.kernel.switchboard import Payload, Permanent, Work
from pilar.providers.email import smtp
from pilar.providers.email.rendering import render
from pilar.providers.events import LetterLost

JOB = "email.send"
URGENT = 1


class Letter(Payload):
    """A rendered mail to one address. `key` names the intent: one letter for one key.

    `unsubscribe` is the address at which one request, without signing in, ends letters of this kind (RFC 8058).
    """

    to: str = Field(pattern=r"^[^\s@]+@[^\s@]+$", max_length=320)
    subject: str
    text: str
    html: str = ""
    sender: str = ""
    reply_to: str = ""
    unsubscribe: str = ""
    key: str


class SealedLetter(Payload):
    """Payload of the job `email.send`."""

    sealed: str
    key: str


def send(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    key: str,
    language: str = "de",
    zone: str = "",
    reply_to: str = "",
    unsubscribe: str = "",
) -> UUID:
    """Put the letter `templates/emails/<template>.html` into the queue; the same key again sends nothing more.

    Works in the current workspace, or for the platform when none is in force; part of the caller's transaction.
    Returns the job's id. Raises TemplateDoesNotExist for an unknown template.
    """
    drawn = render(template, {**context, "unsubscribe": unsubscribe}, language=language, zone=zone)
    letter = Letter(
        to=to,
        subject=drawn.subject,
        text=drawn.text,
        html=drawn.html,
        reply_to=reply_to,
        unsubscribe=unsubscribe,
        key=key,
    )
    return queue(letter)


def queue(letter: Letter) -> UUID:
    """Put a finished letter into the queue. Returns the job's id."""
    with ExitStack() as stack:
        scope = tenancy.scope()
        if scope is None or scope.crosses_tenants:
            stack.enter_context(tenancy.tenant(tenancy.PLATFORM))
        with tenancy.atomic():
            return jobs.enqueue(JOB, _sealed(letter), key=f"mail:{letter.key}", priority=URGENT)


def _sealed(letter: Letter) -> SealedLetter:
    blob = vault.seal(letter.model_dump_json(), provider=smtp.PROVIDER, field=f"letter:{letter.key}")
    return SealedLetter(sealed=b64encode(blob).decode(), key=letter.key)


def unsealed(payload: SealedLetter) -> Letter:
    """Open a letter of the current workspace. Raises vault.Broken when it is not one."""
    blob = b64decode(payload.sealed)
    return Letter.model_validate_json(vault.open(blob, provider=smtp.PROVIDER, field=f"letter:{payload.key}"))


def deliver(work: Work[SealedLetter]) -> dict[str, str]:
    """Send a letter. Raises Permanent for an address that is not there or a letter that does not open. One whose answer
    was lost is never sent again: `email.lost` lets whoever wrote it write another.
    """
    try:
        letter = unsealed(work.payload)
    except vault.Broken as error:
        raise Permanent("The letter does not open any more") from error

    def call(mark: str) -> EffectResult:
        message = _message(letter, mark)
        smtp.send(message, smtp.written(letter.to))
        return EffectResult(ref=str(message["Message-ID"]))

    try:
        effect = effects.perform(key=f"mail:{letter.key}", provider="smtp", operation="send", call=call)
    except ContactFailure as error:
        raise Permanent(error.message) from error
    except effects.Unknown:
        with tenancy.atomic():
            events.publish("email.lost", LetterLost(key=letter.key), key=f"email-lost:{letter.key}")
        raise
    return {"message_id": effect.provider_ref}


def _message(letter: Letter, mark: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = letter.sender or settings.DEFAULT_FROM_EMAIL
    message["To"] = smtp.written(letter.to)
    if reply_to := letter.reply_to or settings.REPLY_TO_EMAIL:
        name, address = parseaddr(reply_to)
        message["Reply-To"] = formataddr((name, smtp.written(address)))
    if letter.unsubscribe:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.now())
    message["Message-ID"] = f"<{mark}@{_domain()}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    return message


def _domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "pilar.invalid"
