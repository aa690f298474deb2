"""A customer made of a script: it pays in the sandbox, claims its studio by the e-mail link, and sets everything up.

It knows the product only through public HTTP routes, so that what it proves a real studio can do too.
"""

import os
import secrets
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any, Self
from urllib.parse import urljoin
from uuid import uuid4

import httpx

CLAIM_WITHIN, READY_WITHIN = 60.0, 180.0
POLL = 0.2
PAPER = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)
CITIES = {
    "DE": ("Torstraße 12", "10119", "Berlin"),
    "AT": ("Mariahilfer Straße 5", "1070", "Wien"),
    "CH": ("Bahnhofstrasse 7", "8001", "Zürich"),
    "US": ("350 Fifth Avenue", "10118", "New York"),
    "GB": ("10 Downing Street", "SW1A 2AA", "London"),
    "FR": ("12 Rue de Rivoli", "75001", "Paris"),
    "ES": ("Calle Mayor 3", "28013", "Madrid"),
    "IT": ("Via Roma 9", "00184", "Roma"),
}


def sandbox_address() -> str:
    """Return where the sandbox of this installation answers."""
    return os.environ.get("SANDBOX_BASE_URL") or f"http://127.0.0.1:{os.environ.get('SANDBOX_PORT') or 8001}"


class Stuck(Exception):
    """The product did not do what the script waits for; the message says what was seen instead."""


class Forms(HTMLParser):
    """Collects the inputs of the first form that posts."""

    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, tuple[str, str]] = {}
        self.action = ""
        self._inside = False

    @classmethod
    def of(cls, page: str) -> Self:
        """Read a page."""
        found = cls()
        found.feed(page)
        return found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and given.get("method", "").lower() == "post" and not self.fields:
            self._inside, self.action = True, given.get("action", "")
        if tag == "input" and self._inside and given.get("name"):
            self.fields[given["name"]] = (given.get("type", "text"), given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class ScriptedCustomer:
    """One studio owner. `play` does everything and returns the facts that a check needs."""

    product: str
    sandbox: str
    email: str
    name: str
    plan: str
    country: str
    session: httpx.Client = field(init=False)
    outside: httpx.Client = field(init=False)
    api_key: str = field(init=False, default="")
    workspace_id: str = field(init=False, default="")

    def __post_init__(self) -> None:
        self.session = httpx.Client(base_url=self.product, timeout=30, follow_redirects=True)
        self.outside = httpx.Client(base_url=self.sandbox, timeout=30)

    def play(self) -> dict[str, Any]:
        """Go from the payment to a studio with a member who has agreed. Raises Stuck, or httpx.HTTPError."""
        began = time.monotonic()
        self.pay()
        self.claim()
        self.make_key()
        self.give_papers()
        number = self.wait_for_number()
        self.connect_whatsapp(number)
        self.open_window()
        run = self.wait_until_ready()
        ready_seconds = round(time.monotonic() - began, 3)
        lead_id, lead_phone = self.add_member(number)
        return {
            "workspaceId": self.workspace_id,
            "apiKey": self.api_key,
            "email": self.email,
            "number": number,
            "leadId": lead_id,
            "leadPhone": lead_phone,
            "readySeconds": ready_seconds,
            "steps": {step["name"]: step["seconds"] for step in run["steps"]},
        }

    def pay(self) -> None:
        """Pay through a payment link in the sandbox."""
        order = {"email": self.email, "name": self.name, "plan": self.plan, "country": self.country}
        self._ok(self.outside.post("/_control/checkout", json=order))

    def claim(self) -> None:
        """Open the link of the e-mail, choose a password, and be signed in."""
        link = self._wait(self._claim_link, CLAIM_WITHIN, "no claim link came by e-mail")
        page = self._ok(self.session.get(link))
        form = Forms.of(page.text)
        password = secrets.token_urlsafe(18)
        values = {name: self._filled(kind, value, password) for name, (kind, value) in form.fields.items()}
        answer = self.session.post(urljoin(str(page.url), form.action), data=values, headers={"Referer": str(page.url)})
        self._ok(answer)
        if "/claim/" in answer.url.path:
            raise Stuck("the claim page did not accept the form")

    def _filled(self, kind: str, value: str, password: str) -> str:
        match kind:
            case "password":
                return password
            case "checkbox":
                return value or "on"
            case "text" if not value:
                return self.name
            case _:
                return value

    def _claim_link(self) -> str | None:
        mails = self._ok(self.outside.get(f"/_control/mail/{self.email}")).json()
        links = [link for mail in mails for link in mail["links"] if "/claim/" in link]
        return links[-1] if links else None

    def make_key(self) -> None:
        """Make an API key as the signed-in owner."""
        wanted = {"name": "scripted customer", "role": "owner"}
        made = self._ok(self.session.post("/api/api-keys", json=wanted, headers=self._csrf())).json()
        self.api_key, self.workspace_id = made["apiKey"], made["workspaceId"]

    def _csrf(self) -> dict[str, str]:
        names = ("csrf", "__Host-csrf")
        token = next((self.session.cookies[name] for name in names if name in self.session.cookies), "")
        return {"X-CSRFToken": token, "Referer": self.product, "Origin": self.product}

    def give_papers(self) -> None:
        """Complete the onboarding, with the papers that a number in the country needs."""
        street, postal_code, city = CITIES.get(self.country, CITIES["DE"])
        self.upload_paper()
        studio = {
            "name": self.name,
            "legalName": f"{self.name} GmbH",
            "street": street,
            "postalCode": postal_code,
            "city": city,
            "country": self.country,
            "registerNumber": "HRB 123456",
            "website": "https://studio.example",
            "representativeName": "Erika Muster",
            "representativeEmail": self.email,
            "language": "de",
            "timezone": "Europe/Berlin",
        }
        self._api("POST", "/api/onboarding/complete", json=studio)

    def upload_paper(self) -> None:
        """Hand in the extract from the register."""
        paper = {"file": ("register.pdf", PAPER, "application/pdf")}
        self._api("POST", "/api/onboarding/documents", files=paper, data={"kind": "register_extract"})

    def wait_for_number(self) -> str:
        """Wait until the number is bought and the set-up asks (or has asked) for Meta's pop-up."""

        def number() -> str | None:
            steps = {step["name"]: step for step in self._status()["steps"]}
            asked = steps["whatsapp_connection"]["state"] in ("awaiting_customer", "done")
            return steps["twilio_number"]["result"].get("number") if asked else None

        return str(self._wait(number, READY_WITHIN, "the number was not bought"))

    def connect_whatsapp(self, number: str) -> None:
        """Go through Meta's pop-up with the number we were given."""
        order = {"phone_number": number, "business_name": self.name}
        outcome = self._ok(self.outside.post("/_meta/signup", json=order)).json()
        result = {
            "code": outcome["code"],
            "wabaId": outcome["waba_id"],
            "phoneNumberId": outcome["phone_number_id"],
            "businessId": outcome["business_id"],
        }
        self._api("POST", "/api/provisioning/whatsapp/connect", json=result)

    def wait_until_ready(self) -> dict[str, Any]:
        """Wait for progress 100 with every step green."""

        def ready() -> dict[str, Any] | None:
            run = self._status()
            return run if run["status"] == "ready" else None

        return dict(self._wait(ready, READY_WITHIN, "the set-up did not finish"))

    def open_window(self) -> None:
        """Let the coach write at any hour, so that a check need not wait for the morning."""
        config = self._api("GET", "/api/whatsapp-coach/config").json()
        config |= {"timeWindow": {"start": "00:00", "end": "24:00"}, "enabled": True, "autoReply": True}
        self._api("POST", "/api/whatsapp-coach/config", json=config)

    def add_member(self, number: str) -> tuple[str, str]:
        """Add a member with proven consent, whose phone then confirms it. Returns id and phone."""
        phone = f"+49151{uuid4().int % 10**8:08d}"
        consent = {
            "source": "front desk",
            "wording": "Ich möchte vom Studio auf WhatsApp beim Training begleitet werden.",
            "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        }
        member = {
            "name": "Anna Beispiel",
            "phone": phone,
            "language": "de",
            "timezone": "Europe/Berlin",
            "tags": ["scripted"],
            "consent": consent,
        }
        lead = self._api("POST", "/api/leads", json=member).json()
        self._ok(self.outside.post(f"/_control/phone/{phone}/send", json={"to": number, "text": "JA"}))
        return lead["id"], phone

    def _status(self) -> dict[str, Any]:
        return dict(self._api("GET", f"/api/provisioning/workspace/{self.workspace_id}/status").json())

    def _api(self, method: str, path: str, **content: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return self._ok(self.outside.request(method, self.product + path, headers=headers, **content))

    @staticmethod
    def _ok(answer: httpx.Response) -> httpx.Response:
        if answer.is_error:
            raise Stuck(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
        return answer

    def _wait(self, look: Any, seconds: float, complaint: str) -> Any:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(POLL)
        state = self._status()["steps"] if self.workspace_id else ""
        raise Stuck(f"{complaint} within {seconds:.0f} s: {state}")
