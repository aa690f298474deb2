"""Money to affiliates: transfers, their reversals, the payouts that follow, and the balance."""

from __future__ import annotations

import asyncio

from stripe.params import (
    BalanceRetrieveParams,
    PayoutListParams,
    PayoutRetrieveParams,
    TransferCreateParams,
    TransferCreateReversalParams,
    TransferListParams,
    TransferListReversalsParams,
    TransferRetrieveParams,
    TransferUpdateParams,
)

from pilar.sandbox.state import World, token
from pilar.sandbox.stripe.accounts import require_payable
from pilar.sandbox.stripe.errors import StripeError, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.sessions import merged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()


@routes.on("POST", "/v1/transfers", "transfers.create", TransferCreateParams)
def create(call: Call) -> Json:
    params, world = call.params, call.world
    amount = params.get("amount", 0)
    if amount <= 0:
        raise invalid("This value must be greater than or equal to 1.", "amount", "parameter_invalid_integer")
    require_payable(world, params["destination"])
    source = params.get("source_transaction")
    if source:
        _check_source(call, source, amount)
    elif amount > world.stripe.available_cents:
        raise StripeError(
            "You have insufficient available funds in your Stripe account. Try adding funds directly to your "
            "available balance by creating Charges using the 4000000000000077 test card.",
            code="balance_insufficient",
        )
    transfer = call.stripe.put(_transfer(call, amount))
    world.stripe.available_cents -= amount
    emit(world, "transfer.created", transfer)
    delay = world.reviews.delay_seconds
    asyncio.get_running_loop().call_later(delay, _pay_out, world, transfer["id"])
    return transfer


def _check_source(call: Call, source: str, amount: int) -> None:
    charge = call.stripe.get("charge", source, param="source_transaction", status=400)
    if charge["status"] == "failed":
        raise invalid("The source charge has failed.", "source_transaction")
    if amount > charge["amount"]:
        raise invalid("The transfer amount is greater than that of its source charge.", "amount")


def _transfer(call: Call, amount: int) -> Json:
    transfer_id, params = token("tr_1"), call.params
    return {
        "id": transfer_id,
        "object": "transfer",
        "amount": amount,
        "amount_reversed": 0,
        "balance_transaction": token("txn_1"),
        "created": call.world.now(),
        "currency": params["currency"].lower(),
        "description": params.get("description"),
        "destination": params["destination"],
        "destination_payment": token("py_1"),
        "livemode": False,
        "metadata": dict(params.get("metadata") or {}),
        "reversals": {
            "object": "list",
            "data": [],
            "has_more": False,
            "total_count": 0,
            "url": f"/v1/transfers/{transfer_id}/reversals",
        },
        "reversed": False,
        "source_transaction": params.get("source_transaction"),
        "source_type": "card",
        "transfer_group": params.get("transfer_group"),
    }


def _pay_out(world: World, transfer_id: str) -> None:
    """What arrived on the account goes to its bank, or comes back when reviews are set to rejected."""
    transfer = world.stripe.objects.get("transfer", {}).get(transfer_id)
    left = transfer["amount"] - transfer["amount_reversed"] if transfer else 0
    if transfer is None or left == 0:
        return
    failed = world.reviews.decision == "rejected"
    payout = world.stripe.put(
        {
            "id": token("po_1"),
            "object": "payout",
            "amount": left,
            "arrival_date": world.now(),
            "automatic": True,
            "created": world.now(),
            "currency": transfer["currency"],
            "destination": token("ba_1"),
            "failure_code": "account_closed" if failed else None,
            "failure_message": "The bank account has been closed." if failed else None,
            "livemode": False,
            "metadata": {},
            "method": "standard",
            "status": "failed" if failed else "paid",
            "type": "bank_account",
        }
    )
    account = transfer["destination"]
    emit(world, "payout.created", {**payout, "status": "pending"}, account=account)
    emit(world, "payout.failed" if failed else "payout.paid", payout, account=account)


def fail_payout(world: World, payout: Json, account: str) -> None:
    """A bank sends the money back, some days after it was reported as paid."""
    payout |= {"status": "failed", "failure_code": "account_closed"}
    emit(world, "payout.failed", payout, account=account)


@routes.on("GET", "/v1/transfers", "transfers.list", TransferListParams)
def list_transfers(call: Call) -> Json:
    return paged(call.stripe.all("transfer"), call.params, url=call.url, equal=("destination", "transfer_group"))


@routes.on("GET", "/v1/transfers/{id}", "transfers.retrieve", TransferRetrieveParams)
def retrieve(call: Call) -> Json:
    return call.get("transfer")


@routes.on("POST", "/v1/transfers/{id}", "transfers.update", TransferUpdateParams)
def update(call: Call) -> Json:
    transfer = call.get("transfer")
    if "description" in call.params:
        transfer["description"] = call.params["description"]
    if "metadata" in call.params:
        transfer["metadata"] = merged(transfer["metadata"], call.params["metadata"])
    emit(call.world, "transfer.updated", transfer)
    return transfer


@routes.on("POST", "/v1/transfers/{id}/reversals", "transfers.reversals.create", TransferCreateReversalParams)
def reverse(call: Call) -> Json:
    transfer = call.get("transfer")
    left = transfer["amount"] - transfer["amount_reversed"]
    amount = call.params.get("amount", left)
    if not 0 < amount <= left:
        message = f"Transfer reversal amount ({amount}) is greater than unreversed amount on transfer ({left})"
        raise invalid(message, "amount")
    reversal: Json = call.stripe.put(
        {
            "id": token("trr_1"),
            "object": "transfer_reversal",
            "amount": amount,
            "balance_transaction": token("txn_1"),
            "created": call.world.now(),
            "currency": transfer["currency"],
            "destination_payment_refund": token("pyr_1"),
            "metadata": dict(call.params.get("metadata") or {}),
            "source_refund": None,
            "transfer": transfer["id"],
        }
    )
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    transfer["reversals"]["total_count"] += 1
    call.stripe.available_cents += amount
    emit(call.world, "transfer.reversed", transfer)
    return reversal


@routes.on("GET", "/v1/transfers/{id}/reversals", "transfers.reversals.list", TransferListReversalsParams)
def list_reversals(call: Call) -> Json:
    return paged(call.get("transfer")["reversals"]["data"], call.params, url=call.url)


@routes.on("GET", "/v1/payouts", "payouts.list", PayoutListParams)
def list_payouts(call: Call) -> Json:
    return paged(call.stripe.all("payout"), call.params, url=call.url, equal=("status",))


@routes.on("GET", "/v1/payouts/{id}", "payouts.retrieve", PayoutRetrieveParams)
def retrieve_payout(call: Call) -> Json:
    return call.get("payout")


@routes.on("GET", "/v1/balance", "balance.retrieve", BalanceRetrieveParams)
def balance(call: Call) -> Json:
    cents = 0 if call.account else call.stripe.available_cents
    amount = {"amount": cents, "currency": "eur", "source_types": {"card": cents}}
    none = {"amount": 0, "currency": "eur", "source_types": {"card": 0}}
    return {"object": "balance", "available": [amount], "livemode": False, "pending": [none]}
