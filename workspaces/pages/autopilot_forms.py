"""The forms of Settings > Autopilot."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.budgets import Standing
from pilar.backplane.models import Budget
from pilar.kernel import money
from workspaces import api_keys, trails
from workspaces.models.access import MemberRole
from workspaces.own_limits import EURO
from workspaces.trails import Wanted

CENT = Decimal("0.01")


class KeyForm(forms.Form):
    """A new API key. Without scopes it may do whatever its role may."""

    name = forms.CharField(
        label=_("What is the key for?"),
        max_length=80,
        widget=forms.TextInput(attrs={"placeholder": _("for example: front desk"), "autocomplete": "off"}),
    )
    role = forms.ChoiceField(label=_("What may it do at most?"), choices=MemberRole, initial=MemberRole.OWNER)
    scopes = forms.MultipleChoiceField(
        label=_("Only this"),
        help_text=_("Choose nothing to allow all that the role may."),
        required=False,
        choices=[(scope, scope) for scope in api_keys.SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )


class LimitForm(forms.Form):
    """The studio's own limits of one resource, a day and an hour, and what happens beyond."""

    daily = forms.IntegerField(
        label=_("At most a day"), min_value=1, required=False, help_text=_("Empty: what your plan allows.")
    )
    hourly = forms.IntegerField(
        label=_("At most an hour"), min_value=1, required=False, help_text=_("Empty: only the day counts.")
    )
    policy = forms.ChoiceField(label=_("What does not fit"), choices=Budget.Policy)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, resource: str, initial: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(data, auto_id=f"id_{resource}_%s", initial=dict(initial or {}))
        self.resource = resource

    @classmethod
    def of(cls, standing: Standing) -> "LimitForm":
        """The form with what holds now."""
        chosen = {"daily": standing.own_daily, "hourly": standing.hourly_limit, "policy": standing.policy}
        return cls(initial=chosen, resource=standing.resource)


class CapForm(forms.Form):
    """What messages and models may cost the studio, in euro."""

    resource = EURO
    daily = forms.DecimalField(
        label=_("At most a day, in euro"), min_value=0, max_digits=9, decimal_places=2, required=False,
        help_text=_("Empty: no limit."),
    )  # fmt: skip
    monthly = forms.DecimalField(
        label=_("At most a month, in euro"), min_value=0, max_digits=9, decimal_places=2, required=False,
        help_text=_("Empty: no limit."),
    )  # fmt: skip
    policy = forms.ChoiceField(label=_("What does not fit"), choices=Budget.Policy)

    @classmethod
    def of(cls, standing: Standing) -> "CapForm":
        """The form with what holds now."""
        caps = {"daily": standing.own_daily, "monthly": standing.own_monthly}
        chosen = {name: None if cap is None else money.euro(cap).quantize(CENT) for name, cap in caps.items()}
        return cls(initial=chosen | {"policy": standing.policy}, auto_id="id_euro_%s")


class TrailForm(forms.Form):
    """Filters of a trail. What makes no sense does not narrow."""

    who = forms.ChoiceField(label=_("Who"), required=False)
    what = forms.ChoiceField(label=_("What"), required=False, choices=lambda: _subjects())
    object_id = forms.CharField(
        label=_("Id"),
        required=False,
        max_length=100,
        help_text=_("Of one member, message or key, as it stands beside an entry."),
    )
    since = forms.DateField(
        label=pgettext_lazy("date", "From"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=pgettext_lazy("date", "Until"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )

    def __init__(self, data: Mapping[str, Any], *, people: Mapping[str, str] | None = None) -> None:
        super().__init__(data)
        if people is None:
            del self.fields["who"]
        else:
            everybody = {"": _("Everybody"), **people, **trails.others()}
            self.fields["who"].choices = list(everybody.items())  # type: ignore[attr-defined]

    def wanted(self) -> Wanted:
        """Return the filters that were understood."""
        self.is_valid()
        understood = {name: value for name, value in self.cleaned_data.items() if value}
        return Wanted(**{name: _clean(value) for name, value in understood.items()})


def _subjects() -> list[tuple[str, Any]]:
    return [("", _("Everything")), *((name, label) for name, (label, _pattern) in trails.SUBJECTS.items())]


def kept_filters(request: HttpRequest) -> str:
    """Return the filters of this page as the beginning of the next page's query."""
    kept = {name: value for name, value in request.GET.items() if value and name != "cursor"}
    return urlencode(kept) + "&" if kept else ""


def _clean(value: Any) -> Any:
    return value.replace("\x00", "").strip() if isinstance(value, str) else value
