"""What Meta's pop-up does: a business account with a verified number, and a code for the app."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pilar.sandbox.whatsapp.accounts import add_phone, open_waba
from pilar.sandbox.whatsapp.door import GraphError
from pilar.sandbox.whatsapp.numbers import tell_code
from pilar.sandbox.whatsapp.oauth import issue_code
from pilar.sandbox.whatsapp.state import PhoneNumber
from pilar.sandbox.whatsapp.webhooks import partner_added

if TYPE_CHECKING:
    from pilar.sandbox.state import World


@dataclass(frozen=True)
class Finished:
    code: str
    waba_id: str
    phone_number_id: str
    business_id: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def sign_up(world: World, *, number: str, business_name: str, payment_method: bool = True) -> Finished:
    """Go through the pop-up. Doing it again with the same number and business gives the same ids and a new code.

    Raises GraphError when the number belongs to another business.
    """
    known = world.whatsapp.phones_by_number.get(number)
    phone = _again(world, known, business_name) if known else _first_time(world, number, business_name)
    waba = world.whatsapp.wabas[phone.waba_id]
    waba.payment_method = payment_method
    code = issue_code(world, waba.id)
    partner_added(world, waba)
    return Finished(code, waba.id, phone.id, waba.business_id)


def _first_time(world: World, number: str, business_name: str) -> PhoneNumber:
    waba = open_waba(world.whatsapp, business_name or f"Studio {number}")
    phone = add_phone(world.whatsapp, waba, number, waba.name, verified=False)
    # Meta reads a code to whoever answers there, and the person in the pop-up types it in at once.
    phone.code = f"{secrets.randbelow(10**6):06d}"
    tell_code(world, phone, voice=number in world.twilio.numbers)
    phone.verified, phone.code = True, None
    return phone


def _again(world: World, phone: PhoneNumber, business_name: str) -> PhoneNumber:
    waba = world.whatsapp.wabas[phone.waba_id]
    if business_name and business_name.casefold() != waba.name.casefold():
        raise GraphError(
            100,
            "Invalid parameter",
            subcode=2388012,
            details="Diese Nummer gehört schon zu einem anderen WhatsApp-Unternehmenskonto.",
        )
    phone.verified = True
    return phone
