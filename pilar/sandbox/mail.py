"""SMTP with AUTH, and the mailboxes it fills."""

from __future__ import annotations

import asyncio
import logging
import re
import time
import warnings
from collections import defaultdict
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default as modern
from html.parser import HTMLParser
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

if TYPE_CHECKING:
    from pilar.sandbox.faults import Fault
    from pilar.sandbox.state import World

SMTP_CODES = range(400, 560)
LARGEST_MAIL = 10 * 1024 * 1024


@dataclass
class Mail:
    """One message as its reader sees it; `at` is Unix time."""

    sender: str
    to: list[str]
    subject: str
    text: str
    html: str
    links: list[str]
    at: float

    def as_json(self) -> dict[str, object]:
        return {
            "from": self.sender,
            "to": self.to,
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "links": self.links,
            "at": self.at,
        }


@dataclass
class State:
    boxes: dict[str, list[Mail]] = field(default_factory=lambda: defaultdict(list))
    count: int = 0

    def put(self, mail: Mail) -> None:
        for address in mail.to:
            self.boxes[address.lower()].append(mail)
        self.count += 1


def routes(world: World) -> list[Route]:
    async def mailbox(request: Request) -> Response:
        box = world.mail.boxes.get(request.path_params["address"].lower(), [])
        return JSONResponse([mail.as_json() for mail in box])

    async def addresses(request: Request) -> Response:
        return JSONResponse({address: len(box) for address, box in world.mail.boxes.items()})

    return [Route("/_control/mail", addresses), Route("/_control/mail/{address}", mailbox)]


def read_mail(raw: bytes, recipients: list[str]) -> Mail:
    """Parse a message as it came over the wire."""
    message = message_from_bytes(raw, _class=EmailMessage, policy=modern)
    text = _body(message, "plain")
    html = _body(message, "html")
    return Mail(
        sender=str(message["from"] or ""),
        to=recipients,
        subject=str(message["subject"] or ""),
        text=text,
        html=html,
        links=_links(text, html),
        at=time.time(),
    )


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body(preferencelist=(kind,))
    return str(part.get_content()) if part is not None else ""


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        href = dict(attrs).get("href")
        if tag == "a" and href and href.startswith("http"):
            self.links.append(href)


def _links(text: str, html: str) -> list[str]:
    anchors = _Anchors()
    anchors.feed(html)
    found = [link.rstrip(".,;:!?)>\"'") for link in re.findall(r"https?://\S+", text)]
    return list(dict.fromkeys([*found, *anchors.links]))


class _Handler:
    """What aiosmtpd calls for each step of the dialogue, hence the names."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        refusal = await _misbehave(take(self.world, "ehlo"), server)
        session.host_name = hostname
        return [refusal] if refusal else responses

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await _misbehave(take(self.world, "mail"), server)
        if refusal:
            return refusal
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        refusal = await _misbehave(take(self.world, "rcpt"), server)
        if refusal or address.lower().startswith("unknown@"):
            return refusal or "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        self.world.mail.put(read_mail(raw, list(envelope.rcpt_tos)))
        self.world.touched.add("mail")
        return await _misbehave(take(self.world, "data"), server) or "250 OK queued"


# Where in the dialogue an answer of that kind is given, when a fault does not name the place.
PLACES = {
    "auth": (454, 530, 534, 535, 538),
    "mail": (450, 451, 452),
    "rcpt": (550, 551, 553),
    "data": (552, 554),
}


def place_of(fault: Fault) -> str:
    """The moment at which a fault for the whole of SMTP strikes: ehlo, auth, mail, rcpt or data."""
    if fault.kind == "lost-answer":
        return "data"
    if fault.kind != "status":
        return "ehlo"
    return next((place for place, codes in PLACES.items() if fault.status in codes), "ehlo")


def take(world: World, place: str) -> Fault | None:
    """The fault that strikes at this place of the dialogue."""
    return world.faults.take("smtp", place, lambda fault: fault.operation == place or place_of(fault) == place)


async def _misbehave(fault: Fault | None, server: SMTP) -> str:
    """The refusal that a fault asks for, "" when there is none; cuts the connection when it must."""
    if fault is None:
        return ""
    if fault.kind == "status":
        return f"{fault.status if fault.status in SMTP_CODES else 421} sandbox fault"
    if fault.kind in ("slow", "timeout"):
        await asyncio.sleep((fault.latency_ms or 3_000) / 1000)
    if fault.kind in ("timeout", "reset", "lost-answer") and isinstance(server.transport, asyncio.Transport):
        server.transport.abort()
        return "421 cut"
    return "999 \x00garbage" if fault.kind == "garbage" else ""


async def start_smtp(world: World, *, host: str, port: int) -> asyncio.Server:
    """Listen on the running loop. Mail is taken only after AUTH with the configured user and password.

    Raises:
        OSError: the port is taken.
    """
    settings = world.settings

    def authenticate(
        server: SMTP, session: Session, envelope: Envelope, mechanism: str, auth_data: object
    ) -> AuthResult:
        given = auth_data if isinstance(auth_data, LoginPassword) else LoginPassword(b"", b"")
        wanted = LoginPassword(settings.smtp_user.encode(), settings.smtp_password.encode())
        fault = take(world, "auth")
        refusal = f"{fault.status} sandbox fault" if fault else None
        good = given == wanted and fault is None
        return AuthResult(success=good, handled=False, message=refusal)

    handler = _Handler(world)

    def protocol() -> SMTP:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            return SMTP(
                handler,
                authenticator=authenticate,
                auth_required=True,
                auth_require_tls=False,
                data_size_limit=LARGEST_MAIL,
                enable_SMTPUTF8=True,
                ident="PILAR sandbox",
            )

    # It warns of passwords without TLS; all of this stays on one machine.
    logging.getLogger("mail.log").setLevel(logging.ERROR)

    return await asyncio.get_running_loop().create_server(protocol, host, port)
