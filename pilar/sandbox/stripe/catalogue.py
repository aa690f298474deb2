"""Products and prices."""

from __future__ import annotations

from stripe.params import (
    PriceCreateParams,
    PriceListParams,
    PriceRetrieveParams,
    PriceSearchParams,
    PriceUpdateParams,
    ProductCreateParams,
    ProductListParams,
    ProductRetrieveParams,
    ProductSearchParams,
    ProductUpdateParams,
)

from pilar.sandbox.state import token
from pilar.sandbox.stripe import state
from pilar.sandbox.stripe.errors import StripeError, invalid
from pilar.sandbox.stripe.events import emit
from pilar.sandbox.stripe.listing import paged, search
from pilar.sandbox.stripe.sessions import merged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()


@routes.on("POST", "/v1/products", "products.create", ProductCreateParams)
def create_product(call: Call) -> Json:
    params, now = call.params, call.world.now()
    product_id = params.get("id") or token("prod_", 14)
    if product_id in call.stripe.objects.get("product", {}):
        raise StripeError(f"Product already exists: {product_id}", code="resource_already_exists", param="id")
    product = state.product(product_id, params["name"], created=now)
    product["description"] = params.get("description")
    product["metadata"] = dict(params.get("metadata") or {})
    emit(call.world, "product.created", call.stripe.put(product))
    return product


@routes.on("GET", "/v1/products/search", "products.search", ProductSearchParams)
def search_products(call: Call) -> Json:
    return search(call.stripe.all("product"), call.params, url=call.url)


@routes.on("GET", "/v1/products", "products.list", ProductListParams)
def list_products(call: Call) -> Json:
    return paged(call.stripe.all("product"), call.params, url=call.url, equal=("active",))


@routes.on("GET", "/v1/products/{id}", "products.retrieve", ProductRetrieveParams)
def retrieve_product(call: Call) -> Json:
    return call.get("product")


@routes.on("POST", "/v1/products/{id}", "products.update", ProductUpdateParams)
def update_product(call: Call) -> Json:
    product = call.get("product")
    product |= {name: call.params[name] for name in ("name", "active", "description") if name in call.params}
    if "metadata" in call.params:
        product["metadata"] = merged(product["metadata"], call.params["metadata"])
    return product


@routes.on("POST", "/v1/prices", "prices.create", PriceCreateParams)
def create_price(call: Call) -> Json:
    params = call.params
    if "product" not in params or "unit_amount" not in params:
        raise invalid("This simulator makes prices from `product` and `unit_amount`.", "product", "parameter_missing")
    product = call.stripe.get("product", params["product"], param="product", status=400)
    recurring = params.get("recurring") or {}
    price = state.price(
        token("price_1"),
        product["id"],
        params["unit_amount"],
        currency=params["currency"],
        interval=recurring.get("interval"),
        interval_count=recurring.get("interval_count", 1),
        lookup_key=params.get("lookup_key"),
        created=call.world.now(),
    )
    price |= {"nickname": params.get("nickname"), "metadata": dict(params.get("metadata") or {})}
    emit(call.world, "price.created", call.stripe.put(price))
    return price


@routes.on("GET", "/v1/prices/search", "prices.search", PriceSearchParams)
def search_prices(call: Call) -> Json:
    return search(call.stripe.all("price"), call.params, url=call.url)


@routes.on("GET", "/v1/prices", "prices.list", PriceListParams)
def list_prices(call: Call) -> Json:
    keys = call.params.get("lookup_keys")
    found = (price for price in call.stripe.all("price") if keys is None or price["lookup_key"] in keys)
    return paged(found, call.params, url=call.url, equal=("active", "product", "currency", "type"))


@routes.on("GET", "/v1/prices/{id}", "prices.retrieve", PriceRetrieveParams)
def retrieve_price(call: Call) -> Json:
    return call.get("price")


@routes.on("POST", "/v1/prices/{id}", "prices.update", PriceUpdateParams)
def update_price(call: Call) -> Json:
    price = call.get("price")
    price |= {name: call.params[name] for name in ("active", "nickname", "lookup_key") if name in call.params}
    if "metadata" in call.params:
        price["metadata"] = merged(price["metadata"], call.params["metadata"])
    return price
