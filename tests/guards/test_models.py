"""The model ring: which tables belong to a workspace, and what PostgreSQL enforces for each."""

import pytest
from django.apps import apps
from django.db import connection, models

from pilar.backplane.protection import OWN_ROWS, tenant_references
from pilar.backplane.tenant_model import tenant_models
from tests.guards.floors import FLOOR

GLOBAL = {
    "workspaces.User": "a person may belong to several studios",
    "workspaces.Workspace": "is the tenant itself",
    "workspaces.Membership": "tells which studios a person may enter, so it is read before any is entered",
    "workspaces.Invitation": "is opened by somebody who is not yet a member",
    "workspaces.KnownDevice": "belongs to a person, who may work in several studios",
    "workspaces.Plan": "is the same for all",
    "workspaces.ApiKey": "names the workspace, so it is read before it is known",
    "workspaces.SignUp": "comes before the workspace",
    "backplane.WebhookReceipt": "gets its workspace when it is resolved",
    "backplane.WorkerProcess": "a process works for all studios",
    "backplane.LaneFigures": "a lane is shared by all studios; only counts stand in it",
    "backplane.LaneCount": "the same: counts of all studios together",
    "backplane.TypeTime": "the same: times of all studios together",
    "backplane.CacheEntry": "the cache of Django itself, when there is no Redis",
    "providers.GlobalBreaker": "speaks about a provider, not about a studio",
    "security.CspReport": "browsers send it without signing in",
    "workspaces.ContactRequest": "strangers write it",
    "providers.Price": "the providers ask the same of every studio",
    "providers.ProviderRoute": "tells whose webhook it is",
}


def ours() -> list[type[models.Model]]:
    return [model for model in apps.get_models(include_auto_created=True) if model._meta.app_label in FLOOR]


def test_the_guard_finds_models() -> None:
    assert len(list(tenant_models())) > 30


def test_every_model_belongs_to_a_workspace_or_is_listed_as_global_with_a_reason() -> None:
    tenant = set(tenant_models())
    assert {m._meta.label for m in ours() if m not in tenant} == set(GLOBAL)


def test_foreign_keys_point_to_the_same_or_a_lower_floor() -> None:
    upward = [
        f"{model._meta.label}.{field.name}"
        for model in ours()
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.name != "workspace"
        and FLOOR.get(field.related_model._meta.app_label, 0) > FLOOR[model._meta.app_label]
    ]
    assert upward == []


@pytest.mark.django_db
def test_row_level_security_is_enabled_and_forced_on_every_tenant_table() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity")
        secured = {name for (name,) in cursor.fetchall()}
    assert {m._meta.db_table for m in tenant_models()} - secured == set()


@pytest.mark.django_db
def test_the_application_role_is_held_to_its_own_rows_by_every_policy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename, qual, with_check FROM pg_policies WHERE 'pilar_app' = ANY(roles)")
        rules = {table: (qual, check) for table, qual, check in cursor.fetchall()}
        cursor.execute("SELECT 1")
    expected = {m._meta.db_table for m in tenant_models()}
    assert set(rules) == expected
    assert all("pilar.workspace" in qual and qual == check for qual, check in rules.values()), OWN_ROWS


@pytest.mark.django_db
def test_no_partition_can_be_read_by_its_own_name() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid "
            "WHERE c.relkind = 'r' AND (has_table_privilege('pilar_app', inhrelid, 'SELECT') "
            "OR has_table_privilege('pilar_platform', inhrelid, 'SELECT'))"
        )
        assert cursor.fetchall() == []


@pytest.mark.django_db
def test_references_between_tenant_rows_name_the_workspace_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT conname FROM pg_constraint WHERE contype = 'f' AND conname LIKE 'tenant_%%'")
        present = {name for (name,) in cursor.fetchall()}
    expected = {f"tenant_{model._meta.db_table}_{field.column}"[:63] for model, field in tenant_references()}
    assert expected - present == set()


@pytest.mark.django_db
def test_append_only_tables_grant_neither_update_nor_delete() -> None:
    append_only = [m._meta.db_table for m in tenant_models() if m.append_only]  # type: ignore[attr-defined]
    assert append_only
    with connection.cursor() as cursor:
        for table in append_only:
            cursor.execute("SELECT has_table_privilege('pilar_app', %s, 'UPDATE, DELETE')", [table])
            assert cursor.fetchone() == (False,), table
