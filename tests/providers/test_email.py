"""Mail: queued, sent once, and judged by what the server says."""

import json
import re
import socket
from uuid import UUID

import pytest
from django.core.mail import EmailMultiAlternatives, send_mail
from pydantic import ValidationError
from pytest_django import Settings

from pilar.backplane import effects, vault
from pilar.backplane.engine.inline import work_off
from pilar.backplane.models import AutopilotEvent, AutopilotJob, Effect, JobHistory
from pilar.backplane.tenancy import PLATFORM, all_tenants, atomic, tenant
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, NotConfigured, ProviderError
from pilar.providers.email import outbox, smtp
from pilar.providers.email.outbox import Letter
from tests.factories import WorkspaceFactory
from tests.providers import misbehaving
from tests.providers.conftest import Sandbox

pytestmark = pytest.mark.django_db
QUEUED = {"default": {"BACKEND": "pilar.providers.email.backend.QueuedEmail"}}


def letter(key: str = "1", **changed: str) -> Letter:
    return Letter(
        **{"to": "eva@studio.test", "subject": "Grüße", "text": "Hallo", "html": "<p>Hallo</p>", "key": key, **changed}
    )


def received(sandbox: Sandbox, address: str = "eva@studio.test") -> list[dict[str, str]]:
    work_off(["messages"])
    mails: list[dict[str, str]] = sandbox.get(f"/_control/mail/{address}")
    return mails


def scripted(settings: Settings, *answers: str) -> misbehaving.Answer:
    """A server that goes through one session with these answers, then hangs up."""

    def talk(connection: misbehaving.socket.socket) -> None:
        for answer in answers:
            connection.sendall(answer.encode() + b"\r\n")
            if not connection.recv(65536):
                return

    settings.SMTP_HOST, settings.SMTP_USER = "127.0.0.1", ""
    return talk


def failing(settings: Settings, *answers: str) -> Exception:
    with misbehaving.greeting_server(scripted(settings, *answers)) as port:
        settings.SMTP_PORT = port
        with pytest.raises((ProviderError, ContactFailure)) as found:
            smtp.send(outbox._message(letter(), "mark"), "eva@studio.test")
    return found.value


def test_a_letter_arrives_with_both_its_forms(sandbox: Sandbox, studio: UUID) -> None:
    with tenant(studio):
        outbox.queue(letter())
    (mail,) = received(sandbox)
    assert (mail["subject"], mail["to"]) == ("Grüße", ["eva@studio.test"])
    assert "Hallo" in mail["text"]
    assert "<p>Hallo</p>" in mail["html"]


def test_a_letter_goes_to_a_domain_with_umlauts(sandbox: Sandbox, studio: UUID) -> None:
    with tenant(studio):
        outbox.queue(letter(to="info@straße-müller.de", reply_to="Eva Grün <eva@müller.de>"))
    (mail,) = received(sandbox, "info@xn--strae-mller-y6a49a.de")
    assert mail["to"] == ["info@xn--strae-mller-y6a49a.de"]


def test_an_address_that_cannot_travel_is_left_alone_at_once(sandbox: Sandbox, studio: UUID) -> None:
    with tenant(studio):
        outbox.queue(letter(to="jürgen@studio.test"))
        assert received(sandbox, "jürgen@studio.test") == []
        with atomic():
            assert Effect.objects.get().state == Effect.State.FAILED


def test_one_key_is_one_letter(sandbox: Sandbox, studio: UUID) -> None:
    with tenant(studio):
        assert outbox.queue(letter()) == outbox.queue(letter())
    assert len(received(sandbox)) == 1


def test_a_letter_whose_answer_got_lost_goes_out_once_and_its_writer_is_told(sandbox: Sandbox, studio: UUID) -> None:
    sandbox.fault("smtp", "lost-answer", count=1)
    with tenant(studio):
        outbox.queue(letter())
        for _ in range(2):
            assert len(received(sandbox)) == 1
        with atomic():
            assert AutopilotEvent.objects.get(type="email.lost").payload == {"key": "1"}


def test_mail_without_a_studio_is_the_platforms(sandbox: Sandbox, db: None) -> None:
    outbox.queue(letter())
    with tenant(PLATFORM), atomic():
        assert AutopilotJob.objects.get().type == "email.send"
    assert len(received(sandbox)) == 1


def test_djangos_own_mails_go_the_same_way(sandbox: Sandbox, settings: Settings) -> None:
    settings.MAILERS = QUEUED
    message = EmailMultiAlternatives("Neues Passwort", "Hier", "hallo@pilar.test", ["a@studio.test", "b@studio.test"])
    message.attach_alternative("<b>Hier</b>", "text/html")
    assert message.send() == 1
    assert [len(received(sandbox, f"{name}@studio.test")) for name in "ab"] == [1, 1]


def test_asking_django_twice_sends_twice(sandbox: Sandbox, settings: Settings) -> None:
    settings.MAILERS = QUEUED
    for _ in range(2):
        send_mail("Link", "Hier", None, ["eva@studio.test"])
    assert len(received(sandbox)) == 2


def test_a_template_is_rendered_in_the_readers_language(sandbox: Sandbox, studio: UUID) -> None:
    context = {"studio": "Studio Eins", "url": "https://pilar.test/claim/x"}
    with tenant(studio):
        outbox.send(to="eva@studio.test", template="claim", context=context, language="de", key="claim:1")
    (mail,) = received(sandbox)
    assert "https://pilar.test/claim/x" in mail["text"]


def test_a_letter_nobody_asked_for_can_be_ended_by_one_click() -> None:
    message = outbox._message(letter(unsubscribe="https://pilar.test/letters/unsubscribe/x"), "mark")
    assert message["List-Unsubscribe"] == "<https://pilar.test/letters/unsubscribe/x>"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_answers_go_where_the_letter_says_else_to_the_house(settings: Settings) -> None:
    settings.REPLY_TO_EMAIL = "hilfe@pilar.test"
    assert outbox._message(letter(reply_to="nora@studio.test"), "mark")["Reply-To"] == "nora@studio.test"
    assert outbox._message(letter(), "mark")["Reply-To"] == "hilfe@pilar.test"
    settings.REPLY_TO_EMAIL = ""
    assert outbox._message(letter(), "mark")["Reply-To"] is None


def test_neither_the_queue_nor_its_history_shows_a_letter(sandbox: Sandbox, studio: UUID) -> None:
    """A link opens a studio to whoever reads it, so nobody reads it in the payloads of jobs (reliability I9, S1)."""
    link = "https://pilar.test/claim/Zq3-single-use"
    with tenant(studio):
        outbox.queue(letter(text=f"Hallo {link}", html=f"<a href='{link}'>Hallo</a>"))
    waiting = stored(AutopilotJob)
    assert len(received(sandbox)) == 1
    for payload in (waiting, stored(JobHistory)):
        assert "sealed" in payload
        assert not re.search("claim|single-use|Hallo|eva@", payload)


def stored(model: type[AutopilotJob | JobHistory]) -> str:
    with all_tenants("a test looks"), atomic():
        return json.dumps(list(model.objects.filter(type="email.send").values_list()), default=str)


def test_a_letter_moved_to_another_studio_does_not_open(studio: UUID) -> None:
    with tenant(studio):
        outbox.queue(letter())
        payload = AutopilotJob.objects.get().payload
    with tenant(WorkspaceFactory().pk), pytest.raises(vault.Broken):
        outbox.unsealed(outbox.SealedLetter.model_validate(payload))


@pytest.mark.parametrize("to", ["eva@studio.test\r\nBcc: all@x.test", "no address", "a b@c.de"])
def test_an_address_that_would_forge_a_header_is_refused(to: str) -> None:
    with pytest.raises(ValidationError):
        letter(to=to)


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (["421 try later"], ErrorClass.TRANSIENT_NETWORK),
        (["220 hi", "999 ???"], ErrorClass.TRANSIENT_NETWORK),
        (["220 hi", "250 ok", "250 ok", "451 later"], ErrorClass.TRANSIENT_NETWORK),
        (["220 hi", "250 ok", "250 ok", "452 full"], ErrorClass.RATE_LIMITED),
        (["220 hi", "250 ok", "550 too many messages"], ErrorClass.RATE_LIMITED),
        (["220 hi", "250 ok", "530 log in first"], ErrorClass.CONFIGURATION_ERROR),
        (["220 hi", "250 ok", "250 ok", "250 ok", "354 go", "554 spam"], ErrorClass.CONFIGURATION_ERROR),
    ],
)
def test_each_answer_of_the_server_has_its_class(settings: Settings, answers: list[str], kind: ErrorClass) -> None:
    found = failing(settings, *answers)
    assert isinstance(found, ProviderError)
    assert (found.error_class, found.ambiguous) == (kind, False)


@pytest.mark.parametrize("answers", [["550 blocked"], ["220 hi", "250 ok", "553 this sender is not yours"]])
def test_who_refuses_our_sender_says_nothing_of_the_recipient(settings: Settings, answers: list[str]) -> None:
    found = failing(settings, *answers)
    assert isinstance(found, ProviderError)
    assert found.error_class is ErrorClass.CONFIGURATION_ERROR


def test_a_line_cut_while_it_is_being_sealed_is_passing_trouble(settings: Settings) -> None:
    found = failing(settings, "220 hi", "250-hi\r\n250 STARTTLS", "220 go")
    assert isinstance(found, ProviderError)
    assert found.error_class is ErrorClass.TRANSIENT_NETWORK


@pytest.mark.parametrize(
    ("errno", "kind"),
    [
        (socket.EAI_NONAME, ErrorClass.CONFIGURATION_ERROR),
        (socket.EAI_NODATA, ErrorClass.CONFIGURATION_ERROR),
        (socket.EAI_AGAIN, ErrorClass.TRANSIENT_NETWORK),
    ],
)
def test_a_host_that_nobody_knows_is_a_matter_of_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, errno: int, kind: ErrorClass
) -> None:
    def look_up(*_: object, **__: object) -> None:
        raise socket.gaierror(errno, "whatever the system calls it")

    settings.SMTP_HOST, settings.SMTP_PORT = "mail.invalid", 587
    monkeypatch.setattr("socket.getaddrinfo", look_up)
    with pytest.raises(ProviderError) as found:
        smtp.check()
    assert found.value.error_class is kind


def test_an_address_that_is_not_there_is_the_contacts_outcome(settings: Settings) -> None:
    found = failing(settings, "220 hi", "250 ok", "250 ok", "550 no such user")
    assert isinstance(found, ContactFailure)
    assert found.outcome is ContactOutcome.UNREACHABLE


@pytest.mark.parametrize(
    ("answers", "ambiguous"),
    [(["220 hi", "250 ok"], False), (["220 hi", "250 ok", "250 ok", "250 ok", "354 go"], True)],
)
def test_only_a_line_cut_after_the_text_leaves_the_outcome_open(
    settings: Settings, answers: list[str], ambiguous: bool
) -> None:
    found = failing(settings, *answers)
    assert isinstance(found, ProviderError)
    assert (found.error_class, found.ambiguous) == (ErrorClass.TRANSIENT_NETWORK, ambiguous)


def test_a_wrong_password_is_an_auth_failure(sandbox: Sandbox, settings: Settings) -> None:
    settings.SMTP_PASSWORD = "wrong"
    with pytest.raises(ProviderError) as found:
        smtp.check()
    assert found.value.error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED


def test_a_password_that_was_refused_is_not_offered_again_until_it_is_another_one(
    sandbox: Sandbox, settings: Settings
) -> None:
    right, settings.SMTP_PASSWORD = settings.SMTP_PASSWORD, "wrong"
    for expected in ("535", "circuit_open", "circuit_open"):
        with pytest.raises(ProviderError) as found:
            smtp.check()
        assert found.value.code == expected
    settings.SMTP_PASSWORD = right
    smtp.check()


def test_no_password_is_sent_in_clear_over_the_network(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smtp, "LOOPBACK", ())
    found = failing(settings, "220 hi", "250 no tls here", "221 bye")
    assert isinstance(found, ProviderError)
    assert found.error_class is ErrorClass.CONFIGURATION_ERROR


def test_a_login_can_be_checked(sandbox: Sandbox) -> None:
    smtp.check()


def test_without_a_host_mail_is_not_configured(db: None, settings: Settings) -> None:
    settings.SMTP_HOST = ""
    with pytest.raises(NotConfigured):
        smtp.check()


def test_a_letter_whose_answer_was_lost_is_not_sent_again(settings: Settings, studio: UUID) -> None:
    talk = scripted(settings, "220 hi", "250 ok", "250 ok", "250 ok", "354 go")
    with tenant(studio):
        outbox.queue(letter())
    with misbehaving.greeting_server(talk) as port:
        settings.SMTP_PORT = port
        work_off(["messages"])
    with all_tenants("a test looks"), atomic():
        assert Effect.objects.get().state == effects.Effect.State.UNKNOWN
