"""What the description promises, held to the product: generated requests on every operation it names (reliability T7)."""

import json
from typing import Any

import pytest
import schemathesis
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import SchemathesisConfig

from pilar.api import documentation
from tests.api.test_malformed import is_problem
from tests.workspaces.world import World, make_world

pytestmark = [pytest.mark.django_db, pytest.mark.processes]
EXAMPLES = 3
"""Requests for each operation, beside those of test_malformed.py: a hundred operations must not take minutes."""
QUICK = SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}, "examples": {"enabled": False}}})
schema = schemathesis.openapi.from_dict(documentation.described(), config=QUICK)


@pytest.fixture
def world(db: None) -> World:
    return make_world()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
    database=None,
    derandomize=True,
)
def test_every_operation_answers_as_described(case: Any, world: World) -> None:
    cache.clear()
    answer = sent(case, world)
    described = {*case.operation.definition.raw["responses"], "405", "406"}
    assert str(answer.status_code) in described
    assert answer.status_code < 500 or answer.status_code == 503
    assert answer.status_code < 400 or is_problem(answer)


def sent(case: Any, world: World) -> Any:
    """Send a generated request as the owner of a studio. A path that names a workspace names theirs."""
    if "workspace_id" in (case.path_parameters or {}):
        case.path_parameters["workspace_id"] = str(world.workspace_id)
    body = {} if isinstance(case.body, schemathesis.core.NotSet) else {"data": as_bytes(case)}
    headers = {str(name): str(value) for name, value in (case.headers or {}).items()}
    return Client(raise_request_exception=True).generic(
        case.method,
        case.formatted_path,
        content_type=case.media_type or "application/json",
        query_params=case.query or {},
        headers=headers | world.headers("owner"),
        **body,
    )


def as_bytes(case: Any) -> bytes:
    return json.dumps(case.body).encode() if not isinstance(case.body, bytes) else case.body
