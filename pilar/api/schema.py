"""How the API describes itself (OpenAPI 3.1): camelCase names, problem documents, the rule and the limits of each
method.
"""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers

from pilar.api.json import camel


class ProblemDocument(serializers.Serializer[Any]):
    """RFC 9457. `code` is stable; `detail` says what to do, `actionUrl` where; `fields` names what is wrong with each input."""

    type = serializers.URLField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    detail = serializers.CharField()
    code = serializers.CharField()
    instance = serializers.CharField()
    correlation_id = serializers.UUIDField()
    fields_ = serializers.DictField(child=serializers.CharField(), required=False)
    action_url = serializers.URLField(required=False)


REFUSALS = {
    400: "Malformed or invalid input",
    401: "No valid credential",
    403: "The role or scope does not allow it",
    404: "Absent, or another workspace's",
    409: "The state does not allow it",
    413: "The body is too large",
    415: "The content type is not accepted",
    429: "A limit is used up; see Retry-After",
    503: "The database or a provider is away; see Retry-After",
}


class Operation(AutoSchema):
    """Adds to every operation what all of them share."""

    def get_description(self) -> str:  # type: ignore[override]  # as drf-spectacular has it
        text: str = super().get_description() or ""
        return "\n\n".join(part for part in (text, *self._terms()) if part)

    def _terms(self) -> list[str]:
        rule = getattr(self.view, "access", {}).get(self.method)
        limit = getattr(self.view, "throttles", {}).get(self.method)
        terms = []
        if rule:
            who = f"role `{rule.role}`" if rule.role else "anybody signed in"
            scope = f", scope `{rule.scope}`" if rule.scope else ""
            system = ", or the system token" if rule.system else ""
            terms.append(f"Open to: {who}{scope}{system}.")
        if limit:
            terms.append(f"Limit: {limit.partition(':')[2]} per workspace.")
        return terms

    def _get_serializer_field_meta(self, field: Any, direction: str) -> Any:
        meta = super()._get_serializer_field_meta(field, direction)  # type: ignore[no-untyped-call]
        meta.pop("title", None)  # the word that people read above a column, in their language
        return meta

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status, reason in REFUSALS.items():
            if str(status) not in bodies:
                response = OpenApiResponse(ProblemDocument, reason)
                bodies[str(status)] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    response, str(status), ["application/problem+json"], direction
                )
        return bodies


class _Bearer(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "An API key of the workspace: `pilar_…`"}


class _System(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.authentication.SystemAuthentication"
    name = "system"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "The platform's own token (CRON_SECRET)"}


class _Session(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "workspaces.authentication.MemberSessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "session",
            "description": "A signed-in member; writes need CSRF",
        }


def camel_case(result: Any, generator: Any, request: Any, public: bool) -> Any:
    """Postprocessing hook: names of fields and parameters as the renderer writes them."""
    return _renamed(result)


def _renamed(node: Any) -> Any:
    if isinstance(node, list):
        return [_renamed(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    out = {key: _renamed(value) for key, value in node.items()}
    if isinstance(node.get("properties"), dict):
        out["properties"] = {_field(name): _renamed(value) for name, value in node["properties"].items()}
        if isinstance(node.get("required"), list):
            out["required"] = [_field(name) for name in node["required"]]
    return out


def _field(name: str) -> str:
    return camel(name.removesuffix("_"))
