"""Django's door to the outbox: allauth's and Django's own mails wait in the queue like all others."""

from collections.abc import Sequence

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.base import BaseEmailBackend

from pilar.kernel.ids import uuid7
from pilar.providers.email.outbox import Letter, queue


class QueuedEmail(BaseEmailBackend):
    """Each call is an intent of its own: asking twice for a new password gives two mails."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue one letter for each recipient; returns how many messages were taken."""
        for message in email_messages:
            for recipient in message.recipients():
                queue(_letter(message, recipient))
        return len(email_messages)


def _letter(message: EmailMessage, recipient: str) -> Letter:
    return Letter(
        to=recipient,
        subject=" ".join(str(message.subject).split()),
        text=str(message.body),
        html=_html(message),
        sender=str(message.from_email or ""),
        key=f"django:{uuid7()}",
    )


def _html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(content) for content, kind in message.alternatives if kind == "text/html"), "")
