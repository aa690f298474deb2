"""A studio on WhatsApp, as the product would connect it, and its calls to the Graph."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import httpx

from pilar.sandbox.config import Settings
from tests.sandbox.serving import HTTP, Sandbox, eventually

APP = Settings()
MEMBER = "+4915712345678"
TEMPLATE: dict[str, Any] = {
    "name": "nudge",
    "language": "de",
    "category": "MARKETING",
    "parameter_format": "NAMED",
    "components": [
        {
            "type": "BODY",
            "text": "Hallo {{first_name}}, heute schon trainiert? Wir freuen uns auf dich.",
            "example": {"body_text_named_params": [{"param_name": "first_name", "example": "Anna"}]},
        },
        {"type": "FOOTER", "text": "Studio Nord"},
        {
            "type": "BUTTONS",
            "buttons": [{"type": "QUICK_REPLY", "text": "Ja"}, {"type": "QUICK_REPLY", "text": "Stopp"}],
        },
    ],
}


def exchange(sandbox: Sandbox, code: str, **changed: str) -> httpx.Response:
    params = {"client_id": APP.whatsapp_app_id, "client_secret": APP.whatsapp_app_secret, "code": code} | changed
    return HTTP.get(f"{sandbox.url}/v26.0/oauth/access_token", params=params)


@dataclass
class Studio:
    sandbox: Sandbox
    token: str
    waba: str
    phone: str
    number: str

    def call(self, method: str, path: str, body: Any = None, **params: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return HTTP.request(method, f"{self.sandbox.url}/v26.0/{path}", json=body, params=params, headers=headers)

    def register(self, pin: str = "123456") -> httpx.Response:
        return self.call("POST", f"{self.phone}/register", {"messaging_product": "whatsapp", "pin": pin})

    def send(self, to: str = MEMBER, **content: Any) -> httpx.Response:
        body = {"messaging_product": "whatsapp", "to": to.lstrip("+"), **content}
        return self.call("POST", f"{self.phone}/messages", body)

    def text(self, text: str = "Hallo", **more: Any) -> httpx.Response:
        return self.send(type="text", text={"body": text}, **more)

    def template(self, name: str = "nudge", values: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        values = {"first_name": "Anna"} if values is None else values
        given = [{"type": "text", "parameter_name": key, "text": text} for key, text in values.items()]
        components = [{"type": "body", "parameters": given}]
        template = {"name": name, "language": {"code": "de"}, "components": components}
        return self.send(type="template", template=template, **more)

    def approve_template(self) -> None:
        assert self.call("POST", f"{self.waba}/message_templates", TEMPLATE).json()["status"] == "PENDING"
        eventually(lambda: self.templates()[0]["status"] == "APPROVED")

    def templates(self, **params: str) -> list[dict[str, Any]]:
        return list(self.call("GET", f"{self.waba}/message_templates", **params).json()["data"])

    def hears(self, text: str = "Hallo", button: str | None = None, sender: str = MEMBER) -> str:
        """The member writes; the id of the message."""
        body = {"to": self.number, "text": text} | ({"button": button} if button else {})
        return str(self.sandbox.post(f"/_control/phone/{sender}/send", **body)["id"])

    def inbox(self, number: str = MEMBER) -> list[dict[str, Any]]:
        return list(HTTP.get(f"{self.sandbox.url}/_control/phone/{number}").json()["messages"])

    def changes(self, field: str) -> list[dict[str, Any]]:
        """The values of all webhooks about that field, in the order of their arrival."""
        got = [json.loads(one.body) for one in self.sandbox.product.at("/api/webhooks/whatsapp")]
        changes = [change for body in got for entry in body["entry"] for change in entry["changes"]]
        return [change["value"] for change in changes if change["field"] == field]

    def statuses(self) -> list[dict[str, Any]]:
        return [status for value in self.changes("messages") for status in value.get("statuses", [])]

    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.changes("messages") for message in value.get("messages", [])]


def code_of(answer: httpx.Response) -> int:
    return int(answer.json()["error"]["code"])


def connect(sandbox: Sandbox, number: str = "+493012345678", name: str = "Studio Nord") -> Studio:
    """Through the pop-up, subscribed, not yet registered."""
    popup = sandbox.post("/_meta/signup", phone_number=number, business_name=name)
    token = exchange(sandbox, popup["code"]).json()["access_token"]
    studio = Studio(sandbox, token, popup["waba_id"], popup["phone_number_id"], number)
    studio.call("POST", f"{studio.waba}/subscribed_apps").raise_for_status()
    return studio


def online(sandbox: Sandbox, number: str = "+493012345678", name: str = "Studio Nord") -> Studio:
    studio = connect(sandbox, number, name)
    studio.register().raise_for_status()
    return studio
