"""Phone numbers: search, buy, check, repair, release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from pilar.sandbox.twilio import catalogue
from pilar.sandbox.twilio.door import Call, TwilioError, listing, not_found, rfc2822
from pilar.sandbox.twilio.regulations import regulation_sid
from pilar.sandbox.twilio.state import Account, Json, Number, Offer, now, sid

E164 = re.compile(r"\+[1-9]\d{6,14}\Z")
TYPES = {"Local": "local", "Mobile": "mobile", "National": "national", "TollFree": "toll-free"}
URLS = ("VoiceUrl", "VoiceFallbackUrl", "SmsUrl", "SmsFallbackUrl", "StatusCallback")
METHODS = ("VoiceMethod", "VoiceFallbackMethod", "SmsMethod", "SmsFallbackMethod", "StatusCallbackMethod")
SETTINGS = (*URLS, *METHODS, "AddressSid", "BundleSid", "VoiceApplicationSid", "SmsApplicationSid", "TrunkSid")
DEFAULT_OFFERS = 30
# A number that ends like this is bought by somebody else at the last moment, for those who want to see that.
SNATCHED_SUFFIX = "0422"


def search(call: Call) -> Json:
    country, type_ = call.part("country").upper(), TYPES.get(call.part("kind"), "")
    kind = catalogue.KINDS.get((country, type_))
    if kind is None:
        raise not_found(call.path)
    wanted = _page_size(call)
    if not _fits(call, kind):
        wanted = 0
    numbers = [catalogue.offer(kind, number, place) for number, place in _make_offers(call, kind, wanted)]
    return {"available_phone_numbers": numbers, "uri": call.path}


def _page_size(call: Call) -> int:
    try:
        return min(max(int(call.query.get("PageSize", DEFAULT_OFFERS)), 0), DEFAULT_OFFERS)
    except ValueError as error:
        raise TwilioError(400, 20006, "PageSize is not a number") from error


def _fits(call: Call, kind: catalogue.Kind) -> bool:
    asked = {"VoiceEnabled": kind.voice, "SmsEnabled": kind.sms, "MmsEnabled": False, "FaxEnabled": False}
    barred = call.query.get("ExcludeLocalAddressRequired") == "true" and kind.address == "local"
    barred |= call.query.get("ExcludeAllAddressRequired") == "true" and kind.address != "none"
    return not barred and all(call.query.get(name) != "true" or able for name, able in asked.items())


def _make_offers(call: Call, kind: catalogue.Kind, wanted: int) -> Iterator[tuple[str, str | None]]:
    pattern = call.query.get("Contains", "")
    tail = "" if pattern.startswith("+") else re.sub(r"\D", "", pattern)
    places = [each for each in _places(call, kind) if _begins(f"+{kind.calling_code}{each[1]}", pattern)]
    made = 0
    while places and made < wanted:
        place, prefix = places[made % len(places)]
        number = catalogue.make_number(kind, prefix, call.state.offered)
        call.state.offered += 1
        if pattern.startswith("+"):
            number = pattern.rstrip("*") + number[len(pattern.rstrip("*")) :]
        if tail:
            number = number[: -len(tail)] + tail if len(tail) < len(number) - 4 else number
        if number in call.state.numbers:
            continue
        call.state.offers[number] = Offer(kind.country, kind.type, place)
        made += 1
        yield number, place


def _begins(prefix: str, pattern: str) -> bool:
    """``Contains`` may be the beginning of a number in E.164 form, such as ``+4930``; anything else is its end."""
    wanted = pattern.rstrip("*")
    return not wanted.startswith("+") or prefix.startswith(wanted) or wanted.startswith(prefix)


def _places(call: Call, kind: catalogue.Kind) -> list[tuple[str | None, str]]:
    """The places and prefixes that the search allows, at most one when it names a town or a prefix."""
    area = call.query.get("AreaCode", "").lstrip("0") if kind.country != "IT" else call.query.get("AreaCode", "")
    if area and not area.isdigit():
        raise TwilioError(400, 21451, f"Invalid area code: {area}")
    town = call.query.get("InLocality") or call.query.get("InRegion")
    if kind.type != "local":
        return [(None, prefix) for prefix in kind.prefixes.values()]
    if town:
        return [catalogue.place_prefix(kind, town)]
    if area:
        return [(name, prefix) for name, prefix in kind.prefixes.items() if prefix == area]
    return list(kind.prefixes.items())


def countries(call: Call) -> Json:
    return {"countries": [_country(call, code) for code in catalogue.NAMES], "uri": call.path}


def _country(call: Call, code: str) -> Json:
    base = f"/2010-04-01/Accounts/{call.account.sid}/AvailablePhoneNumbers/{code}"
    kinds = {name: kind for name, kind in TYPES.items() if (code, kind) in catalogue.KINDS}
    return {
        "country_code": code,
        "country": catalogue.NAMES[code],
        "uri": f"{base}.json",
        "beta": False,
        "subresource_uris": {kind.replace("-", "_"): f"{base}/{name}.json" for name, kind in kinds.items()},
    }


def country(call: Call) -> Json:
    code = call.part("country").upper()
    if code not in catalogue.NAMES:
        raise not_found(call.path)
    return _country(call, code)


def buy(call: Call) -> tuple[int, Json]:
    """Buying costs money and is not repeatable: a number can be bought once."""
    phone = call.text("PhoneNumber").replace(" ", "")
    if not phone and call.text("AreaCode"):
        raise TwilioError(400, 21452, f"No phone numbers found in area code {call.text('AreaCode')}")
    call.needs("PhoneNumber")
    if not E164.match(phone):
        raise TwilioError(400, 21421, f"PhoneNumber is invalid: {phone}")
    offer = call.state.offers.get(phone)
    if offer is None or phone in call.state.numbers:
        raise TwilioError(400, 21422, f"{phone} is not available.")
    if phone.endswith(SNATCHED_SUFFIX):
        del call.state.offers[phone]
        raise TwilioError(400, 21422, f"{phone} is not available.")
    _check_urls(call)
    kind = catalogue.KINDS[offer.iso_country, offer.type]
    _check_papers(call, kind, offer)
    number = _own(call, phone, kind, offer)
    return 201, number_json(number)


def _own(call: Call, phone: str, kind: catalogue.Kind, offer: Offer) -> Number:
    number = Number(
        sid=sid("PN"),
        account_sid=call.account.sid,
        phone_number=phone,
        iso_country=kind.country,
        type=kind.type,
        locality=offer.locality,
        friendly_name=call.text("FriendlyName", phone),
        capabilities={"voice": kind.voice, "sms": kind.sms, "mms": False, "fax": False},
        address_requirements=kind.address,
        settings={name: call.text(name, "POST" if name in METHODS else "") for name in SETTINGS},
    )
    call.account.numbers[number.sid] = call.state.numbers[phone] = number
    del call.state.offers[phone]
    return number


def _check_urls(call: Call) -> None:
    for name in URLS:
        url = call.text(name)
        if url and (urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname):
            code = 21502 if name == "StatusCallback" else 21402
            raise TwilioError(400, code, f"{name} is not a valid URL: {url}")
    for name in METHODS:
        if call.text(name, "POST") not in {"GET", "POST"}:
            raise TwilioError(400, 21403, f"{name} is not valid: {call.text(name)}")


def _check_papers(call: Call, kind: catalogue.Kind, offer: Offer) -> None:
    """Raises 21649 without an approved bundle, 21631 without an address, 18039 and 21615 for a wrong one."""
    if kind.needs_bundle:
        _check_bundle(call.account, call.text("BundleSid"), kind)
    if kind.address == "none":
        return
    if not call.text("AddressSid"):
        raise TwilioError(400, 21631, "Phone Number Requires an Address but the 'AddressSid' parameter was empty.")
    address = call.account.addresses.get(call.text("AddressSid"))
    if address is None:
        raise not_found(f"/Addresses/{call.text('AddressSid')}")
    if kind.address == "local" and address.iso_country != kind.country:
        raise TwilioError(400, 18039, "The address is not in the country of the phone number.")
    if kind.address == "local" and not catalogue.same_place(address.city, offer.locality):
        message = f"Phone Number Requires a Local Address: it has to be in {offer.locality}."
        raise TwilioError(400, 21615, message)


def _check_bundle(account: Account, bundle_sid: str, kind: catalogue.Kind) -> None:
    bundle = account.bundles.get(bundle_sid)
    approved = bundle is not None and bundle.status in {"twilio-approved", "provisionally-approved"}
    fits = bundle is not None and bundle.regulation_sid in {
        regulation_sid(kind.country, kind.type, type_) for type_ in ("business", "individual")
    }
    if not (approved and fits):
        message = "Bundle required: this number needs an approved bundle of its country and number type."
        raise TwilioError(400, 21649, message)


def number_json(number: Number) -> Json:
    kept = number.settings
    return {
        "sid": number.sid,
        "account_sid": number.account_sid,
        "phone_number": number.phone_number,
        "friendly_name": number.friendly_name,
        "capabilities": number.capabilities,
        "address_requirements": number.address_requirements,
        "address_sid": kept["AddressSid"] or None,
        "bundle_sid": kept["BundleSid"] or None,
        "identity_sid": None,
        "api_version": "2010-04-01",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "type": number.type,
        "voice_url": kept["VoiceUrl"],
        "voice_method": kept["VoiceMethod"],
        "voice_fallback_url": kept["VoiceFallbackUrl"],
        "voice_fallback_method": kept["VoiceFallbackMethod"],
        "voice_caller_id_lookup": False,
        "voice_receive_mode": "voice",
        "voice_application_sid": kept["VoiceApplicationSid"],
        "sms_url": kept["SmsUrl"],
        "sms_method": kept["SmsMethod"],
        "sms_fallback_url": kept["SmsFallbackUrl"],
        "sms_fallback_method": kept["SmsFallbackMethod"],
        "sms_application_sid": kept["SmsApplicationSid"],
        "status_callback": kept["StatusCallback"],
        "status_callback_method": kept["StatusCallbackMethod"],
        "trunk_sid": kept["TrunkSid"] or None,
        "emergency_status": "Inactive",
        "emergency_address_sid": None,
        "emergency_address_status": "unregistered",
        "date_created": rfc2822(number.created),
        "date_updated": rfc2822(number.updated),
        "uri": f"/2010-04-01/Accounts/{number.account_sid}/IncomingPhoneNumbers/{number.sid}.json",
    }


def find(call: Call) -> Json:
    """By ``PhoneNumber`` (a part of it will do, as at Twilio) and ``FriendlyName`` (exact)."""
    name, phone = call.query.get("FriendlyName"), call.query.get("PhoneNumber", "").replace("*", "").strip()
    exact = call.state.numbers.get(phone)
    rows: list[Number] = list(reversed(call.account.numbers.values()))
    if exact is not None:
        rows = [exact] if exact.account_sid == call.account.sid else []
    fitting = (one for one in rows if phone in one.phone_number and name in {None, one.friendly_name})
    return listing(call, "incoming_phone_numbers", (number_json(one) for one in fitting))


def _number(call: Call) -> Number:
    number = call.account.numbers.get(call.part("sid"))
    if number is None:
        raise not_found(call.path)
    return number


def fetch(call: Call) -> Json:
    return number_json(_number(call))


def update(call: Call) -> Json:
    number = _number(call)
    _check_urls(call)
    for name in SETTINGS:
        if name in call.form:
            number.settings[name] = call.text(name)
    number.friendly_name = call.text("FriendlyName", number.friendly_name)
    number.updated = now()
    return number_json(number)


def release(call: Call) -> tuple[int, None]:
    number = _number(call)
    del call.account.numbers[number.sid], call.state.numbers[number.phone_number]
    return 204, None
