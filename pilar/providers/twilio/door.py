"""POST /api/webhooks/twilio/{voice|sms|status}/<workspace>. Answers TwiML."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import tenant
from pilar.kernel.errors import NotConfigured
from pilar.providers import doors
from pilar.providers.twilio import webhook
from pilar.providers.twilio.client import TwilioAccount, own_account

SPOKEN = "de-DE"
"""In which language calls are answered, as Twilio names it: with its country."""


@doors.door("twilio")
def receive(request: HttpRequest, kind: str, workspace_id: str) -> HttpResponse:
    """Take a report about one workspace's number, signed with that workspace's own token."""
    body, studio = doors.raw_body(request), _studio(workspace_id)
    is_form = request.content_type == "application/x-www-form-urlencoded"
    params = webhook.parse(body) if is_form else {}
    account = _account(studio)
    header = request.headers.get("X-Twilio-Signature", "")
    webhook.verify(settings.PUBLIC_BASE_URL + request.get_full_path(), params, header, account.token, body=body)
    _require_same_account(account, params)
    digest = sha256(f"{kind}:".encode() + body).hexdigest()
    doors.accept(request, provider="twilio", account=account.sid, event_id=digest, workspace_id=studio, kind=kind)
    return HttpResponse(_answer(kind), content_type="text/xml")


def _studio(text: str) -> UUID:
    """The route takes capital letters too, and digits that make no id."""
    try:
        return UUID(text)
    except ValueError as error:
        raise doors.BadSignature("the address names no workspace") from error


def _account(workspace_id: UUID) -> TwilioAccount:
    """An unknown workspace must look like a bad signature, or the door would tell which workspaces exist."""
    try:
        with tenant(workspace_id):
            return own_account()
    except NotConfigured as error:
        raise doors.BadSignature("the workspace has no Twilio account") from error


def _require_same_account(account: TwilioAccount, params: Mapping[str, Sequence[str]]) -> None:
    claimed = params.get("AccountSid", [account.sid])
    if list(claimed) != [account.sid]:
        raise doors.BadSignature("the report is about another account")


def _answer(kind: str) -> str:
    if kind != "voice":
        return '<?xml version="1.0" encoding="UTF-8"?><Response/>'
    with translation.override(SPOKEN):
        text = escape(_("This number takes no calls. Please write to us on WhatsApp."))
    return f'<?xml version="1.0" encoding="UTF-8"?><Response><Say language="{SPOKEN}">{text}</Say><Hangup/></Response>'
