"""What the model wrote is not trusted (reliability S7): checked by rule before anybody reads it.

A failed check never reaches the person: the fixed text does, and a person of the studio takes over.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from coach.agent.language import detect

LONGEST = 900
_LINK = re.compile(
    r"(?:https?://|www\.)\S+|\b[\w-]+(?:\.[\w-]+)*\.(?:com|de|net|org|io|eu|at|ch|app|link|ly|me|info|shop)\b(?:/\S*)?",
    re.I,
)
_PHONE = re.compile(r"(?<![\w.,])\+?\d(?:[ ()/-]{0,2}\d){7,14}(?!\w)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
_PRICE = re.compile(r"(?:€|\$|£|\beuros?\b|\bEUR\b)\s?\d|\d\s?(?:€|\$|£|\beuros?\b|\bEUR\b)", re.I)
_PROMISE = re.compile(
    r"garantier|guarantee|garantiz|garanti[rs]|garantisc|kostenlos|gratis|for free|gratuit|rabatt|discount|descuento|sconto",
    re.I,
)
_BODY = re.compile(
    r"\b(?:kcal|kalorien\w*|calor\w+|defizit|deficit|abnehmen|bmi)\b|\d\s?(?:kg|kilo|pounds|lbs)\b", re.I
)
_MACHINE = re.compile(
    r"```|<\w+[^>]*>|\{\{|system prompt|as an ai language model|ich bin ein sprachmodell|instructions?:", re.I
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may appear: the person's language, the studio's web hosts, its numbers and mail, and the text of its facts."""

    language: str
    hosts: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    facts: str = ""
    canary: str = ""


def fault(text: str, allowed: Allowed) -> str | None:
    """Return the name of the first failed check, or None when the text may be sent."""
    if not text.strip():
        return "empty"
    if len(text) > LONGEST:
        return "too_long"
    if _MACHINE.search(text) or (allowed.canary and allowed.canary in text):
        return "machine_text"
    if _foreign_link(text, allowed.hosts) or _EMAIL.search(text):
        return "link"
    if any(_digits(found) not in allowed.phones for found in _PHONE.findall(_DATE.sub("", text))):
        return "phone_number"
    if _PROMISE.search(text) or _unknown_price(text, allowed.facts):
        return "price_or_promise"
    if _BODY.search(text):
        return "body_or_diet"
    spoken = detect(text)
    return "language" if spoken and spoken != allowed.language else None


def _foreign_link(text: str, hosts: frozenset[str]) -> bool:
    return any(_host(found.group()) not in hosts for found in _LINK.finditer(_EMAIL.sub("", text)))


def _host(link: str) -> str:
    address = link if "://" in link else f"https://{link}"
    return (urlsplit(address).hostname or "").removeprefix("www.")


def _digits(number: str) -> str:
    return re.sub(r"\D", "", number)


def _unknown_price(text: str, facts: str) -> bool:
    known = set(re.findall(r"\d+(?:[.,]\d+)?", facts))
    return any(
        not set(re.findall(r"\d+(?:[.,]\d+)?", text[max(0, m.start() - 8) : m.end() + 6])) <= known
        for m in _PRICE.finditer(text)
    )
