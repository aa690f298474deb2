"""Lists and pages of the admin in words: studios by their names, moments in the reader's way, codes with what they mean."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar

from django.contrib.admin import FieldListFilter, display
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import FieldDoesNotExist
from django.db.models import DateTimeField, Field
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.admin import ModelAdmin

from pilar.backplane.readable import coded, studio_link, studio_names
from pilar.kernel import switchboard
from pilar.kernel.console import moment

STUDIO = ("workspace", "workspace_id")


class ReadableAdmin(ModelAdmin):  # type: ignore[misc]  # unfold carries no types
    """A page whose columns and filters are read by people. `coded` names columns that hold names from the code, and the
    kind of words (`switchboard.wording`) that tells them.
    """

    coded: ClassVar[Mapping[str, str]] = {}

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._shown: dict[str, Any] = {}

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return [self.readable(name) for name in super().get_list_display(request)]

    def get_list_display_links(self, request: HttpRequest, list_display: Any) -> Any:
        """Lead to a row by its first column that leads nowhere else."""
        return (
            self.list_display_links or [name for name in list_display if name not in map(self._shown.get, STUDIO)][:1]
        )

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        return [(name, CodeFilter) if name in self.coded else name for name in super().get_list_filter(request)]

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Look up the names of all studios of the page at once."""
        found: ChangeList = super().get_changelist_instance(request)
        rows = [row for row in found.result_list if hasattr(row, "workspace_id")]
        names = studio_names(row.workspace_id for row in rows)
        for row in rows:
            row.studio_names = names
        return found

    def readable(self, name: Any) -> Any:
        """Return what is shown in place of a column, or the column itself where it is readable as it is.

        It is the same object each time: a form compares its fields with those that are read-only.
        """
        if not isinstance(name, str):
            return name
        if name not in self._shown:
            self._shown[name] = self._readable(name)
        return self._shown[name]

    def _readable(self, name: str) -> Any:
        if name in STUDIO:
            return _shown(name, gettext_lazy("studio"), _studio)
        field = self._field(name)
        if field is not None and name in self.coded:
            return _shown(name, field.verbose_name, lambda row: coded(self.coded[name], getattr(row, name)))
        if isinstance(field, DateTimeField):
            return _shown(
                name, field.verbose_name, lambda row: moment(getattr(row, name)).replace(" ", "\N{NO-BREAK SPACE}")
            )
        return name

    def _field(self, name: Any) -> "Field[Any, Any] | None":
        try:
            found = self.opts.get_field(name)
        except FieldDoesNotExist:
            return None
        return found if isinstance(found, Field) else None


class CodeFilter(FieldListFilter):
    """Offers what a column can hold in words, each with its code; the rows are asked only where nobody knows it."""

    def __init__(self, field: Any, request: Any, params: Any, model: Any, model_admin: Any, field_path: str) -> None:
        self.lookup_kwarg = f"{field_path}__exact"
        self.chosen = params.get(self.lookup_kwarg, [None])[-1]
        self.wording = switchboard.wordings[model_admin.coded[field_path]]
        rows = model_admin.get_queryset(request).order_by(field.name).values_list(field.name, flat=True)
        self.codes = list(self.wording.codes()) or [code for code in rows.distinct() if code]
        super().__init__(field, request, params, model, model_admin, field_path)

    def expected_parameters(self) -> list[str | None]:
        return [self.lookup_kwarg]

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """All of them, and then each."""
        everything = changelist.get_query_string(remove=[self.lookup_kwarg])
        yield {"selected": self.chosen is None, "query_string": everything, "display": _("All")}
        for code in self.codes:
            yield {
                "selected": self.chosen == str(code),
                "query_string": changelist.get_query_string({self.lookup_kwarg: code}),
                "display": " · ".join(filter(None, self.wording.told(code))),
            }


def _studio(row: Any) -> str:
    names = getattr(row, "studio_names", None) or studio_names([row.workspace_id])
    return studio_link(row.workspace_id, names)


def _shown(name: str, label: Any, tell: Callable[[Any], str]) -> Callable[[Any], str]:
    """Return a column that is called and ordered like the one that it stands for."""

    def column(row: Any) -> str:
        return tell(row)

    column.__name__ = name
    return display(description=label, ordering=name)(column)
