"""Django's PostgreSQL backend that tells each transaction whose data it may see."""

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.apps import apps
from django.db.backends.postgresql import base
from psycopg import OperationalError, pq
from psycopg.errors import error_from_result

from pilar.backplane import tenancy

_FINE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)


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

    def connect(self) -> None:
        super().connect()
        tenancy.held.connections.add(self)

    def close(self) -> None:
        tenancy.held.connections.discard(self)
        super().close()

    def prepared_cursor(self) -> Any:
        """Return a cursor that binds at the server, which keeps the plans of statements that come often."""
        self.ensure_connection()
        cursor = base.ServerBindingCursor(self.connection)  # type: ignore[call-arg]  # the stubs do not know it
        return self._prepare_cursor(cursor)  # type: ignore[attr-defined]  # nor this

    def _set_autocommit(self, autocommit: bool) -> None:
        super()._set_autocommit(autocommit)  # type: ignore[misc]  # the stubs do not know it
        if not autocommit:
            # In one message with the BEGIN, which psycopg would send by itself before the first statement: a round
            # trip less in every transaction of the product.
            self._send(["BEGIN", *self._scope_told()])

    def bind_scope(self) -> None:
        """Tell the open transaction the scope in force. Does nothing in a failed one: its rollback restores the old."""
        if self.connection is None or self.connection.info.transaction_status == pq.TransactionStatus.INERROR:
            return
        self._send(self._scope_told())

    def _scope_told(self) -> list[str]:
        scope = tenancy.scope()
        workspace = scope.workspace_id if scope else None
        # Only a UUID has `hex`: nothing else can become a part of this statement.
        told = [f"SELECT set_config('pilar.workspace', '{workspace.hex if workspace else ''}', true)"]
        if self.switches_roles:
            told.insert(0, f"SET LOCAL ROLE {'pilar_platform' if scope and scope.crosses_tenants else 'pilar_app'}")
        return told

    def _send(self, statements: list[str]) -> None:
        """Execute statements without parameters in one message."""
        with self.wrap_database_errors:
            result = self.connection.pgconn.exec_("; ".join(statements).encode())
            if result.status not in _FINE:
                if self.connection.closed:
                    raise OperationalError("the server closed the connection")
                raise error_from_result(result)

    def _run(self, sql: str) -> None:
        with self.connection.cursor() as cursor:
            cursor.execute(sql)
