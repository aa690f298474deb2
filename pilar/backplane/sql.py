"""Plain SQL on the connection of the scope in force, for the few statements that the ORM cannot say."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connections

from pilar.backplane import tenancy

Parameters = Mapping[str, Any] | Sequence[Any] | None


def rows(statement: str, parameters: Parameters = None) -> list[tuple[Any, ...]]:
    """Return all rows of a query."""
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def row(statement: str, parameters: Parameters = None) -> tuple[Any, ...] | None:
    """Return the first row of a query, or None."""
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(statement, parameters)
        found: tuple[Any, ...] | None = cursor.fetchone()
        return found


def prepared(statement: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    """Return all rows of a statement that is executed so often that its plan is worth keeping."""
    with connections[tenancy.alias()].prepared_cursor() as cursor:  # type: ignore[attr-defined]  # our backend's
        cursor.execute(statement, parameters)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def array(values: Iterable[object]) -> str:
    """Write an array as PostgreSQL's text, each value by its `str` and None as NULL.

    psycopg's own way looks at each value for its type: ten times as long, half of a bulk enqueue's time in Python.
    """
    return "{" + ",".join(["NULL" if value is None else _quoted(str(value)) for value in values]) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def value(statement: str, parameters: Parameters = None) -> Any:
    """Return the first column of the first row, or None."""
    found = row(statement, parameters)
    return found[0] if found else None


def run(statement: str, parameters: Parameters = None) -> int:
    """Execute a statement and return how many rows it touched."""
    with connections[tenancy.alias()].cursor() as cursor:
        cursor.execute(statement, parameters)
        return int(cursor.rowcount)
