"""The operator's pages show every studio and no secret."""

from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from pilar.backplane.models import AuditLog
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.errors import ErrorClass
from pilar.providers import breakers, calls, connections, routes
from pilar.providers.models import Breaker, Connection, MessageTemplate, PhoneNumber

pytestmark = pytest.mark.django_db
MODELS = ["connection", "phonenumber", "messagetemplate", "providercall", "breaker", "providerroute", "globalbreaker"]


@pytest.fixture
def operator(client: Client) -> Client:
    user = get_user_model().objects.create_superuser(email="admin@pilar.test", password="a-long-password")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture(autouse=True)
def _rows(studio: UUID) -> None:
    with tenant(studio), atomic():
        connections.put("whatsapp", identifiers={"waba_id": "w1"}, secrets={"token": "EAAG-very-secret"})
        PhoneNumber.objects.create(e164="+4930123", sid="PN1", country="DE")
        MessageTemplate.objects.create(name="nudge", language="de", category="MARKETING")
        for _ in range(5):
            breakers.failed("stripe", ErrorClass.TRANSIENT_NETWORK)
    with tenant(studio):
        calls.call("twilio", "accounts.list", lambda: 1)
    routes.bind("whatsapp", "waba_id", "w1", studio)


@pytest.mark.parametrize("model", MODELS)
def test_each_list_opens(operator: Client, model: str) -> None:
    assert operator.get(reverse(f"admin:providers_{model}_changelist")).status_code == 200


def test_a_connection_is_shown_without_its_secrets(operator: Client, studio: UUID) -> None:
    with all_tenants("a test looks"), atomic():
        connection = Connection.objects.get()
    page = operator.get(reverse("admin:providers_connection_change", args=[connection.pk]))
    assert page.status_code == 200
    assert "token: ••••" in page.text
    assert connection.secrets["token"] not in page.text


def test_an_operator_can_close_a_breaker(operator: Client, studio: UUID) -> None:
    with all_tenants("a test looks"), atomic():
        chosen = Breaker.objects.get().pk
    data = {"action": "close", "_selected_action": [chosen], "confirmed": "yes", "reason": "ticket 4711"}
    assert operator.post(reverse("admin:providers_breaker_changelist"), data).status_code == 302
    with tenant(studio), atomic():
        assert not breakers.admit("stripe").suspicious
        entry = AuditLog.objects.get(action="breaker.closed")
    assert (entry.object_id, entry.after) == ("stripe", {"reason": "ticket 4711"})
