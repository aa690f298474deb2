"""The base of the operator's admin pages on which something is changed by hand: each change says why, and is on record."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from pilar.backplane import audit, confirmation
from pilar.backplane.admin_pages import actor_of
from pilar.backplane.confirmation import LONGEST_REASON, SHORTEST_REASON, About
from pilar.backplane.readable_admin import ReadableAdmin
from pilar.backplane.tenancy import PLATFORM, atomic, tenant

REASON = "reason"


class Reason(forms.CharField):
    """Why a row is changed. It belongs to the trail and not to the row, so by itself it is no change."""

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class ReasonedForm(forms.ModelForm):  # type: ignore[type-arg]  # generic in the stubs only
    reason = Reason(
        label=gettext_lazy("Reason"),
        min_length=SHORTEST_REASON,
        max_length=LONGEST_REASON,
        help_text=gettext_lazy("Stands in the audit trail, with what was there before and your name."),
        widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}),
    )


class AuditedAdmin(ReadableAdmin):
    """Rows that operators add, change or delete by hand. The change and its entry in the trail are one transaction.

    What is not a form's to change (money, access) is read-only here and has an action with a domain function.
    """

    form = ReasonedForm

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows stay, unless a page says otherwise: what belongs to one would go with it."""
        return False

    def trail_of(self, row: Model) -> UUID:
        """Whose audit trail a change of the row belongs to: the studio's where it is about one."""
        found: UUID | None = getattr(row, "workspace_id", None)
        return found or PLATFORM

    def after_change(self, row: Any) -> None:
        """Draw what follows from a change, in its transaction and in the scope of the row's trail."""

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Keep what is shown in words out of the form: Django does so only for fields by their own names."""
        return [*(super().get_exclude(request, obj) or ()), *self.readonly_fields]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return [self.readable(name) for name in super().get_readonly_fields(request, obj)]

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        """Ask why at the end, below what it is about."""
        names = [name for name in super().get_fields(request, obj) if name != REASON]
        return [*names, REASON]

    def save_related(self, request: HttpRequest, form: Any, formsets: Iterable[Any], change: bool) -> None:
        """Record the row and those below it that were changed."""
        formsets = list(formsets)
        super().save_related(request, form, formsets, change)
        below = [(one, one in formset.initial_forms) for formset in formsets for one in formset.forms]
        with audit.because(" ".join(form.cleaned_data[REASON].split())):
            for one, known in [(form, change), *below]:
                if one.has_changed():
                    self._record(request, one, known)
        if form.has_changed():
            with tenant(self.trail_of(form.instance)), atomic():
                self.after_change(form.instance)

    def _record(self, request: HttpRequest, form: Any, known: bool) -> None:
        row = form.instance
        asked = form.changed_data if known else form.fields
        columns = {name: column for name, column in _columns(row).items() if name in asked}
        before = {name: form.initial.get(name) for name in columns} if known else None
        after = {name: column.value_from_object(row) for name, column in columns.items()}
        action = f"{row._meta.model_name}.{'changed' if known else 'added'}"
        with tenant(self.trail_of(row)), atomic():
            audit.record(actor_of(request), action, row._meta.model_name, row.pk, before=before, after=after)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask once more and why, and keep in the trail what was deleted."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404
        if not self.has_delete_permission(request, row):
            raise PermissionDenied
        names = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        asked = confirmation.ask(
            request,
            question=_("Delete this for good?"),
            about=lambda: About([row]),
            carry={},
            back=reverse(f"{names}_change", args=[object_id]),
        )
        if asked is not None:
            return asked
        before = {name: column.value_from_object(row) for name, column in _columns(row).items()}
        with confirmation.within_reason(request), tenant(self.trail_of(row)), atomic():
            name = self.opts.model_name
            audit.record(actor_of(request), f"{name}.deleted", name, row.pk, before=before)
            row.delete()
        messages.success(request, _("Deleted."))
        return redirect(f"{names}_changelist")


def _columns(row: Model) -> dict[str, Any]:
    return {column.name: column for column in row._meta.concrete_fields}
