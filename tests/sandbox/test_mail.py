"""SMTP with a login, and the mailbox as JSON."""

import asyncio
import smtplib
from collections.abc import Callable
from email.message import EmailMessage

import pytest

from pilar.sandbox.app import new_world
from pilar.sandbox.config import Settings
from pilar.sandbox.faults import Fault
from pilar.sandbox.mail import start_smtp
from pilar.sandbox.state import World
from tests.sandbox.serving import HTTP, Sandbox

Talk = Callable[[smtplib.SMTP], None]


def _mail(to: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "PILAR <hallo@pilar.test>", to, "Willkommen, schön!"
    message.set_content("Hier geht es weiter: http://pilar.test/claim/abc123.\n")
    message.add_alternative('<p><a href="http://pilar.test/claim/abc123?x=1&amp;y=2">Los</a></p>', subtype="html")
    return message


def _talk(talk: Talk, *faults: Fault, password: str = "sandbox-smtp") -> World:
    world = new_world(Settings(sandbox_latency_ms=0))
    world.faults.active.extend(faults)

    async def run() -> None:
        server = await start_smtp(world, host="127.0.0.1", port=0)
        port = server.sockets[0].getsockname()[1]
        await asyncio.to_thread(_connected, port, talk, password)
        server.close()

    asyncio.run(run())
    return world


def _connected(port: int, talk: Talk, password: str) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=5) as client:
        if password:
            client.login("sandbox", password)
        talk(client)


def _send(client: smtplib.SMTP, to: str = "Owner@Studio.test") -> None:
    client.send_message(_mail(to))


def test_a_mail_is_kept_with_its_links() -> None:
    kept = _talk(_send).mail.boxes["owner@studio.test"][0]
    assert (kept.subject, kept.to) == ("Willkommen, schön!", ["Owner@Studio.test"])
    assert kept.links == ["http://pilar.test/claim/abc123", "http://pilar.test/claim/abc123?x=1&y=2"]


def test_a_wrong_password_is_refused() -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError) as refusal:
        _talk(_send, password="wrong")
    assert refusal.value.smtp_code == 535


def test_without_a_login_nothing_is_taken() -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        _talk(_send, password="")
    assert refusal.value.smtp_code == 530


def test_an_unknown_recipient_is_refused() -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        _talk(lambda client: _send(client, "unknown@studio.test"))


def test_a_busy_server_says_so() -> None:
    with pytest.raises(smtplib.SMTPSenderRefused) as refusal:
        _talk(_send, Fault("smtp", "status", status=452))
    assert refusal.value.smtp_code == 452


def test_a_failing_login_can_be_asked_for() -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError):
        _talk(_send, Fault("smtp", "status", status=535))


def _cut_off(client: smtplib.SMTP) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _send(client)


def test_an_answer_lost_after_the_mail_was_taken() -> None:
    assert _talk(_cut_off, Fault("smtp", "lost-answer")).mail.count == 1


def test_a_server_that_is_away_cuts_the_connection() -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        _talk(_send, Fault("smtp", "reset"))


def test_the_mailbox_is_served_whatever_the_case(sandbox: Sandbox) -> None:
    box = _talk(_send).mail
    sandbox.world.mail = box
    found = HTTP.get(f"{sandbox.url}/_control/mail/OWNER@studio.test").json()
    assert found[0]["links"][0] == "http://pilar.test/claim/abc123"
    assert set(found[0]) == {"from", "to", "subject", "text", "html", "links", "at"}


def test_an_empty_mailbox_is_an_empty_list(sandbox: Sandbox) -> None:
    assert HTTP.get(f"{sandbox.url}/_control/mail/nobody@studio.test").json() == []
