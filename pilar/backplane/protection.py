"""Row-level security, grants and composite foreign keys: derived from the models, applied after every migrate.

The rule is the same for all tenant tables, so it is stated once here and a guard test reads it back from PostgreSQL.
"""

from collections.abc import Iterator

from django.apps import apps
from django.db import models
from django.db.backends.utils import CursorWrapper

from pilar.backplane.tenant_model import TenantModel, TenantRow, tenant_models

OWN_ROWS = "workspace_id = nullif(current_setting('pilar.workspace', true), '')::uuid"

POLICIES = (("own_rows", "pilar_app", OWN_ROWS), ("platform", "pilar_platform", "true"))


def protect(cursor: CursorWrapper) -> None:
    """Bring grants, policies and tenant foreign keys in line with the models. Safe to repeat; runs as the owner.

    Inside one transaction, and touching only what differs: while a deploy migrates, the old code goes on serving, and must
    neither find a table without its policy nor wait for a lock that nothing needs.
    """
    _grant(cursor)
    for model in tenant_models():
        _isolate(cursor, model._meta.db_table)
        if model.append_only:  # type: ignore[attr-defined]
            cursor.execute(
                f'REVOKE UPDATE, DELETE, TRUNCATE ON "{model._meta.db_table}" FROM pilar_app, pilar_platform'
            )
    for statement in _tenant_foreign_keys(cursor):
        cursor.execute(statement)


def _grant(cursor: CursorWrapper) -> None:
    cursor.execute("GRANT USAGE ON SCHEMA public TO pilar_app, pilar_platform")
    cursor.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO pilar_app, pilar_platform")
    cursor.execute("GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO pilar_app, pilar_platform")
    # A partition reached by its own name would not apply its parent's policy.
    cursor.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits JOIN pg_class ON oid = inhrelid WHERE relkind = 'r'"
    )
    for (partition,) in cursor.fetchall():
        cursor.execute(f"REVOKE ALL ON {partition} FROM pilar_app, pilar_platform")


def _isolate(cursor: CursorWrapper, table: str) -> None:
    cursor.execute("SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = %s::regclass", [table])
    if cursor.fetchone() != (True,):
        cursor.execute(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        cursor.execute(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
    present = _policies(cursor, table)
    for name, role, rule in POLICIES:
        if present.get(name) == rule:
            continue
        verb = "ALTER" if name in present else "CREATE"
        cursor.execute(f'{verb} POLICY {name} ON "{table}" TO {role} USING ({rule}) WITH CHECK ({rule})')
        cursor.execute(f'COMMENT ON POLICY {name} ON "{table}" IS %s', [rule])


def _policies(cursor: CursorWrapper, table: str) -> dict[str, str]:
    """Return the table's policies with the rule each was made from: PostgreSQL itself keeps rules in words of its own."""
    statement = "SELECT polname, obj_description(oid, 'pg_policy') FROM pg_policy WHERE polrelid = %s::regclass"
    cursor.execute(statement, [table])
    return {name: rule or "" for name, rule in cursor.fetchall()}


def _tenant_foreign_keys(cursor: CursorWrapper) -> Iterator[str]:
    """Foreign-key checks look past row-level security, so a reference between tenant rows names the workspace too."""
    cursor.execute("SELECT conname FROM pg_constraint WHERE conname LIKE 'tenant_%'")
    present = {name for (name,) in cursor.fetchall()}
    for model, field in tenant_references():
        table, column = model._meta.db_table, field.column
        target = field.related_model._meta.db_table
        unique, reference = f"tenant_{target}_uniq"[:63], f"tenant_{table}_{column}"[:63]
        if unique not in present:
            present.add(unique)
            yield f'ALTER TABLE "{target}" ADD CONSTRAINT {unique} UNIQUE (workspace_id, id)'
        if reference not in present:
            yield (
                f'ALTER TABLE "{table}" ADD CONSTRAINT {reference} FOREIGN KEY (workspace_id, "{column}") '
                f'REFERENCES "{target}" (workspace_id, id) DEFERRABLE INITIALLY DEFERRED'
            )


def tenant_references() -> Iterator[tuple[type[models.Model], models.ForeignKey[models.Model, models.Model]]]:
    """Yield every foreign key from one tenant table to another."""
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, TenantModel | TenantRow):
            for field in model._meta.get_fields():
                if isinstance(field, models.ForeignKey) and issubclass(field.related_model, TenantModel):
                    yield model, field
