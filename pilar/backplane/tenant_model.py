"""The base of every table that belongs to a workspace: the model ring and the query ring of tenancy."""

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar
from uuid import UUID

from django.apps import apps
from django.db import models

from pilar.backplane import tenancy
from pilar.kernel.ids import uuid7


class TenantQuerySet[M: models.Model](models.QuerySet[M]):
    def bulk_create(self, objs: Iterable[M], *args: Any, **kwargs: Any) -> list[M]:
        rows = list(objs)
        for row in rows:
            claim(row)
        return super().bulk_create(rows, *args, **kwargs)


class TenantManager[M: models.Model](models.Manager[M]):
    """Sees the current workspace's rows only, and raises NoTenant when nobody said whose rows are meant."""

    def get_queryset(self) -> TenantQuerySet[M]:
        scope = tenancy.scope()
        if scope is None:
            raise tenancy.NoTenant(f"{self.model._meta.label}: name the workspace first")
        rows: TenantQuerySet[M] = TenantQuerySet(self.model, using=self._db)
        return rows if scope.crosses_tenants else rows.filter(workspace_id=scope.workspace_id)


def claim(row: models.Model) -> None:
    """Give a new row the current workspace. Raises WrongTenant when it already names another one."""
    scope = tenancy.scope()
    if scope is None:
        raise tenancy.NoTenant(f"{row._meta.label}: name the workspace first")
    owner: UUID | None = row.workspace_id  # type: ignore[attr-defined]
    if owner is None:
        row.workspace_id = tenancy.current()  # type: ignore[attr-defined]
    elif scope.workspace_id not in (None, owner):
        raise tenancy.WrongTenant(f"{row._meta.label} belongs to another workspace")


class TenantRow(models.Model):
    """A row of one workspace without a foreign key to it: hot tables, ledgers and trails that outlive the workspace.

    `append_only` tables grant the application neither UPDATE nor DELETE.
    """

    append_only: ClassVar[bool] = False

    workspace_id: Any = models.UUIDField(editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        claim(self)
        super().save(*args, **kwargs)


class TenantModel(models.Model):
    """A row of one workspace, erased with it. Ids are UUIDv7."""

    append_only: ClassVar[bool] = False

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    workspace = models.ForeignKey(
        "workspaces.Workspace", on_delete=models.CASCADE, related_name="+", editable=False, db_index=False
    )

    objects = TenantManager()

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        claim(self)
        super().save(*args, **kwargs)


def tenant_models() -> Iterator[type[models.Model]]:
    """Yield every concrete model that belongs to a workspace."""
    for model in apps.get_models(include_auto_created=True):
        if issubclass(model, TenantModel | TenantRow):
            yield model
