"""Whether a bundle holds what its regulation asks for, with Twilio's reasons field by field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pilar.sandbox.twilio.regulations import (
    DOCUMENT_TYPES,
    END_USER_FIELDS,
    FIELD_NAMES,
    PROOFS,
    REGULATIONS,
    Proof,
    Regulation,
)
from pilar.sandbox.twilio.state import Account, Bundle, Document, EndUser, Json

MISSING_END_USER, MISSING_FIELD, MISSING_DOCUMENT, WRONG_VALUE, MISSING_ADDRESS = 22214, 22215, 22216, 22217, 22219


def evaluate(account: Account, bundle: Bundle) -> list[Json]:
    """One result per requirement; the bundle complies when all of them passed."""
    regulation = REGULATIONS[bundle.regulation_sid]
    object_sids = [item["object_sid"] for item in bundle.items.values()]
    end_users = (account.end_users.get(each) for each in object_sids)
    end_user = next((one for one in end_users if one and one.type == regulation.end_user_type), None)
    documents = [account.documents[each] for each in object_sids if each in account.documents]
    known = {"addresses": account.addresses, "end_user": end_user.attributes if end_user else {}}
    proofs = [_judge_proof(proof, documents, known) for proof in PROOFS[regulation.end_user_type]]
    return [_judge_end_user(regulation, end_user), *proofs]


def failure(results: Iterable[Json]) -> tuple[int, str] | None:
    """The first reason why a bundle does not comply; None when it does."""
    for result in results:
        if not result["passed"]:
            fields = result["invalid"]
            worst = result if result["error_code"] in {MISSING_END_USER, MISSING_DOCUMENT} else fields[0]
            return worst["error_code"], worst["failure_reason"]
    return None


def _judge_end_user(regulation: Regulation, end_user: EndUser | None) -> Json:
    kind = regulation.end_user_type.title()
    given = end_user.attributes if end_user else {}
    valid, invalid = [], []
    for field in END_USER_FIELDS[regulation.end_user_type]:
        name = FIELD_NAMES[field]
        reason = f"The {name} is missing. Please enter in a {name} on the {kind} information."
        if str(given.get(field, "")).strip():
            valid.append({"friendly_name": name, "object_field": field})
        else:
            invalid.append(_invalid(field, reason, MISSING_FIELD))
    reason, code = "", None
    if end_user is None:
        reason = f"A {kind} End-User is missing. Please add one to the regulatory bundle."
        code = MISSING_END_USER
    elif invalid:
        reason, code = "Some of the information is missing.", MISSING_FIELD
    return _result(
        kind, regulation.end_user_type, kind, f"{regulation.end_user_type}_info", valid, invalid, reason, code
    )


def _judge_proof(proof: Proof, documents: list[Document], known: dict[str, Any]) -> Json:
    """By the document that fits best: one that proves all, else the first of an accepted type."""
    accepted = [one for one in documents if one.type in proof.types]
    judged = [(one, [_wrong_field(field, one, known) for field in proof.fields]) for one in accepted]
    best = min(judged, key=lambda pair: sum(map(bool, pair[1])), default=None)
    title = DOCUMENT_TYPES[best[0].type if best else proof.types[0]]
    wrong = best[1] if best else [_wrong_field(field, None, known) for field in proof.fields]
    invalid = [each for each in wrong if each]
    valid = [
        {"friendly_name": FIELD_NAMES[field], "object_field": field}
        for field, problem in zip(proof.fields, wrong, strict=True)
        if not problem
    ]
    reason, code = "", None
    if best is None:
        reason = f"{title} is missing. Please add one to the regulatory bundle."
        code = MISSING_DOCUMENT
    elif invalid:
        reason, code = f"{title} lacks information.", WRONG_VALUE
    type_ = best[0].type if best else proof.types[0]
    return _result(title, type_, proof.name, proof.requirement, valid, invalid, reason, code)


def _wrong_field(field: str, document: Document | None, known: dict[str, Any]) -> Json | None:
    value = document.attributes.get(field) if document else None
    name = FIELD_NAMES[field]
    if field == "address_sids":
        sids = value if isinstance(value, list) else [value] if value else []
        if sids and all(each in known["addresses"] for each in sids):
            return None
        return _invalid(
            field, "The Address is missing. Please enter in the address shown on the document.", MISSING_ADDRESS
        )
    if value and str(value).strip() == str(known["end_user"].get(field, value)).strip():
        return None
    reason = f"The {name} is missing. Or, it does not match the {name} you entered within the End-User information."
    return _invalid(field, reason, WRONG_VALUE)


def _invalid(field: str, reason: str, code: int) -> Json:
    return {
        "friendly_name": FIELD_NAMES[field],
        "object_field": field,
        "failure_reason": reason,
        "error_code": code,
    }


def _result(
    title: str,
    object_type: str,
    requirement: str,
    name: str,
    valid: list[Json],
    invalid: list[Json],
    reason: str,
    code: int | None,
) -> Json:
    return {
        "friendly_name": title,
        "object_type": object_type,
        "passed": code is None,
        "failure_reason": reason,
        "error_code": code,
        "valid": valid,
        "invalid": invalid,
        "requirement_friendly_name": requirement,
        "requirement_name": name,
    }
