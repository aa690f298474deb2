"""Factories shared by the rooms; each room has its own beside its tests for what only it needs."""

from typing import Any

import factory
from django.db import connection, models
from factory.django import DjangoModelFactory

from pilar.kernel.ids import uuid7


class WorkspaceFactory(DjangoModelFactory[Any]):
    class Meta:
        model = "workspaces.Workspace"

    id = factory.LazyFunction(uuid7)
    name = factory.Sequence(lambda n: f"Studio {n}")
    country = "DE"
    timezone = "Europe/Berlin"
    language = "de"
    status = "active"
    plan_id = "PRO"


class LeadFactory(DjangoModelFactory[Any]):
    class Meta:
        model = "coach.Lead"

    name = factory.Sequence(lambda n: f"Anna {n}")
    phone = factory.Sequence(lambda n: f"+49151{n:08d}")
    language = "de"
    timezone = "Europe/Berlin"


def multiply(row: models.Model, times: int, **fields: str) -> None:
    """Add `times` copies of a stored row in one statement; `fields` are SQL in which `n` counts the copies from 0."""
    columns = {field.column: f"row.{field.column}" for field in row._meta.concrete_fields if not field.generated}
    columns |= {"id": "gen_random_uuid()", **fields}
    insert = f"INSERT INTO {row._meta.db_table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"{insert} FROM {row._meta.db_table} row, generate_series(0, %s) n WHERE row.id = %s", [times - 1, row.pk]
        )
