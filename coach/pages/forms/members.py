"""The form of a member."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext_lazy as _

from coach.consents import NewConsent
from coach.leads import NewLead
from coach.models import CoachConfig, CoachingState, Consent, Goal, Lead
from coach.preferences import Preferences
from pilar.ui import words
from pilar.ui.time_zones import TimeZoneField


class MemberForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    phone = forms.CharField(label=_("WhatsApp number"), max_length=32, widget=forms.TextInput({"type": "tel"}))
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = TimeZoneField(help_text=_("So that nobody is written to at night."))
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas"))
    consent_source = forms.CharField(
        label=_("Where was the consent given?"), max_length=80, required=False, help_text=_("For example: front desk")
    )
    consent_wording = forms.CharField(
        label=_("To which words?"), max_length=4000, required=False, widget=forms.Textarea({"rows": 3})
    )
    consent_at = forms.DateTimeField(
        label=_("When?"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    fieldsets = (
        (_("Person"), ["name", "phone", "email", "language", "timezone", "tags"]),
        (_("Consent"), ["consent_source", "consent_wording", "consent_at"]),
    )

    def lead(self) -> NewLead:
        """Return what was filled in; call it after `is_valid`."""
        data = self.cleaned_data
        return NewLead(
            name=data["name"],
            phone=data["phone"],
            email=data["email"],
            language=data["language"],
            timezone=data["timezone"],
            tags=_split(data["tags"]),
            consent=self._consent(),
        )

    def _consent(self) -> NewConsent | None:
        source, wording, at = (self.cleaned_data[f"consent_{name}"] for name in ("source", "wording", "at"))
        return NewConsent(source=source, wording=wording, at=at) if source or wording or at else None


def _split(tags: str) -> list[str]:
    return [tag.strip() for tag in tags.split(",") if tag.strip()]


class EditForm(forms.Form):
    """What may change of a person."""

    name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = TimeZoneField(help_text=_("So that nobody is written to at night."))
    tags = forms.CharField(label=_("Tags"), required=False, help_text=_("Separated by commas"))

    @classmethod
    def of(cls, lead: Lead) -> "EditForm":
        """Return the form filled with what is known."""
        initial = {name: getattr(lead, name) for name in cls.base_fields} | {"tags": ", ".join(lead.tags)}
        return cls(initial=initial)

    def changes(self) -> dict[str, Any]:
        """Return what was filled in; call it after `is_valid`."""
        return self.cleaned_data | {"tags": _split(self.cleaned_data["tags"])}


class ConsentForm(forms.Form):
    """A consent with its proof."""

    purpose = forms.ChoiceField(label=_("What for?"))
    source = forms.CharField(label=_("Where was the consent given?"), max_length=80)
    wording = forms.CharField(label=_("To which words?"), max_length=4000, widget=forms.Textarea({"rows": 3}))
    at = forms.DateTimeField(
        label=_("When?"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["purpose"] = forms.ChoiceField(
            label=_("What for?"), choices=[(value, words.word("purpose", value)) for value in Consent.Purpose.values]
        )

    def consent(self) -> NewConsent:
        """Return what was filled in; call it after `is_valid`."""
        return NewConsent(**self.cleaned_data)


class PreferencesForm(forms.Form):
    """How a person wants to be coached."""

    frequency = forms.ChoiceField(
        label=_("How often?"), required=False, choices=[("", _("As your settings say")), *CoachConfig.Frequency.choices]
    )
    time_of_day = forms.CharField(
        label=_("At what time?"),
        required=False,
        max_length=5,
        widget=forms.TimeInput({"type": "time"}),
        help_text=_("In the person's own time; empty means any time within your hours"),
    )
    weekdays = forms.TypedMultipleChoiceField(
        label=_("On which days?"),
        required=False,
        coerce=int,
        choices=list(WEEKDAYS.items()),
        widget=forms.CheckboxSelectMultiple({"class": "in-columns"}),
        help_text=_("None chosen means any day; never more often than above"),
    )
    motivation_style = forms.ChoiceField(label=_("Tone"), choices=CoachingState.Style.choices)

    @classmethod
    def of(cls, wishes: Preferences) -> "PreferencesForm":
        """Return the form filled with the wishes on record."""
        return cls(initial={name: getattr(wishes, name) for name in cls.base_fields})

    def preferences(self) -> Preferences:
        """Return what was filled in; call it after `is_valid`."""
        return Preferences(**self.cleaned_data | {"weekdays": tuple(self.cleaned_data["weekdays"])})

    def said(self) -> list[tuple[str, str]]:
        """Return each wish with its label, in words, for who only reads."""
        return [(str(field.label), _in_words(field)) for field in self]


def _in_words(field: forms.BoundField) -> str:
    value = field.value() or ""
    named = {str(key): str(text) for key, text in getattr(field.field, "choices", ())}
    chosen = value if isinstance(value, list | tuple) else [value]
    return ", ".join(named.get(str(one), str(one)) for one in chosen)


class GoalForm(forms.Form):
    """Something the person wants to reach."""

    type = forms.ChoiceField(label=_("Goal"))
    target = forms.CharField(label=_("In the person's words"), max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["type"] = forms.ChoiceField(
            label=_("Goal"), choices=[(value, words.word("goal", value)) for value in Goal.Type.values]
        )
