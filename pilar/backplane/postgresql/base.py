"""Django's PostgreSQL backend that tells each transaction whose data it may see."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db.backends.postgresql import base
from psycopg import pq

from pilar.backplane import tenancy


@cache
def _tenant_tables() -> re.Pattern[str]:
    from pilar.backplane.tenant_model import tenant_models  # noqa: PLC0415 - models load after the backend

    names = "|".join(sorted((m._meta.db_table for m in tenant_models()), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:{names})(?!\w)")


def _refuse_outside_transaction(
    execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: dict[str, Any]
) -> Any:
    connection = context["connection"]
    if not connection.in_atomic_block and connection.guarded and apps.models_ready and isinstance(sql, str):
        found = _tenant_tables().search(sql)
        if found:
            raise tenancy.OutsideTransaction(f"{found.group()} was queried outside tenancy.atomic()")
    return execute(sql, params, many, context)


class DatabaseWrapper(base.DatabaseWrapper):
    """Binds the scope of `tenancy` to every transaction: `set_config('pilar.workspace', ..., true)` at each BEGIN.

    With `SWITCH_ROLES` in the database's settings one login plays both roles on one connection, for tests only.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.guarded = self.settings_dict.get("GUARDED", True)
        self.switches_roles = self.settings_dict.get("SWITCH_ROLES", False)
        self.execute_wrappers.append(_refuse_outside_transaction)

    def init_connection_state(self) -> None:
        super().init_connection_state()
        if self.switches_roles:
            self._run("SET ROLE pilar_app")

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs do not know it
        if not autocommit:
            self.bind_scope()

    def bind_scope(self) -> None:
        """Tell the open transaction the scope in force. Does nothing in a failed one: its rollback restores the old."""
        if self.connection is None or self.connection.info.transaction_status == pq.TransactionStatus.INERROR:
            return
        scope = tenancy.scope()
        workspace = str(scope.workspace_id) if scope and scope.workspace_id else ""
        if self.switches_roles:
            role = "pilar_platform" if scope and scope.crosses_tenants else "pilar_app"
            self._run(f"SET LOCAL ROLE {role}")
        if workspace or self.in_atomic_block:
            self._run("SELECT set_config('pilar.workspace', %s, true)", [workspace])

    def _run(self, sql: str, params: list[str] | None = None) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql, params)
