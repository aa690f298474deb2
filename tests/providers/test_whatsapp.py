"""WhatsApp's adapter against the sandbox: sign-up, templates, messages, and which failures leave the outcome open."""

from dataclasses import dataclass
from uuid import UUID

import pytest
from pytest_django import Settings

from pilar.backplane.tenancy import atomic
from pilar.kernel.errors import ContactFailure, ContactOutcome, ErrorClass, NotConfigured, ProviderError
from pilar.providers import connections, routes
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import client, messages, phones, signup, templates
from pilar.providers.whatsapp.client import Graph, Sender
from tests.providers.conftest import Sandbox

pytestmark = pytest.mark.django_db

ANNA = "4917012345678"
NUDGE = [
    {
        "type": "BODY",
        "text": "Hallo {{first_name}}, wann kommst du wieder zum Training?",
        "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Anna"}]},
    },
    {"type": "BUTTONS", "buttons": [{"type": "QUICK_REPLY", "text": "Stopp"}]},
]


@dataclass
class SignedUp:
    code: str
    waba_id: str
    phone_id: str


@pytest.fixture
def signed_up(sandbox: Sandbox, in_studio: UUID) -> SignedUp:
    made = sandbox.post("/_meta/signup", phone_number="+493012345678", business_name="Studio Eins")
    return SignedUp(made["code"], made["waba_id"], made["phone_number_id"])


@pytest.fixture
def sender(signed_up: SignedUp) -> Sender:
    graph = Graph(signup.exchange_code(signed_up.code).access_token)
    signup.subscribe(graph, signed_up.waba_id)
    signup.register(graph, signed_up.phone_id, "123456")
    identifiers = {"waba_id": signed_up.waba_id, "phone_number_id": signed_up.phone_id}
    connections.put("whatsapp", identifiers=identifiers, secrets={"token": graph.token})
    return client.own_sender()


@pytest.fixture
def open_window(sandbox: Sandbox, sender: Sender) -> Sender:
    number = phones.fetch(sender.graph, sender.phone_number_id).display_phone_number
    sandbox.post(f"/_control/phone/+{ANNA}/send", to=number, text="Hallo")
    return sender


def failing(sandbox: Sandbox, kind: str, **fault: object) -> Exception:
    sandbox.fault("whatsapp", kind, operation="messages.send", **fault)
    with pytest.raises((ProviderError, ContactFailure)) as found:
        messages.send_text(to=ANNA, body="Hi", opaque="1")
    return found.value


def test_metas_word_decides_what_a_token_is_for(signed_up: SignedUp) -> None:
    token = signup.exchange_code(signed_up.code).access_token
    facts = signup.inspect_token(token)
    assert facts.names(signed_up.waba_id)
    assert not facts.names("another-account")
    assert [phone.id for phone in signup.phone_numbers(Graph(token), signed_up.waba_id)] == [signed_up.phone_id]


def test_a_code_is_spent_by_its_first_use(signed_up: SignedUp) -> None:
    signup.exchange_code(signed_up.code)
    with pytest.raises(ProviderError):
        signup.exchange_code(signed_up.code)


def test_a_number_is_registered_once_its_pin_is_set(sender: Sender) -> None:
    phone = phones.fetch(sender.graph, sender.phone_number_id)
    assert (phone.registered, phone.status, phones.reports_to_us(sender.graph, sender.waba_id)) == (
        True,
        "CONNECTED",
        True,
    )


def test_a_wrong_pin_is_for_the_studio_to_tell(sender: Sender) -> None:
    with pytest.raises(ProviderError) as found:
        signup.register(sender.graph, sender.phone_number_id, "654321")
    assert (found.value.code, found.value.error_class) == ("133005", ErrorClass.PROVISIONING_ERROR)


def test_an_account_that_left_no_longer_reports(sender: Sender) -> None:
    signup.unsubscribe(sender.graph, sender.waba_id)
    assert not phones.reports_to_us(sender.graph, sender.waba_id)


def test_a_text_inside_the_window_is_sent(sandbox: Sandbox, open_window: Sender) -> None:
    sent = messages.send_text(to=f"+{ANNA}", body="Schön, Ärger ☺", opaque="outbox-1")
    assert sent.id.startswith("wamid")


def test_a_template_from_creation_to_delivery(sandbox: Sandbox, sender: Sender) -> None:
    sandbox.post("/_control/reviews", delaySeconds=0, decision="approved")
    assert templates.find(sender.graph, sender.waba_id, name="nudge", language="de") is None
    made = templates.create(
        sender.graph, sender.waba_id, name="nudge", language="de", category="MARKETING", components=NUDGE
    )
    found = templates.find(sender.graph, sender.waba_id, name="nudge", language="de")
    assert found is not None
    assert found.id == made.id
    sent = messages.send_template(
        to=ANNA, name="nudge", language="de", parameters={"first_name": "Anna"}, button_payloads=["STOP"], opaque="1"
    )
    assert sent.id


def test_what_meta_says_of_a_template_is_mirrored(sender: Sender) -> None:
    made = templates.create(
        sender.graph, sender.waba_id, name="nudge", language="de", category="MARKETING", components=NUDGE
    )
    for _ in range(2):
        templates.mirror(made, params=["first_name"])
    with atomic():
        row = MessageTemplate.objects.get()
    assert (row.name, row.category, row.params, row.usable) == (
        "nudge",
        "MARKETING",
        ["first_name"],
        made.status == "APPROVED",
    )


def test_a_message_is_marked_read(sandbox: Sandbox, open_window: Sender) -> None:
    number = phones.fetch(open_window.graph, open_window.phone_number_id).display_phone_number
    written = sandbox.post(f"/_control/phone/+{ANNA}/send", to=number, text="Bist du da?")
    messages.mark_read(written["id"], typing=True)


@pytest.mark.parametrize(
    ("fault", "kind", "ambiguous"),
    [
        ({"kind": "status", "status": 500, "code": 1}, ErrorClass.TRANSIENT_NETWORK, True),
        ({"kind": "status", "status": 500, "code": 131000}, ErrorClass.TRANSIENT_NETWORK, False),
        ({"kind": "status", "status": 503, "code": 131016}, ErrorClass.TRANSIENT_NETWORK, False),
        ({"kind": "status", "status": 401}, ErrorClass.THIRD_PARTY_AUTH_FAILED, False),
        ({"kind": "status", "status": 429}, ErrorClass.RATE_LIMITED, False),
        ({"kind": "status", "status": 400, "code": 131056}, ErrorClass.RATE_LIMITED, False),
        ({"kind": "status", "status": 400, "code": 132015}, ErrorClass.CONFIGURATION_ERROR, False),
        ({"kind": "status", "status": 400, "code": 131031}, ErrorClass.INTEGRATION_OFFLINE, False),
        ({"kind": "garbage"}, ErrorClass.TRANSIENT_NETWORK, True),
        ({"kind": "reset"}, ErrorClass.TRANSIENT_NETWORK, True),
        ({"kind": "lost-answer"}, ErrorClass.TRANSIENT_NETWORK, True),
    ],
)
def test_each_failure_has_its_class_and_says_whether_it_may_have_been_sent(
    sandbox: Sandbox, open_window: Sender, fault: dict[str, object], kind: ErrorClass, ambiguous: bool
) -> None:
    found = failing(sandbox, **fault)  # type: ignore[arg-type]
    assert isinstance(found, ProviderError)
    assert (found.error_class, found.ambiguous) == (kind, ambiguous)


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (131050, ContactOutcome.OPTED_OUT),
        (131026, ContactOutcome.UNREACHABLE),
        (131047, ContactOutcome.WINDOW_CLOSED),
        (131049, ContactOutcome.CAPPED),
        (130472, ContactOutcome.CAPPED),
    ],
)
def test_what_concerns_one_contact_is_no_error(
    sandbox: Sandbox, open_window: Sender, code: int, outcome: ContactOutcome
) -> None:
    found = failing(sandbox, "status", status=400, code=code)
    assert isinstance(found, ContactFailure)
    assert found.outcome is outcome


def test_too_many_registrations_wait_three_days(sandbox: Sandbox, sender: Sender) -> None:
    sandbox.fault("whatsapp", "status", status=400, code=133016)
    with pytest.raises(ProviderError) as found:
        signup.register(sender.graph, sender.phone_number_id, "123456")
    assert found.value.retry_after == 72 * 3600


def test_a_wrong_token_is_an_auth_failure(sender: Sender) -> None:
    with pytest.raises(ProviderError) as found:
        phones.fetch(Graph("wrong"), sender.phone_number_id)
    assert found.value.error_class is ErrorClass.THIRD_PARTY_AUTH_FAILED


def test_the_installations_number_serves_only_the_studio_it_is_bound_to(in_studio: UUID, settings: Settings) -> None:
    settings.WHATSAPP_API_TOKEN, settings.WHATSAPP_PHONE_NUMBER_ID = "token", "p1"
    with pytest.raises(NotConfigured):
        client.own_sender()
    routes.bind("whatsapp", "phone_number_id", "p1", in_studio)
    assert client.own_sender().phone_number_id == "p1"


def test_a_studio_without_whatsapp_is_not_configured(in_studio: UUID) -> None:
    with pytest.raises(NotConfigured):
        messages.send_text(to=ANNA, body="Hi", opaque="1")


@pytest.mark.parametrize(("to", "field"), [("+4917012", {"to": "4917012"}), ("DE.1349", {"recipient": "DE.1349"})])
def test_a_contact_without_a_phone_is_addressed_by_the_bsuid(to: str, field: dict[str, str]) -> None:
    assert messages._addressee(to) == field
