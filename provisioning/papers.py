"""Which facts and papers a country's rule wants, and which of them the studio has given (providers.md 2.3).

The form is driven by the regulation that Twilio describes, so that a change of the rule changes what we ask.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pilar.providers.twilio.compliance import PostalAddress, Regulation
from workspaces.models import StudioDocument, StudioProfile

TYPE_OF_PAPER = {
    "register_extract": "commercial_registrar_excerpt",
    "trade_licence": "trade_license",
    "address_proof": "utility_bill",
    "identity": "government_issued_document",
}


@dataclass(frozen=True, slots=True)
class PaperPlan:
    """One document to hand in, with the facts it must carry; `address_sids` is filled in when the address exists."""

    document: StudioDocument
    kind: str
    fields: tuple[str, ...]


def facts(profile: StudioProfile) -> dict[str, str]:
    """Return what we know of the business under the names that Twilio uses."""
    first, _space, last = profile.representative_name.strip().rpartition(" ")
    return {
        "business_name": profile.legal_name,
        "business_registration_number": profile.register_number or profile.vat_id,
        "business_website": profile.website,
        "first_name": first or last,
        "last_name": last,
        "email": profile.representative_email,
    }


def wanted_facts(rule: Regulation) -> list[str]:
    """Return the names of the fields that the rule wants of the end user."""
    return [name for part in rule.requirements.get("end_user", []) for name in part.get("fields", [])]


def missing_facts(rule: Regulation, profile: StudioProfile) -> list[str]:
    """Return the names of the wanted facts that the studio has not given."""
    known = facts(profile)
    return [name for name in wanted_facts(rule) if name in known and not known[name]]


def in_words(names: list[str]) -> str:
    """Return what the studio calls these facts."""
    return ", ".join(str(_WORDS[name]()) for name in names)


_WORDS = {
    "business_name": lambda: _("name in the register"),
    "business_registration_number": lambda: _("registration number"),
    "business_website": lambda: _("website"),
    "first_name": lambda: _("first name of the representative"),
    "last_name": lambda: _("last name of the representative"),
    "email": lambda: _("e-mail of the representative"),
}


def plan(rule: Regulation, documents: list[StudioDocument]) -> tuple[list[PaperPlan], list[str]]:
    """Return the papers to hand in, and the names of the proofs for which none was uploaded."""
    by_type = {TYPE_OF_PAPER[document.kind]: document for document in documents if document.kind in TYPE_OF_PAPER}
    chosen: dict[str, set[str]] = {}
    lacking = []
    for proof in _proofs(rule):
        accepted = {one["type"]: one.get("fields", []) for one in proof.get("accepted_documents", [])}
        kind = next((kind for kind in accepted if kind in by_type), None)
        if kind is None:
            lacking.append(str(proof.get("name", "")))
        else:
            chosen.setdefault(kind, set()).update(accepted[kind])
    plans = [PaperPlan(by_type[kind], kind, tuple(sorted(fields))) for kind, fields in chosen.items()]
    return plans, lacking


def _proofs(rule: Regulation) -> Iterator[dict[str, Any]]:
    for group in rule.requirements.get("supporting_document", []):
        yield from group if isinstance(group, list) else [group]


def address(profile: StudioProfile) -> PostalAddress:
    """Return the studio's address as Twilio takes it."""
    return PostalAddress(
        customer_name=profile.legal_name,
        street=profile.street,
        postal_code=profile.postal_code,
        city=profile.city,
        country=profile.country,
    )


def digest(*parts: str) -> str:
    """Return a short mark of the content, so that changed data makes a new thing and unchanged data finds the old one."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:10]
