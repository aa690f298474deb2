"""The base of the operator's admin pages over tenant tables: all workspaces, read-only unless a page says otherwise."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse

from pilar.backplane.readable_admin import STUDIO, ReadableAdmin
from pilar.backplane.tenancy import all_tenants, atomic


class TenantAdmin(ReadableAdmin):
    """Shows rows of all workspaces to operators. Pages are rendered inside the scope: their querysets are lazy."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Say first whose row it is."""
        names = [name for name in super().get_fields(request, obj) if name not in STUDIO]
        whose = ["workspace_id"] if hasattr(self.model, "workspace_id") else []
        return [self.readable(name) for name in [*whose, *names]]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return _across(lambda: super(TenantAdmin, self).changelist_view(request, extra_context))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        return _across(lambda: super(TenantAdmin, self).changeform_view(request, object_id, form_url, extra_context))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _across(lambda: super(TenantAdmin, self).delete_view(request, object_id, extra_context))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return _across(lambda: super(TenantAdmin, self).history_view(request, object_id, extra_context))


def _across(view: Callable[[], HttpResponse]) -> HttpResponse:
    with all_tenants("the operator's admin pages show every workspace"), atomic():
        response = view()
        if isinstance(response, SimpleTemplateResponse):
            response.render()
        return response
