"""Forms of the operators' pages, in the admin's look."""

import json
from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from pilar.backplane import console, holds
from pilar.backplane.models import Budget
from pilar.kernel import switchboard
from pilar.kernel.money import MICRO_EURO
from pilar.kernel.switchboard import LANES, BudgetResource

ALL_LANES = ""
LARGEST = 10**12


class Moment(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # unfold carries no types
    """The browser's own picker of a date and a time."""

    input_type = "datetime-local"


def _number(label: Any, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, required=False, widget=UnfoldAdminIntegerFieldWidget(), **options)


def _moment(label: Any) -> forms.DateTimeField:
    return forms.DateTimeField(label=label, widget=Moment())


class LimitsForm(forms.Form):
    """How much of the workers a studio may have."""

    lane = forms.ChoiceField(
        label=gettext_lazy("Lane"), required=False, widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(ALL_LANES, _("All lanes")), *((lane, console.lanes.word(lane)) for lane in LANES)],
    )  # fmt: skip
    weight = forms.IntegerField(
        label=gettext_lazy("Share of turns"),
        min_value=1,
        max_value=100,
        initial=1,
        widget=UnfoldAdminIntegerFieldWidget(),
    )
    max_running = _number(gettext_lazy("At once, at most"), min_value=1, max_value=100_000)
    rate = forms.FloatField(
        label=gettext_lazy("Jobs a second"), required=False, min_value=0.001, max_value=100_000,
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip
    burst = forms.FloatField(
        label=gettext_lazy("Saved up for a rush"), required=False, min_value=1, max_value=1_000_000,
        widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip


class ProviderForm(forms.Form):
    """How many jobs of a studio may call one provider at once."""

    provider = forms.ChoiceField(
        label=gettext_lazy("Provider"), widget=UnfoldAdminSelectWidget(),
        choices=lambda: [(name, switchboard.wordings["provider"].word(name)) for name in holds.providers()],
    )  # fmt: skip
    max_running = _number(gettext_lazy("At once, at most"), min_value=1, max_value=100_000)


def _in_units(known: BudgetResource) -> str:
    if known.unit == MICRO_EURO:
        return _("%(resource)s, in millionths of a euro") % {"resource": known.label}
    return str(known.label)


def _resources() -> list[tuple[str, str]]:
    return [(name, _in_units(known)) for name, known in switchboard.budget_resources.items()]


class OverrideForm(forms.Form):
    """An exception from a studio's budget, with an end."""

    resource = forms.ChoiceField(label=gettext_lazy("Resource"), widget=UnfoldAdminSelectWidget(), choices=_resources)
    daily = forms.IntegerField(
        label=gettext_lazy("A day"), min_value=0, max_value=LARGEST, widget=UnfoldAdminIntegerFieldWidget()
    )
    until = _moment(pgettext_lazy("exception", "Until"))


class PolicyForm(forms.Form):
    """What becomes of work over the budget."""

    resource = forms.ChoiceField(label=gettext_lazy("Resource"), widget=UnfoldAdminSelectWidget(), choices=_resources)
    policy = forms.ChoiceField(
        label=gettext_lazy("When it is used up"), widget=UnfoldAdminSelectWidget(), choices=Budget.Policy.choices
    )
    hourly = _number(gettext_lazy("An hour, at most"), min_value=0, max_value=LARGEST)


def _object(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise ValidationError(_("This is no JSON: %(why)s") % {"why": error}) from error
    if not isinstance(found, dict):
        raise ValidationError(_("The payload must be a JSON object."))
    return found


class PayloadForm(forms.Form):
    """Another payload for a dead job; whether it fits its type is seen when it is put back."""

    payload = forms.CharField(label=gettext_lazy("Payload"), widget=UnfoldAdminTextareaWidget(attrs={"rows": 10}))

    def clean_payload(self) -> dict[str, Any]:
        return _object(self.cleaned_data["payload"])


class ChangesForm(forms.Form):
    """Fields of many payloads that are set anew; the others stay as they are."""

    changes = forms.CharField(
        label=gettext_lazy("Fields to set anew (JSON)"),
        initial="{}",
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )

    def clean_changes(self) -> dict[str, Any]:
        found = _object(self.cleaned_data["changes"])
        if not found:
            raise ValidationError(_("Name at least one field."))
        return found


def _handlers() -> list[tuple[str, list[tuple[str, str]]]]:
    return [
        (event, [(name, name.removeprefix("on:").rpartition(":")[0]) for name in names])
        for event, names in sorted(switchboard.subscriptions.items())
    ]


class ReplayForm(forms.Form):
    """Which events of a studio are handed to which handler once more."""

    workspace_id = forms.UUIDField(label=gettext_lazy("Studio (its id)"), widget=UnfoldAdminTextInputWidget())
    handler = forms.ChoiceField(label=gettext_lazy("Handler"), widget=UnfoldAdminSelectWidget(), choices=_handlers)
    event_id = forms.UUIDField(
        label=gettext_lazy("One event (its id)"), required=False, widget=UnfoldAdminTextInputWidget()
    )
    since = forms.DateTimeField(label=gettext_lazy("Or from"), required=False, widget=Moment())
    until = forms.DateTimeField(label=gettext_lazy("until"), required=False, widget=Moment())

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        if not found.get("event_id") and not (found.get("since") and found.get("until")):
            raise ValidationError(_("Name one event, or a span of time."))
        return found

    @property
    def event_type(self) -> str:
        """The type of event that the chosen handler takes."""
        return str(self.cleaned_data["handler"]).rpartition(":")[2]

    @property
    def studio(self) -> UUID:
        return UUID(str(self.cleaned_data["workspace_id"]))
