"""Lists by cursor: stable while rows are added, and as quick on page 1,000 as on the first."""

import base64
import binascii
import json
from dataclasses import dataclass
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


def page_size(request: Request) -> int:
    """Return `?limit=`. Raises Problem when it is no whole number within bounds."""
    given = request.query_params.get("limit", str(USUAL))
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and SMALLEST <= int(given) <= LARGEST):
        fields = {"limit": _("Send a whole number from %(low)s to %(high)s.") % {"low": SMALLEST, "high": LARGEST}}
        raise Problem(_("The size of the page is wrong."), code="validation_failed", fields=fields)
    return int(given)


@dataclass(frozen=True, slots=True)
class Keyset:
    """An order by one field, descending with a leading minus; the primary key breaks ties."""

    ordering: str = "-pk"

    @property
    def field(self) -> str:
        return self.ordering.lstrip("-")

    @property
    def is_descending(self) -> bool:
        return self.ordering.startswith("-")

    def page(self, rows: QuerySet[Any], cursor: str, size: int) -> tuple[list[Any], str | None]:
        """Return up to `size` rows after `cursor`, and the cursor of the next page or None. Raises BadCursor."""
        order = dict.fromkeys((self.ordering, "-pk" if self.is_descending else "pk"))
        found = list(self._after(rows, cursor).order_by(*order)[: size + 1])
        more = len(found) > size
        page = found[:size]
        if more and not page:
            return [], self._start()
        return page, self._cursor(page[-1]) if more else None

    def _cursor(self, row: Any) -> str:
        value = json.dumps([str(getattr(row, self.field)), str(row.pk)])
        return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")

    def _start(self) -> str:
        return base64.urlsafe_b64encode(b"[]").decode().rstrip("=")

    def _after(self, rows: QuerySet[Any], cursor: str) -> QuerySet[Any]:
        if cursor in ("", self._start()):
            return rows
        value, key = self._read(rows, cursor)
        beyond = "lt" if self.is_descending else "gt"
        tie = Q(**{self.field: value, f"pk__{beyond}": key})
        return rows.filter(Q(**{f"{self.field}__{beyond}": value}) | tie)

    def _read(self, rows: QuerySet[Any], cursor: str) -> tuple[Any, Any]:
        meta = rows.model._meta
        field = meta.pk if self.field == "pk" else meta.get_field(self.field)
        try:
            padded = cursor + "=" * (-len(cursor) % 4)
            value, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            position, tie = field.to_python(str(value)), meta.pk.to_python(str(key))
            field.run_validators(position)
            meta.pk.run_validators(tie)
        except (ValueError, TypeError, ValidationError, binascii.Error, RecursionError) as error:
            raise BadCursor(_("This cursor is not one of ours. Start again without it.")) from error
        return position, tie


class ByCursor(BasePagination):
    """Newest first by the view's `ordering` (one field, default `-pk`); `?limit=` up to 200, `?cursor=` from
    `nextCursor`.
    """

    next_cursor: str | None = None

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        keyset = Keyset(getattr(view, "ordering", "-pk"))
        cursor = request.query_params.get("cursor", "")
        found, self.next_cursor = keyset.page(queryset, cursor, page_size(request))
        return found

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
