"""Factories shared by the rooms; each room has its own beside its tests for what only it needs."""

from typing import Any

import factory
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
