"""The API as its own description has it: each operation, and a body that it takes. What is new there is asked too."""

import json
import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

JSON_TYPE = "application/json"
EXAMPLES: dict[str, Any] = {"string": "x", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}
BY_FORMAT = {"uuid": str(UUID(int=1)), "date-time": "2026-01-01T10:00:00Z", "date": "2026-01-01", "email": "a@b.de"}


@dataclass(frozen=True)
class Operation:
    method: str
    path: str
    document: dict[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """The properties of the JSON body."""
        return dict(self.body.get("properties", {}))

    @property
    def body(self) -> dict[str, Any]:
        """The schema of the JSON body."""
        found = self.document.get("requestBody", {}).get("content", {}).get(JSON_TYPE, {}).get("schema", {})
        return _resolved(found)

    @property
    def queries(self) -> list[str]:
        return [one["name"] for one in self.document.get("parameters", []) if one["in"] == "query"]

    @property
    def ids(self) -> list[str]:
        return [one["name"] for one in self.document.get("parameters", []) if one["in"] == "path"]


@cache
def schema() -> dict[str, Any]:
    """The schema as this source generates it; that the server serves the same is a test of its own."""
    from drf_spectacular.generators import SchemaGenerator

    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))  # type: ignore[no-any-return, no-untyped-call]


def operations() -> list[Operation]:
    walked = schema()["paths"].items()
    return [Operation(method.upper(), path, document) for path, found in walked for method, document in found.items()]


def operation_at(method: str, pattern: str) -> Operation:
    """The operation of a route of the URL configuration. Raises StopIteration for one that the description leaves out."""
    path = "/" + re.sub(r"<\w+:(\w+)>", r"{\1}", pattern)
    return next(one for one in operations() if (one.method, one.path) == (method, path))


def example_of(operation: Operation) -> dict[str, Any]:
    """A body with what the operation requires."""
    required = operation.body.get("required", [])
    return {name: _example(_resolved(schema)) for name, schema in operation.fields.items() if name in required}


def _resolved(found: dict[str, Any]) -> dict[str, Any]:
    name = found.get("$ref", "").rpartition("/")[2]
    return dict(schema()["components"]["schemas"].get(name, found))


def _example(field: dict[str, Any]) -> Any:
    if "enum" in field:
        return field["enum"][0]
    return BY_FORMAT.get(field.get("format", "")) or EXAMPLES[field.get("type", "object")]
