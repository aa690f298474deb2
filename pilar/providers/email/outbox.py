"""Mail out: rendered now, sent by a job, each letter once (reliability P2)."""

from collections.abc import Mapping
from contextlib import ExitStack
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from pydantic import Field

from pilar.backplane import effects, jobs, tenancy
from pilar.backplane.effects import EffectResult
from pilar.kernel import clock
from pilar.kernel.errors import ContactFailure
from pilar.kernel.switchboard import Payload, Permanent, Work
from pilar.providers.email import smtp

JOB = "email.send"
URGENT = 1


class Letter(Payload):
    """A rendered mail to one address. `key` names the intent: one letter for one key."""

    to: str = Field(pattern=r"^[^\s@]+@[^\s@]+$", max_length=320)
    subject: str
    text: str
    html: str = ""
    sender: str = ""
    key: str


def send(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    key: str,
    language: str = "de",
    subject: str = "",
) -> UUID:
    """Put the mail `templates/emails/<template>` into the queue; the same key again sends nothing more.

    Works in the current workspace, or for the platform when none is in force; part of the caller's transaction.
    Returns the job's id. Raises TemplateDoesNotExist for an unknown template.
    """
    full = {"base_url": settings.PUBLIC_BASE_URL, "language": language, **context}
    with translation.override(language):
        title = subject or render_to_string(f"emails/{template}.subject.txt", full)
        text = render_to_string(f"emails/{template}.txt", full)
        html = render_to_string(f"emails/{template}.html", {**full, "subject": title})
    return queue(Letter(to=to, subject=_one_line(title), text=text.strip() + "\n", html=html, key=key))


def queue(letter: Letter) -> UUID:
    """Put a finished letter into the queue. Returns the job's id."""
    with ExitStack() as stack:
        scope = tenancy.scope()
        if scope is None or scope.crosses_tenants:
            stack.enter_context(tenancy.tenant(tenancy.PLATFORM))
        with tenancy.atomic():
            return jobs.enqueue(JOB, letter, key=f"mail:{letter.key}", priority=URGENT)


def deliver(work: Work[Letter]) -> dict[str, str]:
    """Send a letter. Raises Permanent for an address that is not there; a lost answer is never sent again."""
    letter = work.payload

    def call(mark: str) -> EffectResult:
        message = _message(letter, mark)
        smtp.send(message, letter.to)
        return EffectResult(ref=str(message["Message-ID"]))

    try:
        effect = effects.perform(key=f"mail:{letter.key}", provider="smtp", operation="send", call=call)
    except ContactFailure as error:
        raise Permanent(error.message) from error
    return {"message_id": effect.provider_ref}


def _message(letter: Letter, mark: str) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = letter.sender or settings.DEFAULT_FROM_EMAIL
    message["To"] = letter.to
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


def _one_line(text: str) -> str:
    return " ".join(text.split())
