"""The customer portal's API; its page is in `hosted`."""

from __future__ import annotations

from stripe.params.billing_portal import (
    ConfigurationCreateParams,
    ConfigurationListParams,
    ConfigurationRetrieveParams,
    SessionCreateParams,
)

from pilar.sandbox.state import token
from pilar.sandbox.stripe.errors import invalid
from pilar.sandbox.stripe.listing import paged
from pilar.sandbox.stripe.wire import Call, Json, Routes

routes = Routes()
# A portal link works this long, in seconds, until somebody opens it.
LIFETIME = 300
CONFIGURATION = "billing_portal.configuration"


@routes.on("POST", "/v1/billing_portal/sessions", "billing_portal.sessions.create", SessionCreateParams)
def create(call: Call) -> Json:
    params = call.params
    if "customer" not in params:
        raise invalid("Missing required param: customer.", "customer", "parameter_missing")
    customer = call.stripe.get("customer", params["customer"], param="customer", status=400)
    if "configuration" in params:
        call.stripe.get(CONFIGURATION, params["configuration"], param="configuration", status=400)
    session_id = token("bps_1")
    return call.stripe.put(
        {
            "id": session_id,
            "object": "billing_portal.session",
            "configuration": params.get("configuration", "bpc_1default"),
            "created": call.world.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": params.get("flow_data"),
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": params.get("return_url"),
            "url": f"{call.world.settings.own_url}/portal/{session_id}",
        }
    )


@routes.on(
    "POST",
    "/v1/billing_portal/configurations",
    "billing_portal.configurations.create",
    ConfigurationCreateParams,
)
def create_configuration(call: Call) -> Json:
    now = call.world.now()
    return call.stripe.put(
        {
            "id": token("bpc_1"),
            "object": CONFIGURATION,
            "active": True,
            "application": None,
            "business_profile": call.params.get("business_profile", {}),
            "created": now,
            "default_return_url": call.params.get("default_return_url"),
            "features": call.params["features"],
            "is_default": False,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": dict(call.params.get("metadata") or {}),
            "updated": now,
        }
    )


@routes.on("GET", "/v1/billing_portal/configurations", "billing_portal.configurations.list", ConfigurationListParams)
def list_configurations(call: Call) -> Json:
    return paged(call.stripe.all(CONFIGURATION), call.params, url=call.url, equal=("active", "is_default"))


@routes.on(
    "GET",
    "/v1/billing_portal/configurations/{id}",
    "billing_portal.configurations.retrieve",
    ConfigurationRetrieveParams,
)
def retrieve_configuration(call: Call) -> Json:
    return call.get(CONFIGURATION)
