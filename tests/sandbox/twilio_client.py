"""Twilio's own SDK, pointed at the sandbox, and the papers of a Berlin studio."""

from typing import Any
from urllib.parse import urlsplit

from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from pilar.sandbox.config import Settings
from tests.sandbox.serving import Sandbox, eventually

MAIN = Settings()


class Rewriting(TwilioHttpClient):
    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = base

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        kwargs["headers"] = {**(kwargs.get("headers") or {}), "X-Twilio-Host": parts.netloc}
        return super().request(method, self.base + parts._replace(scheme="", netloc="").geturl(), *args, **kwargs)


def client(sandbox: Sandbox, user: str = "", password: str = "", account: str | None = None) -> Client:
    user, password = user or MAIN.twilio_account_sid, password or MAIN.twilio_auth_token
    return Client(user, password, account, http_client=Rewriting(sandbox.url))


def subaccount(sandbox: Sandbox, name: str = "pilar-1") -> Client:
    made = client(sandbox).api.v2010.accounts.create(friendly_name=name)
    return client(sandbox, made.sid, made.auth_token)


def address(studio: Client, **changed: str) -> str:
    papers = {
        "customer_name": "Studio Nord GmbH",
        "street": "Torstr. 1",
        "city": "Berlin",
        "region": "Berlin",
        "postal_code": "10119",
        "iso_country": "DE",
    }
    return str(studio.addresses.create(**papers | changed).sid)


BUSINESS = {
    "business_name": "Studio Nord GmbH",
    "business_registration_number": "HRB 12345",
    "business_website": "https://studio-nord.example",
    "first_name": "Anna",
    "last_name": "Nord",
    "email": "anna@studio-nord.example",
}


def bundle(
    studio: Client, address_sid: str, *, country: str = "DE", business: dict[str, str] = BUSINESS, **more: str
) -> Any:
    """A complete bundle in draft: the register excerpt proves number, name and address."""
    rules = studio.numbers.v2.regulatory_compliance
    rule = rules.regulations.list(iso_country=country, number_type="local", end_user_type="business")[0]
    end_user = rules.end_users.create(friendly_name="Nord", type="business", attributes=business)
    proof = {name: BUSINESS[name] for name in ("business_name", "business_registration_number")}
    document = rules.supporting_documents.create(
        friendly_name="HRB", type="commercial_registrar_excerpt", attributes={**proof, "address_sids": [address_sid]}
    )
    made = rules.bundles.create(friendly_name="Nord", email="a@b.example", regulation_sid=rule.sid, **more)
    for object_sid in (end_user.sid, document.sid):
        rules.bundles(made.sid).item_assignments.create(object_sid=object_sid)
    return made


def approved_bundle(studio: Client, address_sid: str, **more: str) -> str:
    rules, made = studio.numbers.v2.regulatory_compliance, bundle(studio, address_sid, **more)
    rules.bundles(made.sid).update(status="pending-review")
    eventually(lambda: rules.bundles(made.sid).fetch().status == "twilio-approved")
    return str(made.sid)


def buy_in_berlin(studio: Client, **settings: str) -> Any:
    place = address(studio)
    found = studio.available_phone_numbers("DE").local.list(in_locality="Berlin", limit=1)[0]
    papers = {"address_sid": place, "bundle_sid": approved_bundle(studio, place)}
    return studio.incoming_phone_numbers.create(phone_number=found.phone_number, **papers, **settings)
