"""The API's description of itself: OpenAPI 3.1 as JSON, and a page to read it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import View
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer


@cache
def described() -> dict[str, Any]:
    """Return the OpenAPI document; it changes only with the code."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return schema


class Schema(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        """Serve the OpenAPI document."""
        body = OpenApiJsonRenderer().render(described(), renderer_context={})
        return HttpResponse(body, content_type="application/vnd.oai.openapi+json")


class Docs(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the routes by group, with their inputs and answers."""
        return render(request, "api/docs.html", {"groups": groups(described()), "info": described()["info"]})


def groups(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations grouped by the first part of their path under /api."""
    found: dict[str, list[dict[str, Any]]] = {}
    for route, methods in schema["paths"].items():
        name = route.removeprefix("/api/").split("/")[0]
        for method, operation in methods.items():
            found.setdefault(name, []).append({"method": method.upper(), "path": route, **_summary(schema, operation)})
    return [{"name": name, "operations": operations} for name, operations in sorted(found.items())]


def _summary(schema: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": operation["operationId"],
        "description": operation.get("description", ""),
        "parameters": operation.get("parameters", []),
        "fields": _fields(schema, operation.get("requestBody", {})),
        "responses": [(status, body.get("description", "")) for status, body in operation["responses"].items()],
    }


def _fields(schema: dict[str, Any], body: dict[str, Any]) -> list[dict[str, Any]]:
    content = body.get("content", {}).get("application/json", {}).get("schema", {})
    name = content.get("$ref", "").rpartition("/")[2]
    model = schema.get("components", {}).get("schemas", {}).get(name, content)
    required = model.get("required", [])
    return [
        {"name": name, "type": field.get("type", ""), "required": name in required, "format": field.get("format", "")}
        for name, field in model.get("properties", {}).items()
    ]
