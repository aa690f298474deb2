"""The forms of the coach's settings and of its pause."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from coach.config import CoachSettings
from coach.models import CoachConfig
from coach.schedule import instant


class CoachForm(forms.Form):
    target_audience = forms.CharField(label=_("Who are your members?"), max_length=200)
    goal = forms.CharField(label=_("What is the aim?"), max_length=300)
    tone = forms.CharField(label=_("Tone"), max_length=100)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    frequency = forms.ChoiceField(label=_("How often?"), choices=CoachConfig.Frequency.choices)
    window_start = forms.CharField(
        label=_("Not before"), max_length=5, help_text=_("For example 08:00, in the member's own time")
    )
    window_end = forms.CharField(
        label=_("Not after"), max_length=5, help_text=_("For example 20:00; 24:00 is the end of the day")
    )
    auto_reply = forms.BooleanField(label=_("Answer by AI when a member writes"), required=False)
    fieldsets = (
        (_("What it says"), ["target_audience", "goal", "tone", "language"]),
        (_("When it writes"), ["frequency", "window_start", "window_end", "auto_reply"]),
    )

    @classmethod
    def of(cls, mine: CoachSettings) -> "CoachForm":
        """Return the form filled with the settings in force."""
        initial: dict[str, Any] = {name: getattr(mine, name) for name in cls.base_fields}
        return cls(initial=initial)


class PauseForm(forms.Form):
    TOMORROW, WEEK, DAY, OPEN = "tomorrow", "week", "day", "open"
    length = forms.ChoiceField(
        label=_("For how long?"),
        choices=(
            (TOMORROW, _("Until tomorrow morning")),
            (WEEK, _("For a week")),
            (DAY, _("Until a day")),
            (OPEN, _("Until I let it go on")),
        ),
    )
    day = forms.DateField(label=_("Which day?"), required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("length") == self.DAY and not data.get("day"):
            self.add_error("day", _("Choose the day on which it goes on."))
        return data

    def until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the instant at which it goes on, None for an open end; call it after `is_valid`."""
        today = now.astimezone(zone).date()
        day: date | None = {
            self.TOMORROW: today + timedelta(days=1),
            self.WEEK: today + timedelta(days=7),
            self.DAY: self.cleaned_data.get("day"),
        }.get(self.cleaned_data["length"])
        return instant(day, 0, zone) if day else None
