"""Message templates: created, reviewed after a while, listed, edited, deleted."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from pilar.sandbox.whatsapp.door import Call, GraphError, absent, expect, invalid, page
from pilar.sandbox.whatsapp.state import Json, Template, Waba, graph_id
from pilar.sandbox.whatsapp.template_rules import TOP_LEVEL_KEYS, check_components, check_head
from pilar.sandbox.whatsapp.webhooks import announce

if TYPE_CHECKING:
    from pilar.sandbox.state import World

MAX_TEMPLATES = 250
# A deleted name cannot be used again for weeks.
NAME_BLOCKED_SECONDS = 30 * 24 * 3600.0
LONGEST_WAIT_SECONDS = 1.0
FIELDS = {
    "id", "name", "status", "category", "language", "components", "parameter_format", "quality_score",
    "rejected_reason", "message_send_ttl_seconds", "previous_category", "sub_category",
}  # fmt: skip
DEFAULT_FIELDS = ("name", "parameter_format", "components", "language", "status", "category", "id")


def create(call: Call) -> Json:
    waba, body = call.waba(), call.body
    expect(body, TOP_LEVEL_KEYS)
    check_head(body)
    check_components(body)
    name, language = str(body["name"]), str(body["language"])
    _check_free(call, waba, name, language)
    template = Template(
        id=graph_id(),
        waba_id=waba.id,
        name=name,
        language=language,
        category=str(body["category"]).upper(),
        parameter_format=str(body.get("parameter_format", "POSITIONAL")).upper(),
        components=list(body["components"]),
        submitted=call.world.clock(),
        ttl=body.get("message_send_ttl_seconds"),
    )
    call.state.templates[template.id] = waba.templates[template.id] = template
    waba.templates_by_name[name, language] = template
    watch(call.world, template)
    return {"id": template.id, "status": template.status, "category": template.category}


def _check_free(call: Call, waba: Waba, name: str, language: str) -> None:
    blocked_until = waba.deleted_names.get(name, 0.0) + NAME_BLOCKED_SECONDS
    if name in waba.deleted_names and blocked_until > call.world.clock():
        raise refuse(2388023, "Message template name was deleted", "The name was deleted; use another name.")
    if (name, language) in waba.templates_by_name:
        raise refuse(2388024, "Content in this language already exists", f"{name} exists in {language} already.")
    if len(waba.templates) >= MAX_TEMPLATES:
        raise refuse(2388019, "Message template limit exceeded", "The account has too many templates.")


def refuse(subcode: int, title: str, details: str) -> GraphError:
    return GraphError(100, "Invalid parameter", subcode=subcode, title=title, details=details)


def settle(world: World, template: Template) -> None:
    """Let the reviewers decide when their time has come; ``/_control/reviews`` sets time and decision."""
    if template.status != "PENDING" or world.clock() - template.submitted < world.reviews.delay_seconds:
        return
    if world.reviews.decision == "rejected":
        template.status, template.rejected_reason = "REJECTED", "INVALID_FORMAT"
    else:
        template.status = "APPROVED"
    tell_status(world, template)


def tell_status(world: World, template: Template) -> None:
    waba = world.whatsapp.wabas[template.waba_id]
    value = {
        "event": template.status,
        "message_template_id": int(template.id),
        "message_template_name": template.name,
        "message_template_language": template.language,
        "message_template_category": template.category,
        "reason": template.rejected_reason,
    }
    announce(world, waba, "message_template_status_update", value)


def watch(world: World, template: Template) -> None:
    """Look again until the review is over, so that the webhook comes without being asked for."""
    if world.whatsapp.templates.get(template.id) is not template:
        return
    settle(world, template)
    if template.status == "PENDING":
        wait = min(max(world.reviews.delay_seconds, 0.02), LONGEST_WAIT_SECONDS)
        asyncio.get_running_loop().call_later(wait, watch, world, template)


def template_json(template: Template, asked: list[str]) -> Json:
    quality = {"score": "GREEN" if template.status == "APPROVED" else "UNKNOWN"}
    known: Json = {
        "id": template.id,
        "name": template.name,
        "status": template.status,
        "category": template.category,
        "language": template.language,
        "components": template.components,
        "parameter_format": template.parameter_format,
        "quality_score": quality,
        "rejected_reason": template.rejected_reason,
        "message_send_ttl_seconds": template.ttl,
    }
    return {name: known[name] for name in [*asked, "id"] if known.get(name) is not None}


def find(call: Call) -> Json:
    waba = call.waba()
    for template in waba.templates.values():
        settle(call.world, template)
    asked = [each.strip() for each in call.query.get("fields", "").split(",") if each.strip()] or list(DEFAULT_FIELDS)
    for name in asked:
        if name not in FIELDS:
            raise GraphError(100, f"Tried accessing nonexisting field ({name}) on node type (WhatsAppMessageTemplate)")
    wanted = {key: call.query.get(key) for key in ("name", "status", "language", "category")}
    rows = [
        template_json(one, asked)
        for one in waba.templates.values()
        if all(value in {None, "", getattr(one, key)} for key, value in wanted.items())
    ]
    return page(call, rows)


def edit(call: Call) -> Json:
    """``POST /{template id}``: new content goes back to review."""
    template = call.state.templates.get(call.part("node"))
    if template is None or call.token is None or call.token.waba_id != template.waba_id:
        raise absent("POST", call.part("node"))
    expect(call.body, {"components", "category", "parameter_format", "message_send_ttl_seconds"})
    merged: Json = {
        "name": template.name,
        "language": template.language,
        "category": template.category,
        "parameter_format": template.parameter_format,
        "components": template.components,
    } | call.body
    check_head(merged)
    check_components(merged)
    template.category, template.components = str(merged["category"]).upper(), list(merged["components"])
    template.status, template.submitted, template.rejected_reason = "PENDING", call.world.clock(), "NONE"
    watch(call.world, template)
    return {"success": True}


def delete(call: Call) -> Json:
    """By name, all languages; with ``hsm_id`` only that one."""
    waba, name, only = call.waba(), call.given("name"), call.given("hsm_id")
    if not name:
        raise invalid("name is required")
    doomed = [one for one in waba.templates.values() if one.name == name and only in {None, "", one.id}]
    if not doomed:
        raise refuse(2593002, "Message Template Not Found", f"No template is called {name}.")
    for template in doomed:
        del waba.templates[template.id], call.state.templates[template.id]
        del waba.templates_by_name[template.name, template.language]
    waba.deleted_names[str(name)] = call.world.clock()
    return {"success": True}
