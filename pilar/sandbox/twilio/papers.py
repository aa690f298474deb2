"""Addresses, end users and supporting documents: the papers that a bundle is made of."""

from __future__ import annotations

import json
import re

from pilar.sandbox.twilio import regulations
from pilar.sandbox.twilio.catalogue import NAMES
from pilar.sandbox.twilio.door import Call, TwilioError, iso8601, listing, not_found, results, rfc2822
from pilar.sandbox.twilio.state import Address, Document, EndUser, Json, now, sid

POSTAL_CODES = {
    "AT": r"\d{4}", "CH": r"\d{4}", "DE": r"\d{5}", "ES": r"\d{5}", "FR": r"\d{5}", "IT": r"\d{5}",
    "GB": r"[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}", "US": r"\d{5}(-\d{4})?",
}  # fmt: skip
PO_BOX = re.compile(r"\b(postfach|p\.?\s?o\.?\s?box|apartado|bo[iî]te postale)\b", re.IGNORECASE)
FILE_TYPES = {"application/pdf", "image/jpeg", "image/png"}
MAX_FILE_BYTES = 5 * 1024 * 1024


def address_json(address: Address) -> Json:
    return {
        "sid": address.sid,
        "account_sid": address.account_sid,
        "friendly_name": address.friendly_name,
        "customer_name": address.customer_name,
        "street": address.street,
        "street_secondary": address.street_secondary,
        "city": address.city,
        "region": address.region,
        "postal_code": address.postal_code,
        "iso_country": address.iso_country,
        "validated": True,
        "verified": False,
        "emergency_enabled": False,
        "date_created": rfc2822(address.created),
        "date_updated": rfc2822(address.created),
        "uri": f"/2010-04-01/Accounts/{address.account_sid}/Addresses/{address.sid}.json",
    }


def create_address(call: Call) -> tuple[int, Json]:
    call.needs("CustomerName", "Street", "City", "Region", "PostalCode", "IsoCountry")
    country, street = call.text("IsoCountry").upper(), call.text("Street").strip()
    _validate(country, street, call.text("PostalCode").strip().upper())
    address = Address(
        sid=sid("AD"),
        account_sid=call.account.sid,
        customer_name=call.text("CustomerName"),
        street=street,
        city=call.text("City").strip(),
        region=call.text("Region"),
        postal_code=call.text("PostalCode").strip(),
        iso_country=country,
        friendly_name=call.text("FriendlyName"),
        street_secondary=call.text("StreetSecondary") or None,
    )
    call.account.addresses[address.sid] = address
    # 201 is what the documentation says of other resources; addresses answer the same.
    return 201, address_json(address)


def _validate(country: str, street: str, postal_code: str) -> None:
    known = country in NAMES and re.fullmatch(POSTAL_CODES[country], postal_code)
    if not known or PO_BOX.search(street) or not re.search(r"\d", street):
        raise TwilioError(400, 21628, "The address could not be validated; check street, number and postal code.")


def find_addresses(call: Call) -> Json:
    wanted = {
        "customer_name": call.query.get("CustomerName"),
        "friendly_name": call.query.get("FriendlyName"),
        "iso_country": call.query.get("IsoCountry"),
    }
    rows = (address_json(one) for one in reversed(call.account.addresses.values()))
    fitting = (row for row in rows if all(value in {None, row[name]} for name, value in wanted.items()))
    return listing(call, "addresses", fitting)


def _address(call: Call) -> Address:
    address = call.account.addresses.get(call.part("sid"))
    if address is None:
        raise not_found(call.path)
    return address


def fetch_address(call: Call) -> Json:
    return address_json(_address(call))


def update_address(call: Call) -> Json:
    address = _address(call)
    street, code = call.text("Street", address.street), call.text("PostalCode", address.postal_code)
    _validate(address.iso_country, street, code.upper())
    address.street, address.postal_code = street, code
    address.city, address.region = call.text("City", address.city), call.text("Region", address.region)
    address.customer_name = call.text("CustomerName", address.customer_name)
    address.friendly_name = call.text("FriendlyName", address.friendly_name)
    return address_json(address)


def delete_address(call: Call) -> tuple[int, None]:
    address = _address(call)
    if any(number.settings["AddressSid"] == address.sid for number in call.account.numbers.values()):
        raise TwilioError(409, 21640, "The address is in use by a phone number")
    del call.account.addresses[address.sid]
    return 204, None


def attributes_of(call: Call, allowed: frozenset[str]) -> Json:
    """The ``Attributes`` parameter, a JSON object. Raises 20001 for anything else or an unknown name."""
    try:
        attributes = json.loads(call.text("Attributes") or "{}")
    except ValueError as error:
        raise TwilioError(400, 20001, "Attributes is not valid JSON") from error
    if not isinstance(attributes, dict):
        raise TwilioError(400, 20001, "Attributes has to be a JSON object")
    if extra := sorted(set(attributes) - allowed):
        raise TwilioError(400, 20001, f"Attribute(s) not mapped to object: {', '.join(extra)}")
    return attributes


def _end_user_fields(type_: str) -> frozenset[str]:
    fields = regulations.END_USER_FIELDS.get(type_)
    if fields is None:
        raise TwilioError(400, 22200, f"Invalid End-User Type: {type_}")
    return frozenset(fields) | regulations.OPTIONAL_END_USER_FIELDS


def end_user_json(call: Call, end_user: EndUser) -> Json:
    return {
        "sid": end_user.sid,
        "account_sid": end_user.account_sid,
        "friendly_name": end_user.friendly_name,
        "type": end_user.type,
        "attributes": end_user.attributes,
        "date_created": iso8601(end_user.created),
        "date_updated": iso8601(end_user.updated),
        "url": call.url(f"/v2/RegulatoryCompliance/EndUsers/{end_user.sid}"),
    }


def create_end_user(call: Call) -> tuple[int, Json]:
    call.needs("FriendlyName", "Type")
    type_ = call.text("Type")
    attributes = attributes_of(call, _end_user_fields(type_))
    end_user = EndUser(sid("IT"), call.account.sid, call.text("FriendlyName"), type_, attributes)
    call.account.end_users[end_user.sid] = end_user
    return 201, end_user_json(call, end_user)


def find_end_users(call: Call) -> Json:
    return results(call, (end_user_json(call, one) for one in reversed(call.account.end_users.values())))


def _end_user(call: Call) -> EndUser:
    end_user = call.account.end_users.get(call.part("sid"))
    if end_user is None:
        raise not_found(call.path)
    return end_user


def fetch_end_user(call: Call) -> Json:
    return end_user_json(call, _end_user(call))


def update_end_user(call: Call) -> Json:
    end_user = _end_user(call)
    end_user.friendly_name = call.text("FriendlyName", end_user.friendly_name)
    if "Attributes" in call.form:
        end_user.attributes = attributes_of(call, _end_user_fields(end_user.type))
    end_user.updated = now()
    return end_user_json(call, end_user)


def delete_end_user(call: Call) -> tuple[int, None]:
    del call.account.end_users[_end_user(call).sid]
    return 204, None


def document_json(call: Call, document: Document) -> Json:
    return {
        "sid": document.sid,
        "account_sid": document.account_sid,
        "friendly_name": document.friendly_name,
        "mime_type": document.mime_type,
        "status": document.status,
        "failure_reason": None,
        "errors": None,
        "type": document.type,
        "attributes": document.attributes,
        "date_created": iso8601(document.created),
        "date_updated": iso8601(document.updated),
        "url": call.url(f"/v2/RegulatoryCompliance/SupportingDocuments/{document.sid}"),
    }


DOCUMENT_FIELDS = frozenset(regulations.FIELD_NAMES)


def create_document(call: Call) -> tuple[int, Json]:
    """Form fields alone, or with a file when it comes to ``numbers-upload.twilio.com``."""
    call.needs("FriendlyName", "Type")
    type_, upload = call.text("Type"), call.file("File")
    if type_ not in regulations.DOCUMENT_TYPES:
        raise TwilioError(400, 20001, f"Document type not found: {type_}")
    if upload is not None and upload.content_type not in FILE_TYPES:
        raise TwilioError(400, 20001, "File has to be a PDF, JPEG or PNG")
    if upload is not None and (upload.size or 0) > MAX_FILE_BYTES:
        raise TwilioError(413, 20001, "File is larger than 5 MB")
    document = Document(
        sid=sid("RD"),
        account_sid=call.account.sid,
        friendly_name=call.text("FriendlyName"),
        type=type_,
        attributes=attributes_of(call, DOCUMENT_FIELDS),
        mime_type=upload.content_type if upload else None,
        status="pending-review" if upload else "draft",
    )
    call.account.documents[document.sid] = document
    return 201, document_json(call, document)


def find_documents(call: Call) -> Json:
    return results(call, (document_json(call, one) for one in reversed(call.account.documents.values())))


def _document(call: Call) -> Document:
    document = call.account.documents.get(call.part("sid"))
    if document is None:
        raise not_found(call.path)
    return document


def fetch_document(call: Call) -> Json:
    return document_json(call, _document(call))


def update_document(call: Call) -> Json:
    document = _document(call)
    document.friendly_name = call.text("FriendlyName", document.friendly_name)
    if "Attributes" in call.form:
        document.attributes = attributes_of(call, DOCUMENT_FIELDS)
    document.updated = now()
    return document_json(call, document)


def delete_document(call: Call) -> tuple[int, None]:
    del call.account.documents[_document(call).sid]
    return 204, None
