"""The doors of the providers in the description of the API (reliability T7). They are plain views, because the raw body is
what is signed, so they are described here by hand.
"""

from typing import Any

PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
REFUSALS = {
    "400": "Genuinely signed, yet not what the provider promises",
    "403": "The signature or the verify token does not fit",
    "404": "There is no such kind of report, or no such studio",
    "405": "The method is not accepted",
    "413": "The body is too large (4 MB)",
    "503": "Not configured, or the database is away; see Retry-After",
}
KIND = {
    "name": "kind",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "enum": ["voice", "sms", "status"]},
}
STUDIO = {"name": "workspace_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def add_webhooks(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Postprocessing hook: put the doors beside the routes that are described by themselves."""
    result["paths"] |= _paths()
    return result


def _paths() -> dict[str, Any]:
    return {
        "/api/webhooks/stripe": {
            "post": _door("receiveStripe", "Stripe reports an event.", header="Stripe-Signature", answer=_JSON),
        },
        "/api/webhooks/whatsapp": {
            "get": _challenge("verifyWhatsApp"),
            "post": _door("receiveWhatsApp", "Meta reports messages and states.", header=_META, answer=_JSON),
        },
        "/api/provisioning/whatsapp/webhook/verify": {"get": _challenge("verifyWhatsAppWebhook")},
        "/api/webhooks/twilio/{kind}/{workspace_id}": {
            "post": _door(
                "receiveTwilio",
                "Twilio reports a call, a text or a state of one studio's number.",
                header="X-Twilio-Signature",
                answer=_XML,
                takes="application/x-www-form-urlencoded",
                path=(KIND, STUDIO),
            ),
        },
    }


_META = "X-Hub-Signature-256"
_JSON = {"application/json": {"schema": {"type": "object", "properties": {"received": {"type": "boolean"}}}}}
_XML = {"text/xml": {"schema": {"type": "string"}}}
_TEXT = {"text/plain": {"schema": {"type": "string"}}}


def _door(
    name: str,
    what: str,
    *,
    header: str,
    answer: dict[str, Any],
    takes: str = "application/json",
    path: tuple[dict[str, Any], ...] = (),
) -> dict[str, Any]:
    signature = {"name": header, "in": "header", "required": True, "schema": {"type": "string"}}
    described = f"{what} The signature over the raw body is the credential. The same report again changes nothing."
    return {
        "operationId": name,
        "tags": ["webhooks"],
        "description": described,
        "security": [],
        "parameters": [*path, signature],
        "requestBody": {"required": True, "content": {takes: {"schema": {"type": "object"}}}},
        "responses": _responses("Stored; the work follows", answer),
    }


def _challenge(name: str) -> dict[str, Any]:
    names = ("hub.mode", "hub.verify_token", "hub.challenge")
    return {
        "operationId": name,
        "tags": ["webhooks"],
        "description": "Answers Meta's challenge when the verify token fits.",
        "security": [],
        "parameters": [{"name": each, "in": "query", "schema": {"type": "string"}} for each in names],
        "responses": _responses("The challenge", _TEXT),
    }


def _responses(good: str, answer: dict[str, Any]) -> dict[str, Any]:
    refusals = {status: {"description": text, "content": PROBLEM} for status, text in REFUSALS.items()}
    return {"200": {"description": good, "content": answer}, **refusals}
