"""What the countries ask of a business or a person before Twilio may rent them a number.

The German local rules are those of Twilio's regulation "Germany: Local - Business": six facts about the business and
three proofs (registration, identity, address), which one document may give when it carries all three. The other
countries use the same shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from pilar.sandbox.twilio import catalogue
from pilar.sandbox.twilio.state import Json

# The real sid of this one regulation, as people quote it; the others are made up, but constant.
GERMANY_LOCAL_BUSINESS = "RNfd11dde5d4b7252abf96139766f68034"

FIELD_NAMES = {
    "business_name": "Business Name",
    "business_registration_number": "Business Registration Number",
    "business_website": "Business Website",
    "first_name": "First Name",
    "last_name": "Last Name",
    "email": "Email",
    "birth_date": "Date of Birth",
    "phone_number": "Phone Number",
    "comments": "Comments",
    "address_sids": "Address sid(s)",
    "document_number": "Document Number",
    "issue_date": "Issue Date",
    "expiration_date": "Expiration Date",
}
END_USER_FIELDS = {
    "business": (
        "business_name",
        "business_registration_number",
        "business_website",
        "first_name",
        "last_name",
        "email",
    ),
    "individual": ("first_name", "last_name", "birth_date"),
}
OPTIONAL_END_USER_FIELDS = frozenset({"comments", "phone_number", "email", "birth_date"})
DOCUMENT_TYPES = {
    "commercial_registrar_excerpt": "Excerpt from the commercial register",
    "trade_license": "Trade license",
    "tax_document": "Tax document",
    "freelance_certificate": "Certificate of free profession",
    "utility_bill": "Utility bill",
    "government_issued_document": "Government-issued ID",
    "passport": "Passport",
}
REGISTER = ("commercial_registrar_excerpt", "trade_license", "tax_document", "freelance_certificate")
IDENTITY = ("government_issued_document", "passport")


class Proof(NamedTuple):
    """One thing to be shown: by which documents, and which facts they have to carry."""

    requirement: str
    name: str
    types: tuple[str, ...]
    fields: tuple[str, ...]


BUSINESS_PROOFS = (
    Proof("business_registration_info", "Proof of Registration", REGISTER, ("business_registration_number",)),
    Proof("business_name_info", "Proof of Business Identity", REGISTER, ("business_name",)),
    Proof("business_address_proof_info", "Proof of Address", (*REGISTER, "utility_bill"), ("address_sids",)),
)
INDIVIDUAL_PROOFS = (
    Proof("name_info", "Proof of Identity", IDENTITY, ("first_name", "last_name")),
    Proof("address_info", "Proof of Address", (*IDENTITY, "utility_bill"), ("address_sids",)),
)
PROOFS = {"business": BUSINESS_PROOFS, "individual": INDIVIDUAL_PROOFS}


class Regulation(NamedTuple):
    sid: str
    iso_country: str
    number_type: str
    end_user_type: str

    @property
    def friendly_name(self) -> str:
        number_type = self.number_type.replace("-", " ").title()
        return f"{catalogue.NAMES[self.iso_country]}: {number_type} - {self.end_user_type.title()}"


def regulation_sid(country: str, number_type: str, end_user_type: str) -> str:
    if (country, number_type, end_user_type) == ("DE", "local", "business"):
        return GERMANY_LOCAL_BUSINESS
    name = f"{country}:{number_type}:{end_user_type}"
    return "RN" + hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()


def _all() -> Iterator[Regulation]:
    for kind in catalogue.KINDS.values():
        # German local numbers are for businesses only.
        types = ["business"] if (kind.country, kind.type) == ("DE", "local") else ["business", "individual"]
        for end_user_type in types if kind.needs_bundle else []:
            rule = regulation_sid(kind.country, kind.type, end_user_type)
            yield Regulation(rule, kind.country, kind.type, end_user_type)


REGULATIONS = {regulation.sid: regulation for regulation in _all()}


def find(country: str = "", number_type: str = "", end_user_type: str = "") -> list[Regulation]:
    return [
        one
        for one in REGULATIONS.values()
        if country.upper() in {"", one.iso_country}
        and number_type.lower() in {"", one.number_type}
        and end_user_type.lower() in {"", one.end_user_type}
    ]


def detailed_field(name: str) -> Json:
    return {
        "machine_name": name,
        "friendly_name": FIELD_NAMES[name],
        "description": "",
        "constraint": "String",
    }


def _accepted(type_: str, fields: tuple[str, ...]) -> Json:
    return {
        "name": DOCUMENT_TYPES[type_],
        "type": type_,
        "url": f"/SupportingDocuments/{type_}",
        "fields": list(fields),
        "detailed_fields": [detailed_field(name) for name in fields],
    }


def requirements(regulation: Regulation) -> Json:
    fields = END_USER_FIELDS[regulation.end_user_type]
    end_user = {
        "name": regulation.end_user_type.title(),
        "type": regulation.end_user_type,
        "requirement_name": f"{regulation.end_user_type}_info",
        "url": f"/EndUsers/{regulation.end_user_type}",
        "fields": list(fields),
        "detailed_fields": [detailed_field(name) for name in fields],
    }
    proofs = [
        {
            "name": proof.name,
            "type": "document",
            "requirement_name": proof.requirement,
            "description": f"The {proof.name.lower()} of the end user.",
            "accepted_documents": [_accepted(type_, proof.fields) for type_ in proof.types],
        }
        for proof in PROOFS[regulation.end_user_type]
    ]
    return {"end_user": [end_user], "supporting_document": [proofs]}


def regulation_json(regulation: Regulation, base: str) -> Json:
    return {
        "sid": regulation.sid,
        "friendly_name": regulation.friendly_name,
        "iso_country": regulation.iso_country,
        "number_type": regulation.number_type,
        "end_user_type": regulation.end_user_type,
        "requirements": requirements(regulation),
        "url": f"{base}/v2/RegulatoryCompliance/Regulations/{regulation.sid}",
    }
