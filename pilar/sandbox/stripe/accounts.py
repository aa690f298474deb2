"""Connect: recipients of money as Accounts v2 (and the older v1 form), their onboarding links.

One account has two faces: `objects["account"]` is the v1 one, `accounts_v2` the v2 one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from stripe.params import (
    AccountCreateParams,
    AccountLinkCreateParams,
    AccountListParams,
    AccountRetrieveParams,
)
from stripe.params.v2 import core

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe.errors import StripeError, invalid, missing
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()
# An onboarding link works this long, in seconds, and once.
LINK_LIFETIME = 300
INCLUDABLE = ("configuration", "defaults", "identity", "requirements", "future_requirements")


@routes.on("POST", "/v2/core/accounts", "v2.accounts.create", core.AccountCreateParams)
def create_v2(call: Call) -> Json:
    params = call.params
    recipient = params.get("configuration", {}).get("recipient")
    if recipient is not None and not params.get("contact_email"):
        raise invalid("contact_email is required for the recipient configuration.", "contact_email")
    if recipient is not None and not params.get("identity", {}).get("country"):
        raise invalid("identity.country is required for the recipient configuration.", "identity.country")
    account_id = new_account(
        call.world,
        email=params.get("contact_email"),
        country=str(params.get("identity", {}).get("country", "de")),
        metadata=dict(params.get("metadata") or {}),
        transfers=_wants_transfers(params),
    )
    account = call.stripe.accounts_v2[account_id]
    account |= {
        "dashboard": params.get("dashboard", "none"),
        "display_name": params.get("display_name"),
        "defaults": params.get("defaults", {}),
        "identity": params.get("identity", {}),
    }
    return _shown(account, params)


def _wants_transfers(params: Json) -> bool:
    recipient = params.get("configuration", {}).get("recipient", {})
    wish = recipient.get("capabilities", {}).get("stripe_balance", {}).get("stripe_transfers", {})
    return bool(wish.get("requested"))


def _shown(account: Json, params: Json) -> Json:
    """Parts that are not asked for by `include` are null."""
    asked = {name.split(".")[0] for name in params.get("include", [])}
    return {name: None if name in INCLUDABLE and name not in asked else value for name, value in account.items()}


@routes.on("GET", "/v2/core/accounts/{id}", "v2.accounts.retrieve", core.AccountRetrieveParams)
def retrieve_v2(call: Call) -> Json:
    return _shown(_v2(call, call.path["id"]), call.params)


def _v2(call: Call, account_id: str, *, param: str = "id", status: int = 404) -> Json:
    account = call.stripe.accounts_v2.get(account_id)
    if account is None:
        raise missing("v2.core.account", account_id, param=param, status=status)
    return account


@routes.on("GET", "/v2/core/accounts", "v2.accounts.list", core.AccountListParams)
def list_v2(call: Call) -> Json:
    accounts = [_shown(account, call.params) for account in reversed(call.stripe.accounts_v2.values())]
    limit = call.params.get("limit", 10)
    return {"data": accounts[:limit], "next_page_url": None, "previous_page_url": None}


@routes.on("POST", "/v2/core/accounts/{id}", "v2.accounts.update", core.AccountUpdateParams)
def update_v2(call: Call) -> Json:
    account, params = _v2(call, call.path["id"]), call.params
    for name in ("contact_email", "display_name", "dashboard"):
        if name in params:
            account[name] = params[name]
    if "metadata" in params:
        account["metadata"] = {**account["metadata"], **params["metadata"]}
    if _wants_transfers(params):
        request_transfers(call.stripe.get("account", account["id"]), account)
    return _shown(account, params)


@routes.on("POST", "/v2/core/accounts/{id}/close", "v2.accounts.close", core.AccountCloseParams)
def close_v2(call: Call) -> Json:
    account = _v2(call, call.path["id"])
    account |= {"closed": True, "applied_configurations": []}
    return _shown(account, {})


@routes.on("POST", "/v2/core/account_links", "v2.account_links.create", core.AccountLinkCreateParams)
def create_link_v2(call: Call) -> Json:
    account = _v2(call, call.params["account"], param="account", status=400)
    case = call.params["use_case"]
    kind = case["type"]
    if kind not in case:
        raise invalid(f"use_case.{kind} is required.", f"use_case.{kind}", "parameter_missing")
    wish = case[kind]
    link = _new_link(call, account["id"], refresh=wish["refresh_url"], back=wish.get("return_url"))
    return {
        "object": "v2.core.account_link",
        "account": account["id"],
        "created": _iso(call.world.now()),
        "expires_at": _iso(link["expires_at"]),
        "livemode": False,
        "url": link["url"],
        "use_case": case,
    }


def _new_link(call: Call, account_id: str, *, refresh: str, back: str | None) -> Json:
    key = token("", 24)
    link: Json = {
        "account": account_id,
        "refresh_url": refresh,
        "return_url": back or refresh,
        "expires_at": call.world.now() + LINK_LIFETIME,
        "url": f"{call.world.settings.own_url}/connect/{key}",
        "used": False,
    }
    call.stripe.account_links[key] = link
    return link


@routes.on("POST", "/v1/accounts", "accounts.create", AccountCreateParams)
def create_v1(call: Call) -> Json:
    params = call.params
    if params.get("type") not in ("express", "custom", "standard") and "controller" not in params:
        raise invalid("Missing required param: type.", "type", "parameter_missing")
    account_id = new_account(
        call.world,
        email=params.get("email"),
        country=params.get("country", "DE"),
        metadata=dict(params.get("metadata") or {}),
        transfers=bool(params.get("capabilities", {}).get("transfers", {}).get("requested")),
    )
    return call.stripe.get("account", account_id)


@routes.on("GET", "/v1/accounts", "accounts.list", AccountListParams)
def list_v1(call: Call) -> Json:
    return paged(call.stripe.all("account"), call.params, url=call.url)


@routes.on("GET", "/v1/accounts/{id}", "accounts.retrieve", AccountRetrieveParams)
def retrieve_v1(call: Call) -> Json:
    return call.get("account")


@routes.on("GET", "/v1/account", "accounts.retrieve", AccountRetrieveParams)
def retrieve_own(call: Call) -> Json:
    """The account of the key itself, which tells whether the key works."""
    if call.account:
        return call.stripe.get("account", call.account)
    return {
        "id": "acct_1SandboxPlatform",
        "object": "account",
        "charges_enabled": True,
        "country": "DE",
        "default_currency": "eur",
        "details_submitted": True,
        "email": "platform@sandbox.test",
        "payouts_enabled": True,
        "type": "standard",
    }


@routes.on("POST", "/v1/account_links", "account_links.create", AccountLinkCreateParams)
def create_link_v1(call: Call) -> Json:
    params = call.params
    account = call.stripe.get("account", params["account"], param="account", status=400)
    refresh, back = params.get("refresh_url"), params.get("return_url")
    if not refresh or not back:
        raise invalid("Both refresh_url and return_url are required.", "refresh_url", "parameter_missing")
    link = _new_link(call, account["id"], refresh=refresh, back=back)
    created = call.world.now()
    return {
        "object": "account_link",
        "created": created,
        "expires_at": link["expires_at"],
        "url": link["url"],
    }


def new_account(world: World, *, email: str | None, country: str, metadata: Json, transfers: bool) -> str:
    """Make both faces of an account that still has to be onboarded; returns its id."""
    account_id = token("acct_1", 15)
    now = world.now()
    v1 = world.stripe.put(
        {
            "id": account_id,
            "object": "account",
            "business_type": "individual",
            "capabilities": {},
            "charges_enabled": False,
            "country": country.upper(),
            "created": now,
            "default_currency": "eur",
            "details_submitted": False,
            "email": email,
            "future_requirements": {"currently_due": []},
            "metadata": metadata,
            "payouts_enabled": False,
            "requirements": {
                "currently_due": ["external_account", "individual.id_number", "tos_acceptance.date"],
                "disabled_reason": "requirements.past_due",
                "past_due": [],
                "pending_verification": [],
            },
            "type": "express",
        }
    )
    v2: Json = {
        "id": account_id,
        "object": "v2.core.account",
        "applied_configurations": ["recipient"] if transfers else [],
        "closed": False,
        "configuration": {"customer": None, "merchant": None, "recipient": None},
        "contact_email": email,
        "contact_phone": None,
        "created": _iso(now),
        "dashboard": "express",
        "defaults": {},
        "display_name": None,
        "future_requirements": None,
        "identity": {"country": country.lower()},
        "livemode": False,
        "metadata": metadata,
        "requirements": {"entries": [_requirement("external_account"), _requirement("identity.individual")]},
    }
    world.stripe.accounts_v2[account_id] = v2
    if transfers:
        request_transfers(v1, v2)
    return account_id


def _requirement(description: str) -> Json:
    return {"awaiting_action_from": "user", "description": description, "errors": [], "impact": {}}


def request_transfers(v1: Json, v2: Json) -> None:
    """Ask for the right to receive transfers; it is restricted until somebody has onboarded."""
    if v1["capabilities"].get("transfers") == "active":
        return
    v1["capabilities"]["transfers"] = "inactive"
    set_capability(v2, "restricted", [{"code": "requirements_past_due", "resolution": "provide_info"}])


def set_capability(v2: Json, status: str, details: list[Json]) -> None:
    state = {"status": status, "status_details": details}
    balance = {"payouts": state, "stripe_transfers": state}
    v2["configuration"]["recipient"] = {"applied": True, "capabilities": {"stripe_balance": balance}}


def onboard(world: World, account_id: str) -> None:
    """The affiliate has given bank and identity; emits `account.updated`."""
    v1 = world.stripe.get("account", account_id)
    v1 |= {"details_submitted": True, "payouts_enabled": True, "charges_enabled": False}
    v1["requirements"] |= {"currently_due": [], "disabled_reason": None}
    v1["capabilities"]["transfers"] = "active"
    v2 = world.stripe.accounts_v2[account_id]
    v2["requirements"] = {"entries": []}
    set_capability(v2, "active", [])
    previous: Json = {"payouts_enabled": False, "details_submitted": False}
    emit(world, "account.updated", v1, previous=previous, account=account_id)


def require_payable(world: World, account_id: str) -> Json:
    """The destination of a transfer.

    Raises:
        StripeError: 400, no such account, or it may not receive transfers.
    """
    account: Any = world.stripe.objects.get("account", {}).get(account_id)
    if account is None:
        raise missing("destination", account_id, param="destination", status=400)
    if account["capabilities"].get("transfers") != "active":
        raise StripeError(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
        )
    return dict(account)


def _iso(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
