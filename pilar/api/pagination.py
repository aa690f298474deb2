"""Lists by cursor: stable while rows are added, and as quick on page 1,000 as on the first."""

import base64
import binascii
import json
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response

from pilar.kernel.problems import Problem

SMALLEST, USUAL, LARGEST = 1, 50, 200


class BadCursor(Problem):
    code = "invalid_cursor"


class ByCursor(BasePagination):
    """Newest first by the view's `ordering` (one field, default `-pk`); `?limit=` up to 200, `?cursor=` from `nextCursor`."""

    def paginate_queryset(self, queryset: QuerySet[Any], request: Request, view: Any = None) -> list[Any]:
        self._ordering = getattr(view, "ordering", "-pk")
        limit = self._limit(request)
        rows = self._from(queryset, request.query_params.get("cursor", ""))
        found = list(rows.order_by(*dict.fromkeys((self._ordering, self._tie_break())))[: limit + 1])
        self.next_cursor = self._cursor(found[limit - 1]) if len(found) > limit else None
        return found[:limit]

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"items": data, "next_cursor": self.next_cursor})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return {
            "type": "object",
            "required": ["items", "next_cursor"],
            "properties": {
                "items": schema,
                "next_cursor": {"type": ["string", "null"], "description": "Send it as `cursor` to read on."},
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": SMALLEST, "maximum": LARGEST, "default": USUAL}
        return [
            {"name": "limit", "in": "query", "required": False, "schema": limit},
            {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string", "maxLength": 500}},
        ]

    def _limit(self, request: Request) -> int:
        given = request.query_params.get("limit", str(USUAL))
        if not (given.isascii() and given.isdigit() and len(given) <= 4 and SMALLEST <= int(given) <= LARGEST):
            fields = {"limit": _("Send a whole number from %(low)s to %(high)s.") % {"low": SMALLEST, "high": LARGEST}}
            raise Problem(_("The size of the page is wrong."), code="validation_failed", fields=fields)
        return int(given)

    @property
    def _field(self) -> str:
        return self._ordering.lstrip("-")

    def _tie_break(self) -> str:
        return "-pk" if self._ordering.startswith("-") else "pk"

    def _cursor(self, row: Any) -> str:
        value = json.dumps([str(getattr(row, self._field)), str(row.pk)])
        return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")

    def _from(self, rows: QuerySet[Any], cursor: str) -> QuerySet[Any]:
        if not cursor:
            return rows
        value, key = self._values(rows, cursor)
        beyond = "lt" if self._ordering.startswith("-") else "gt"
        tie = Q(**{self._field: value, f"pk__{beyond}": key})
        return rows.filter(Q(**{f"{self._field}__{beyond}": value}) | tie)

    def _values(self, rows: QuerySet[Any], cursor: str) -> tuple[Any, Any]:
        meta = rows.model._meta
        field = meta.pk if self._field == "pk" else meta.get_field(self._field)
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            value, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            return field.to_python(str(value)), meta.pk.to_python(str(key))
        except (ValueError, TypeError, ValidationError, binascii.Error, RecursionError) as error:
            raise BadCursor(_("This cursor is not one of ours. Start again without it.")) from error
