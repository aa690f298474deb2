"""The handsets of members: what they received and what they wrote. WhatsApp and Twilio put messages here."""

from __future__ import annotations

import re
import time
from dataclasses import asdict, dataclass, field


def e164(number: str) -> str:
    """`+` and digits only, however the number was written (path, `whatsapp:+49…`, spaces)."""
    return "+" + re.sub(r"\D", "", number)


@dataclass
class Message:
    """One bubble on the handset. `peer` is the other side, a studio's number in E.164 form."""

    id: str
    peer: str
    text: str
    channel: str = "whatsapp"
    kind: str = "text"
    template: str = ""
    language: str = ""
    buttons: list[str] = field(default_factory=list)
    status: str = ""
    at: float = field(default_factory=time.time)


@dataclass
class Phone:
    number: str
    received: list[Message] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)

    def as_json(self) -> dict[str, object]:
        return {
            "number": self.number,
            "messages": [_json(message, sender=message.peer, to=self.number) for message in self.received],
            "sent": [_json(message, sender=self.number, to=message.peer) for message in self.sent],
        }


@dataclass
class Phones:
    """A phone exists as soon as somebody writes to it or it writes."""

    by_number: dict[str, Phone] = field(default_factory=dict)

    def get(self, number: str) -> Phone:
        """The phone with that number, made when it is new."""
        key = e164(number)
        return self.by_number.setdefault(key, Phone(key))

    def receive(self, number: str, message: Message) -> None:
        """A studio's message arrives on this phone."""
        self.get(number).received.append(message)

    def note_sent(self, number: str, message: Message) -> None:
        """This phone wrote a message (the provider tells the product by webhook)."""
        self.get(number).sent.append(message)


def _json(message: Message, *, sender: str, to: str) -> dict[str, object]:
    return {**asdict(message), "from": sender, "to": to}
