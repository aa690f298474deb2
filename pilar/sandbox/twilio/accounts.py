"""Subaccounts and API keys."""

from __future__ import annotations

import json
import secrets

from pilar.sandbox.twilio.door import Call, TwilioError, iso8601, listing, not_found, results, rfc2822
from pilar.sandbox.twilio.state import Account, Json, Key, State, now, sid

STATUSES = frozenset({"active", "suspended", "closed"})
MAX_NAME = 64
MAX_SUBACCOUNTS = 10_000


def account_json(account: Account) -> Json:
    path = f"/2010-04-01/Accounts/{account.sid}"
    parts = ("addresses", "available_phone_numbers", "calls", "incoming_phone_numbers", "keys", "messages")
    return {
        "sid": account.sid,
        "owner_account_sid": account.owner_sid,
        "friendly_name": account.friendly_name,
        "status": account.status,
        "type": "Full",
        "auth_token": account.auth_token,
        "date_created": rfc2822(account.created),
        "date_updated": rfc2822(account.updated),
        "uri": f"{path}.json",
        "subresource_uris": {
            part: f"{path}/{''.join(word.title() for word in part.split('_'))}.json" for part in parts
        },
    }


def create(call: Call) -> tuple[int, Json]:
    if not call.caller.is_main:
        raise TwilioError(403, 20003, "Subaccounts cannot create accounts")
    if len(call.state.accounts) > MAX_SUBACCOUNTS:
        raise TwilioError(400, 21480, "Maximum number of subaccounts reached")
    name = call.text("FriendlyName") or "SubAccount Created at " + rfc2822(now())
    if len(name) > MAX_NAME:
        raise TwilioError(400, 21402, "FriendlyName is longer than 64 characters")
    account = Account(sid("AC"), secrets.token_hex(16), name, owner_sid=call.caller.sid)
    return 201, account_json(call.state.add(account))


def find(call: Call) -> Json:
    """Newest first. By name this is one look-up: several accounts may bear the same name."""
    name, status = call.query.get("FriendlyName"), call.query.get("Status")
    sids = call.state.accounts_by_name.get(name, []) if name is not None else list(call.state.accounts)
    found = (call.state.accounts[each] for each in reversed(sids))
    mine = (one for one in found if call.caller.sid in {one.owner_sid, one.sid})
    return listing(call, "accounts", (account_json(one) for one in mine if status in {None, one.status}))


def fetch(call: Call) -> Json:
    return account_json(call.account)


def update(call: Call) -> Json:
    account, status = call.account, call.text("Status")
    if status:
        change_status(call.state, account, call.caller, status)
    if name := call.text("FriendlyName"):
        call.state.accounts_by_name[account.friendly_name].remove(account.sid)
        account.friendly_name = name
        call.state.accounts_by_name.setdefault(name, []).append(account.sid)
    account.updated = now()
    return account_json(account)


def change_status(state: State, account: Account, caller: Account, status: str) -> None:
    """Suspend, resume or close. Closing is for good and gives the numbers back."""
    if status not in STATUSES:
        raise TwilioError(400, 20001, "Status must be one of active, suspended, closed")
    if account.status == "closed" and status != "closed":
        raise TwilioError(400, 21479, "Account is closed and cannot be reactivated")
    if account.is_main or caller.sid == account.sid:
        raise TwilioError(400, 21476, "The status of this account cannot be changed by itself")
    account.status = status
    if status == "closed":
        for number in account.numbers.values():
            state.numbers.pop(number.phone_number, None)
        account.numbers.clear()


def key_json(key: Key) -> Json:
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": rfc2822(key.created),
        "date_updated": rfc2822(key.created),
    }


def _new_key(state: State, account: Account, name: str, *, policy: Json | None = None) -> Key:
    key = Key(sid("SK"), account.sid, secrets.token_hex(16), name, policy is not None, policy)
    account.keys[key.sid] = state.keys[key.sid] = key
    return key


def create_key(call: Call) -> tuple[int, Json]:
    key = _new_key(call.state, call.account, call.text("FriendlyName"))
    return 201, {**key_json(key), "secret": key.secret}


def list_keys(call: Call) -> Json:
    return listing(call, "keys", (key_json(key) for key in reversed(call.account.keys.values())))


def _key(call: Call) -> Key:
    key = call.account.keys.get(call.part("sid"))
    if key is None:
        raise not_found(call.path)
    return key


def fetch_key(call: Call) -> Json:
    return key_json(_key(call))


def update_key(call: Call) -> Json:
    key = _key(call)
    key.friendly_name = call.text("FriendlyName", key.friendly_name)
    return key_json(key)


def delete_key(call: Call) -> tuple[int, None]:
    key = _key(call)
    del call.account.keys[key.sid], call.state.keys[key.sid]
    return 204, None


def _iam_json(key: Key) -> Json:
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": iso8601(key.created),
        "date_updated": iso8601(key.created),
        "flags": ["restricted"] if key.restricted else [],
        "policy": key.policy,
    }


def _iam_account(call: Call, sid_given: str) -> Account:
    account = call.state.accounts.get(sid_given or call.caller.sid)
    if account is None or call.caller.sid not in {account.sid, account.owner_sid}:
        raise not_found(call.path)
    return account


def _policy(call: Call) -> Json:
    try:
        policy = json.loads(call.text("Policy"))
    except ValueError as error:
        raise TwilioError(400, 20001, "Policy has to be JSON, with the allowed actions") from error
    return dict(policy) if isinstance(policy, dict) else {}


def iam_create_key(call: Call) -> tuple[int, Json]:
    """``iam.twilio.com/v1/Keys``: the only place where a restricted key can be made."""
    call.needs("AccountSid")
    account, kind = _iam_account(call, call.text("AccountSid")), call.text("KeyType", "standard")
    if kind not in {"standard", "restricted"}:
        raise TwilioError(400, 20001, "KeyType must be standard or restricted")
    policy = _policy(call) if kind == "restricted" else None
    key = _new_key(call.state, account, call.text("FriendlyName"), policy=policy)
    return 201, {**_iam_json(key), "secret": key.secret}


def iam_list_keys(call: Call) -> Json:
    account = _iam_account(call, call.query.get("AccountSid", ""))
    return results(call, (_iam_json(key) for key in reversed(account.keys.values())), "keys")
