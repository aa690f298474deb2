"""Voice calls to numbers at Twilio: the VoiceUrl is asked what to do, and the caller speaks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin
from xml.etree import ElementTree

import httpx

from pilar.sandbox.phones import Message
from pilar.sandbox.twilio.callbacks import call_back, signer
from pilar.sandbox.twilio.door import Call, listing, not_found, rfc2822
from pilar.sandbox.twilio.state import Account, Json, Number, now, sid

if TYPE_CHECKING:
    from pilar.sandbox.state import World

# Twilio gives an answer this long before it tries the fallback URL.
ANSWER_SECONDS = 15.0
MAX_TURNS = 8


def ring(world: World, *, caller: str, to: str, speech: str) -> bool:
    """Call a number and say something. True when the number is at Twilio; else the handset gets it as voice."""
    number = world.twilio.numbers.get(to)
    if number is None:
        world.phones.receive(to, Message(sid("CA"), caller, speech, channel="voice"))
        return False
    account = world.twilio.accounts[number.account_sid]
    call_sid = sid("CA")
    account.calls[call_sid] = _call_json(account, call_sid, caller, to)
    if number.settings["VoiceUrl"]:
        task = asyncio.get_running_loop().create_task(_converse(world, account, number, call_sid, speech))
        _TALKING.add(task)
        task.add_done_callback(_TALKING.discard)
    return True


# The loop itself keeps only weak references to tasks.
_TALKING: set[asyncio.Task[None]] = set()


def _call_json(account: Account, call_sid: str, caller: str, to: str) -> Json:
    return {
        "sid": call_sid,
        "account_sid": account.sid,
        "api_version": "2010-04-01",
        "from": caller,
        "to": to,
        "direction": "inbound",
        "status": "ringing",
        "duration": "0",
        "date_created": rfc2822(now()),
        "date_updated": rfc2822(now()),
        "uri": f"/2010-04-01/Accounts/{account.sid}/Calls/{call_sid}.json",
    }


def _parameters(account: Account, call: Json) -> dict[str, str]:
    return {
        "CallSid": call["sid"],
        "AccountSid": account.sid,
        "From": call["from"],
        "To": call["to"],
        "CallStatus": call["status"],
        "Direction": "inbound",
        "ApiVersion": "2010-04-01",
    }


async def _converse(world: World, account: Account, number: Number, call_sid: str, speech: str) -> None:
    call, url, extra = account.calls[call_sid], number.settings["VoiceUrl"], dict[str, str]()
    for _ in range(MAX_TURNS):
        document = await _ask(account, url, {**_parameters(account, call), **extra})
        if document is None and url != (fallback := number.settings["VoiceFallbackUrl"]) and fallback:
            document = await _ask(account, fallback, {**_parameters(account, call), **extra})
        if document is None:
            call["status"] = "failed"
            break
        call["status"] = "in-progress"
        following = _obey(world, account, call, document, url, speech)
        if following is None:
            call["status"] = "completed"
            break
        url, extra = following
    parameters = _parameters(account, call) | {"CallDuration": "12"}
    call_back(world, account, number.settings["StatusCallback"], parameters, event="call.status")


async def _ask(account: Account, url: str, parameters: dict[str, str]) -> ElementTree.Element | None:
    """The TwiML at this URL; None when there is none that Twilio could use (11200, 12100, 12300)."""
    body, sign = urlencode(parameters).encode(), signer(account, url)
    try:
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as client:
            answer = await client.post(sign.url, content=body, headers=dict(sign(body, 0.0)))
        usable = answer.status_code == 200 and "xml" in answer.headers.get("content-type", "")
        return ElementTree.fromstring(answer.content) if usable else None
    except (httpx.HTTPError, ElementTree.ParseError):
        return None


def _obey(
    world: World, account: Account, call: Json, document: ElementTree.Element, url: str, speech: str
) -> tuple[str, dict[str, str]] | None:
    """Do what the TwiML says; the next URL to ask with its parameters, or None at the end of the call."""
    for verb in _verbs(document):
        action = urljoin(url, verb.get("action") or url)
        if verb.tag == "Redirect" and verb.text:
            return urljoin(url, verb.text.strip()), {}
        if verb.tag == "Gather" and "speech" in verb.get("input", "dtmf"):
            return action, {"SpeechResult": speech, "Confidence": "0.96"}
        if verb.tag == "Record":
            recording = {"RecordingSid": sid("RE"), "RecordingUrl": f"https://api.twilio.com/{call['sid']}"}
            _transcribe(world, account, call, verb, url, recording, speech)
            return action, recording | {"RecordingDuration": "9"}
        if verb.tag == "Dial":
            target = (verb.findtext("Number") or verb.text or "").strip()
            world.phones.receive(target, Message(sid("CA"), call["from"], speech, channel="voice"))
            return (action, {"DialCallStatus": "completed"}) if verb.get("action") else None
    return None


def _verbs(document: ElementTree.Element) -> Iterator[ElementTree.Element]:
    for verb in document:
        if verb.tag in {"Hangup", "Reject"}:
            return
        yield verb


def _transcribe(
    world: World,
    account: Account,
    call: Json,
    verb: ElementTree.Element,
    url: str,
    recording: dict[str, str],
    speech: str,
) -> None:
    said = {"TranscriptionText": speech, "TranscriptionStatus": "completed", "TranscriptionSid": sid("TR")}
    wanted = {
        "transcribeCallback": ("call.transcription", said),
        "recordingStatusCallback": ("call.recording", {"RecordingStatus": "completed"}),
    }
    for attribute, (event, extra) in wanted.items():
        if target := verb.get(attribute):
            parameters = _parameters(account, call) | recording | extra
            call_back(world, account, urljoin(url, target), parameters, event=event, delay=0.05)


def find(call: Call) -> Json:
    return listing(call, "calls", reversed(call.account.calls.values()))


def fetch(call: Call) -> Json:
    found = call.account.calls.get(call.part("sid"))
    if found is None:
        raise not_found(call.path)
    return found
