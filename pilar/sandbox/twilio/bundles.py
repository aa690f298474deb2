"""Regulatory bundles: put together, evaluated, submitted, decided by people at Twilio, copied to a subaccount."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING

from pilar.sandbox.twilio import regulations
from pilar.sandbox.twilio.callbacks import call_back
from pilar.sandbox.twilio.door import Call, TwilioError, iso8601, not_found, results
from pilar.sandbox.twilio.evaluation import evaluate, failure
from pilar.sandbox.twilio.state import Account, Bundle, Json, now, sid

if TYPE_CHECKING:
    from pilar.sandbox.state import World

# From where to where the customer may move a bundle; the rest is for Twilio's reviewers.
MOVES = {
    "draft": {"pending-review"},
    "pending-review": {"draft"},
    "twilio-rejected": {"draft", "pending-review"},
    "provisionally-approved": {"draft"},
    "twilio-approved": {"draft"},
}
STATUSES = {*MOVES, "in-review"}
UNDER_REVIEW = frozenset({"pending-review", "in-review"})
REJECTION = "The business name in the proof of registration does not match the end user's business name."
LONGEST_WAIT_SECONDS = 1.0


def bundle_json(call: Call, bundle: Bundle) -> Json:
    url = call.url(f"/v2/RegulatoryCompliance/Bundles/{bundle.sid}")
    return {
        "sid": bundle.sid,
        "account_sid": bundle.account_sid,
        "regulation_sid": bundle.regulation_sid,
        "friendly_name": bundle.friendly_name,
        "status": bundle.status,
        "failure_reason": bundle.failure_reason,
        "valid_until": None,
        "email": bundle.email,
        "status_callback": bundle.status_callback,
        "date_created": iso8601(bundle.created),
        "date_updated": iso8601(bundle.updated),
        "url": url,
        "links": {
            "evaluations": f"{url}/Evaluations",
            "item_assignments": f"{url}/ItemAssignments",
            "bundle_copies": f"{url}/Copies",
        },
    }


def list_regulations(call: Call) -> Json:
    query = call.query
    found = regulations.find(query.get("IsoCountry", ""), query.get("NumberType", ""), query.get("EndUserType", ""))
    return results(call, (regulations.regulation_json(one, call.url("")) for one in found))


def fetch_regulation(call: Call) -> Json:
    regulation = regulations.REGULATIONS.get(call.part("sid"))
    if regulation is None:
        raise not_found(call.path)
    return regulations.regulation_json(regulation, call.url(""))


def _regulation_for(call: Call) -> str:
    given = call.text("RegulationSid")
    if given:
        if given not in regulations.REGULATIONS:
            raise TwilioError(400, 20001, f"Regulation not found: {given}")
        return given
    call.needs("IsoCountry", "NumberType", "EndUserType")
    found = regulations.find(call.text("IsoCountry"), call.text("NumberType"), call.text("EndUserType"))
    if not found:
        raise TwilioError(400, 22200, "Invalid End-User Type or Number Type")
    return found[0].sid


def create(call: Call) -> tuple[int, Json]:
    call.needs("FriendlyName", "Email")
    regulation_sid, callback = _regulation_for(call), call.text("StatusCallback") or None
    bundle = Bundle(
        sid("BU"), call.account.sid, regulation_sid, call.text("FriendlyName"), call.text("Email"), callback
    )
    _keep(call, call.account, bundle)
    return 201, bundle_json(call, bundle)


def _keep(call: Call, account: Account, bundle: Bundle) -> None:
    account.bundles[bundle.sid] = call.state.bundles[bundle.sid] = bundle


def find(call: Call) -> Json:
    query = call.query
    wanted = {"status": query.get("Status"), "friendly_name": query.get("FriendlyName")}
    wanted["regulation_sid"] = query.get("RegulationSid")
    country, type_ = query.get("IsoCountry", ""), query.get("NumberType", "")
    fitting = {one.sid for one in regulations.find(country, type_)}
    for bundle in call.account.bundles.values():
        settle(call.world, bundle)
    rows = (bundle_json(call, one) for one in reversed(call.account.bundles.values()) if one.regulation_sid in fitting)
    return results(call, (row for row in rows if all(v in {None, row[k]} for k, v in wanted.items())))


def bundle_of(call: Call, name: str = "sid") -> Bundle:
    bundle = call.account.bundles.get(call.part(name))
    if bundle is None:
        raise not_found(call.path)
    settle(call.world, bundle)
    return bundle


def fetch(call: Call) -> Json:
    return bundle_json(call, bundle_of(call))


def update(call: Call) -> Json:
    bundle, status = bundle_of(call), call.text("Status")
    bundle.friendly_name = call.text("FriendlyName", bundle.friendly_name)
    bundle.email = call.text("Email", bundle.email)
    bundle.status_callback = call.text("StatusCallback", bundle.status_callback or "") or None
    if status and status != bundle.status:
        _move(call, bundle, status)
    return bundle_json(call, bundle)


def delete(call: Call) -> tuple[int, None]:
    bundle = bundle_of(call)
    if bundle.status != "draft":
        raise TwilioError(400, 20001, "Only a bundle in draft can be deleted")
    del call.account.bundles[bundle.sid], call.state.bundles[bundle.sid]
    return 204, None


def _move(call: Call, bundle: Bundle, status: str) -> None:
    if status not in STATUSES:
        raise TwilioError(400, 22203, f"Unable to parse bundle status: {status}")
    if status not in MOVES.get(bundle.status, set()):
        raise TwilioError(400, 20001, f"A bundle cannot go from {bundle.status} to {status}")
    if status == "pending-review":
        problem = failure(evaluate(call.account, bundle))
        if problem is not None:
            raise TwilioError(400, *problem)
        bundle.failure_reason = None
        bundle.round += 1
        bundle.submitted = call.world.clock()
    change_status(call.world, bundle, status)
    if status == "pending-review":
        watch(call.world, bundle, bundle.round)


def change_status(world: World, bundle: Bundle, status: str) -> None:
    bundle.status, bundle.updated = status, now()
    parameters = {"AccountSid": bundle.account_sid, "BundleSid": bundle.sid, "Status": status}
    if bundle.failure_reason:
        parameters["FailureReason"] = bundle.failure_reason
    account = world.twilio.accounts[bundle.account_sid]
    call_back(world, account, bundle.status_callback, parameters, event="bundle.status")


def settle(world: World, bundle: Bundle) -> None:
    """Let the reviewers decide when their time has come; ``/_control/reviews`` sets time and decision."""
    if bundle.status not in UNDER_REVIEW:
        return
    waited, delay = world.clock() - bundle.submitted, world.reviews.delay_seconds
    if waited >= delay:
        rejected = world.reviews.decision == "rejected"
        bundle.failure_reason = REJECTION if rejected else None
        change_status(world, bundle, "twilio-rejected" if rejected else "twilio-approved")
    elif waited >= delay / 2 and bundle.status == "pending-review":
        change_status(world, bundle, "in-review")


def watch(world: World, bundle: Bundle, round_: int) -> None:
    """Look again until this submission is decided, so that the callback comes without being asked for."""
    if world.twilio.bundles.get(bundle.sid) is not bundle or bundle.round != round_:
        return
    settle(world, bundle)
    if bundle.status in UNDER_REVIEW:
        wait = min(max(world.reviews.delay_seconds / 2, 0.02), LONGEST_WAIT_SECONDS)
        asyncio.get_running_loop().call_later(wait, watch, world, bundle, round_)


def assign(call: Call) -> tuple[int, Json]:
    bundle, object_sid = bundle_of(call, "bundle"), call.text("ObjectSid")
    call.needs("ObjectSid")
    account = call.account
    if not any(object_sid in kept for kept in (account.end_users, account.documents, account.addresses)):
        raise TwilioError(400, 22205, f"Attempting to assign invalid object_sid to Bundle: {object_sid}")
    if bundle.status not in {"draft", "twilio-rejected"}:
        raise TwilioError(400, 20001, f"Items of a bundle that is {bundle.status} cannot be changed")
    if any(item["object_sid"] == object_sid for item in bundle.items.values()):
        raise TwilioError(400, 22206, f"{object_sid} is assigned to the bundle already")
    return 201, _new_item(call, bundle, object_sid)


def _new_item(call: Call, bundle: Bundle, object_sid: str) -> Json:
    item_sid = sid("BV")
    bundle.items[item_sid] = {
        "sid": item_sid,
        "account_sid": bundle.account_sid,
        "bundle_sid": bundle.sid,
        "object_sid": object_sid,
        "date_created": iso8601(now()),
        "url": call.url(f"/v2/RegulatoryCompliance/Bundles/{bundle.sid}/ItemAssignments/{item_sid}"),
    }
    return bundle.items[item_sid]


def list_items(call: Call) -> Json:
    return results(call, list(bundle_of(call, "bundle").items.values()))


def _item(call: Call) -> tuple[Bundle, Json]:
    bundle = bundle_of(call, "bundle")
    item = bundle.items.get(call.part("sid"))
    if item is None:
        raise not_found(call.path)
    return bundle, item


def fetch_item(call: Call) -> Json:
    return _item(call)[1]


def remove_item(call: Call) -> tuple[int, None]:
    bundle, item = _item(call)
    if bundle.status not in {"draft", "twilio-rejected"}:
        raise TwilioError(400, 20001, f"Items of a bundle that is {bundle.status} cannot be changed")
    del bundle.items[item["sid"]]
    return 204, None


def run_evaluation(call: Call) -> tuple[int, Json]:
    bundle = bundle_of(call, "bundle")
    found = evaluate(call.account, bundle)
    evaluation_sid = sid("EL")
    bundle.evaluations[evaluation_sid] = {
        "sid": evaluation_sid,
        "account_sid": bundle.account_sid,
        "regulation_sid": bundle.regulation_sid,
        "bundle_sid": bundle.sid,
        "status": "compliant" if all(each["passed"] for each in found) else "noncompliant",
        "results": found,
        "date_created": iso8601(now()),
        "url": call.url(f"/v2/RegulatoryCompliance/Bundles/{bundle.sid}/Evaluations/{evaluation_sid}"),
    }
    return 201, bundle.evaluations[evaluation_sid]


def list_evaluations(call: Call) -> Json:
    return results(call, reversed(bundle_of(call, "bundle").evaluations.values()))


def fetch_evaluation(call: Call) -> Json:
    evaluation = bundle_of(call, "bundle").evaluations.get(call.part("sid"))
    if evaluation is None:
        raise not_found(call.path)
    return evaluation


def clone(call: Call) -> tuple[int, Json]:
    """Copy a bundle with its papers to another account of the same owner."""
    call.needs("TargetAccountSid")
    bundle = bundle_of(call, "bundle")
    target = call.state.accounts.get(call.text("TargetAccountSid"))
    if target is None or call.account.sid not in {target.sid, target.owner_sid}:
        raise not_found(f"/Accounts/{call.text('TargetAccountSid')}")
    copy = replace(
        bundle,
        sid=sid("BU"),
        account_sid=target.sid,
        friendly_name=call.text("FriendlyName", bundle.friendly_name),
        status="draft" if call.text("MoveToDraft").lower() == "true" else bundle.status,
        items=deepcopy(bundle.items),
        evaluations={},
    )
    _copy_papers(call.account, target, copy)
    _keep(call, target, copy)
    if copy.status in UNDER_REVIEW:
        watch(call.world, copy, copy.round)
    return 201, {**bundle_json(call, copy), "bundle_sid": copy.sid}


def _copy_papers(source: Account, target: Account, copy: Bundle) -> None:
    for item in copy.items.values():
        object_sid = item["object_sid"]
        item |= {"account_sid": target.sid, "bundle_sid": copy.sid}
        if object_sid in source.end_users:
            target.end_users[object_sid] = replace(source.end_users[object_sid], account_sid=target.sid)
        elif object_sid in source.documents:
            document = replace(source.documents[object_sid], account_sid=target.sid)
            target.documents[object_sid] = document
            for address_sid in document.attributes.get("address_sids") or []:
                _copy_address(source, target, address_sid)
        else:
            _copy_address(source, target, object_sid)


def _copy_address(source: Account, target: Account, address_sid: str) -> None:
    if address_sid in source.addresses:
        target.addresses[address_sid] = replace(source.addresses[address_sid], account_sid=target.sid)
