"""Customers and their means of payment."""

from __future__ import annotations

from stripe.params import (
    CustomerCreateParams,
    CustomerDeleteParams,
    CustomerListParams,
    CustomerListPaymentMethodsParams,
    CustomerRetrieveParams,
    CustomerSearchParams,
    CustomerUpdateParams,
    PaymentMethodRetrieveParams,
)

from pilar.sandbox.stripe import billing, objects
from pilar.sandbox.stripe.errors import invalid, missing
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged, search
from pilar.sandbox.stripe.sessions import merged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()
PLAIN = ("email", "name", "description", "phone", "tax_exempt", "preferred_locales", "balance", "shipping")


@routes.on("POST", "/v1/customers", "customers.create", CustomerCreateParams)
def create(call: Call) -> Json:
    _check_email(call.params)
    customer = objects.customer(now=call.world.now(), email=None, name=None)
    _apply(customer, call.params)
    call.stripe.put(customer)
    emit(call.world, "customer.created", customer)
    return customer


def _check_email(params: Json) -> None:
    email = params.get("email")
    if email and "@" not in email:
        raise invalid(f"Invalid email address: {email}", "email", "email_invalid")


def _apply(customer: Json, params: Json) -> None:
    for name in PLAIN:
        if name in params:
            customer[name] = None if params[name] == "" else params[name]
    if "address" in params:
        customer["address"] = objects.address(None, params["address"]) if params["address"] else None
    if "metadata" in params:
        customer["metadata"] = merged(customer["metadata"], params["metadata"])
    default = (params.get("invoice_settings") or {}).get("default_payment_method")
    if default:
        customer["invoice_settings"]["default_payment_method"] = default


@routes.on("GET", "/v1/customers/search", "customers.search", CustomerSearchParams)
def search_customers(call: Call) -> Json:
    return search(_alive(call), call.params, url=call.url)


@routes.on("GET", "/v1/customers", "customers.list", CustomerListParams)
def list_customers(call: Call) -> Json:
    return paged(_alive(call), call.params, url=call.url, equal=("email",))


def _alive(call: Call) -> list[Json]:
    return [customer for customer in call.stripe.all("customer") if not customer.get("deleted")]


@routes.on("GET", "/v1/customers/{id}", "customers.retrieve", CustomerRetrieveParams)
def retrieve(call: Call) -> Json:
    return call.get("customer")


@routes.on("POST", "/v1/customers/{id}", "customers.update", CustomerUpdateParams)
def update(call: Call) -> Json:
    customer = _existing(call)
    _check_email(call.params)
    default = (call.params.get("invoice_settings") or {}).get("default_payment_method")
    if default:
        call.stripe.get("payment_method", default, param="invoice_settings[default_payment_method]", status=400)
    _apply(customer, call.params)
    emit(call.world, "customer.updated", customer)
    return customer


@routes.on("DELETE", "/v1/customers/{id}", "customers.delete", CustomerDeleteParams)
def delete(call: Call) -> Json:
    """Deleting a customer ends its subscriptions at once."""
    customer = _existing(call)
    for subscription in call.stripe.all("subscription"):
        if subscription["customer"] == customer["id"] and subscription["status"] != "canceled":
            billing.cancel(call.world, subscription)
    gone = {"id": customer["id"], "object": "customer", "deleted": True}
    emit(call.world, "customer.deleted", customer)
    call.stripe.put(gone)
    return gone


def _existing(call: Call) -> Json:
    customer = call.get("customer")
    if customer.get("deleted"):
        raise missing("customer", customer["id"])
    return customer


@routes.on("GET", "/v1/customers/{id}/payment_methods", "customers.payment_methods", CustomerListPaymentMethodsParams)
def list_methods(call: Call) -> Json:
    customer = _existing(call)
    owned = (method for method in call.stripe.all("payment_method") if method["customer"] == customer["id"])
    return paged(owned, call.params, url=call.url, equal=("type",))


@routes.on("GET", "/v1/payment_methods/{id}", "payment_methods.retrieve", PaymentMethodRetrieveParams)
def retrieve_method(call: Call) -> Json:
    return call.get("payment_method")
