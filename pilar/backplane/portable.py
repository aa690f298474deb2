"""Rows of a workspace as plain values, for the file that its people may take along (GDPR Art. 20)."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import BinaryField, Model

from pilar.backplane.tenancy import atomic

CHUNK = 1000


def table(model: type[Model], *hidden: str) -> Callable[[], Iterator[dict[str, Any]]]:
    """Return a reader of all rows that the current scope sees, without `hidden` fields and files.

    It reads in chunks with a short transaction each, so that a long export holds nothing up.
    """
    left_out = {"workspace", "workspace_id", *hidden}
    fields = [field for field in model._meta.concrete_fields if not isinstance(field, BinaryField)]
    names = [field.attname for field in fields if field.name not in left_out]

    def read() -> Iterator[dict[str, Any]]:
        last: Any = None
        while True:
            with atomic():
                rows = model._default_manager.order_by("pk")
                page = list((rows if last is None else rows.filter(pk__gt=last))[:CHUNK].values("pk", *names))
            for row in page:
                last = row.pop("pk")
                yield row
            if len(page) < CHUNK:
                return

    return read
