"""From the pop-up's code to a business token, and what a token is good for."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING

from pilar.sandbox.whatsapp.door import Call, GraphError, bearer, is_app_token
from pilar.sandbox.whatsapp.state import Json, SignupCode, State, Token

if TYPE_CHECKING:
    from pilar.sandbox.state import World

CODE_SECONDS = 30.0
TOKEN_SECONDS = 60 * 24 * 3600
SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


def issue_code(world: World, waba_id: str) -> str:
    """A code for this WABA: good once, for about 30 seconds."""
    code = SignupCode("AQ" + secrets.token_urlsafe(48), waba_id, world.clock() + CODE_SECONDS)
    world.whatsapp.codes[code.value] = code
    return code.value


def exchange(call: Call) -> Json:
    settings = call.world.settings
    if str(call.given("client_id")) != settings.whatsapp_app_id:
        raise GraphError(101, "Error validating application. Cannot get application info due to a system error.")
    secret = str(call.given("client_secret") or "")
    if not hmac.compare_digest(secret.encode(), settings.whatsapp_app_secret.encode()):
        raise GraphError(1, "Error validating client secret.")
    code = call.state.codes.get(str(call.given("code") or ""))
    if code is None:
        raise GraphError(100, "Invalid verification code format.", subcode=36008)
    if code.used:
        raise GraphError(100, "This authorization code has been used.", subcode=36009)
    if code.expires < call.world.clock():
        raise GraphError(100, "This authorization code has expired.", subcode=36007)
    code.used = True
    token = issue_token(call.state, code.waba_id, call.world.clock())
    return {"access_token": token.value, "token_type": "bearer", "expires_in": TOKEN_SECONDS}


def issue_token(state: State, waba_id: str, at: float) -> Token:
    value = "EAA" + secrets.token_urlsafe(72).replace("-", "Z").replace("_", "Y")
    token = Token(value, waba_id, state.wabas[waba_id].business_id, at, at + TOKEN_SECONDS)
    state.tokens[value] = token
    return token


def debug(call: Call) -> Json:
    """Only the app itself may ask, with ``{app id}|{app secret}``."""
    if not is_app_token(call.world, bearer(call.request)):
        raise GraphError(
            100, "You must provide an app access token, or a user access token that is an owner of the app"
        )
    token = call.state.tokens.get(str(call.given("input_token") or ""))
    if token is None:
        problem = {"code": 190, "message": "Invalid OAuth access token - Cannot parse access token"}
        return {"data": {"is_valid": False, "error": problem, "scopes": []}}
    alive = token.valid and token.expires > call.world.clock()
    return {
        "data": {
            "app_id": call.world.settings.whatsapp_app_id,
            "type": "SYSTEM_USER",
            "application": "PILAR",
            "data_access_expires_at": 0,
            "expires_at": int(token.expires),
            "issued_at": int(token.issued),
            "is_valid": alive,
            "scopes": list(SCOPES),
            "granular_scopes": [{"scope": scope, "target_ids": [token.waba_id]} for scope in SCOPES],
            "user_id": token.business_id,
        }
    }
