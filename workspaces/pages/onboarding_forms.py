"""The forms of the onboarding, one a step. A country decides how its register and its tax number are called."""

from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from pilar.ui.time_zones import TimeZoneField
from workspaces.hours import DAYS
from workspaces.pages.forms import COUNTRY_CHOICES

DAY_NAMES = dict(
    zip(
        DAYS,
        (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday")),
        strict=True,
    )
)
WEEKDAYS = DAYS[:5]


@dataclass(frozen=True, slots=True)
class Country:
    """How things are called there, with examples, and what a phone number of that country cannot do without."""

    register: str | Promise
    register_example: str
    vat: str | Promise
    vat_example: str
    number_needs_business: bool = False


ELSEWHERE = Country(_("Company number"), "12345678", _("VAT number"), "")
BY_COUNTRY = {
    "DE": Country(
        _("Register number (Handelsregister)"), "HRB 12345", "USt-IdNr.", "DE123456789", number_needs_business=True
    ),
    "AT": Country(_("Register number (Firmenbuch)"), "FN 123456a", "UID", "ATU12345678"),
    "CH": Country("UID", "CHE-123.456.789", "MWST-Nr.", ""),
    "LI": Country("UID", "FL-0002.123.456-7", "MWST-Nr.", ""),
    "LU": Country("RCS", "B123456", "TVA", "LU12345678"),
    "ES": Country("NIF / CIF", "B12345678", "NIF-IVA", "ESB12345678"),
    "FR": Country("SIREN", "123 456 789", "TVA", "FR12345678901"),
    "BE": Country("BCE / KBO", "0123.456.789", "TVA / BTW", "BE0123456789"),
    "IT": Country("REA", "MI-1234567", "Partita IVA", "IT12345678901"),
    "NL": Country("KVK", "12345678", "BTW", "NL123456789B01"),
    "GB": Country("Companies House", "01234567", "VAT", "GB123456789"),
}

WHY_A_WEBSITE = _(
    "Needed for a German phone number. None of your own? Give the public page on which people find the studio, "
    "such as on Google, Instagram or Facebook; if that is not enough for the review, we tell you."
)


class StudioForm(forms.Form):
    """Who the studio is and who speaks for it."""

    name = forms.CharField(label=_("Name of the studio"), max_length=120, help_text=_("As your members know it."))
    legal_name = forms.CharField(
        label=_("Registered name"), max_length=200, help_text=_("As in the register or on the trade licence")
    )
    country = forms.ChoiceField(label=_("Country"), choices=COUNTRY_CHOICES)
    website = forms.URLField(
        label=_("Website"),
        max_length=300,
        widget=forms.URLInput(attrs={"placeholder": "kraftwerk-koeln.de", "inputmode": "url"}),
        error_messages={"required": _("Germany gives a phone number only to a business that can be found on the web.")},
    )
    representative_name = forms.CharField(
        label=_("Authorised representative"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    representative_email = forms.EmailField(
        label=_("Their e-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = BY_COUNTRY.get(self.data.get("country") or self.initial.get("country", ""), ELSEWHERE)
        website = self.fields["website"]
        website.required = there.number_needs_business
        website.help_text = WHY_A_WEBSITE if website.required else _("The coach names it when members ask.")


class AddressForm(forms.Form):
    """Where the studio is, and under which numbers it is known there."""

    street = forms.CharField(
        label=_("Street and number"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "street-address"})
    )
    postal_code = forms.CharField(
        label=_("Postal code"), max_length=20, widget=forms.TextInput(attrs={"autocomplete": "postal-code"})
    )
    city = forms.CharField(
        label=_("City"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "address-level2"})
    )
    register_number = forms.CharField(max_length=60, required=False)
    vat_id = forms.RegexField(
        r"^[A-Z]{2}[A-Z0-9]{2,13}$",
        required=False,
        error_messages={"invalid": _("Enter it with the country's letters, such as DE123456789.")},
    )

    def __init__(self, *args: Any, country: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = BY_COUNTRY.get(country, ELSEWHERE)
        register, vat = self.fields["register_number"], self.fields["vat_id"]
        register.label, vat.label = str(there.register), str(there.vat)
        register.help_text = _("For example %(number)s") % {"number": there.register_example}
        if there.number_needs_business:
            register.help_text += ". " + _("Not in the register? Then the tax number of the business.")
        vat.help_text = _("For example %(number)s") % {"number": there.vat_example} if there.vat_example else ""
        register.required = there.number_needs_business

    def clean_register_number(self) -> str:
        return str(self.cleaned_data["register_number"]).strip()


class HoursForm(forms.Form):
    """A week: for each day whether it is open, and one or two spans of time."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for day in DAYS:
            self.fields[f"{day}_open"] = forms.BooleanField(label=DAY_NAMES[day], required=False)
            for place, words in (("", (_("from"), _("until"))), ("2", (_("and from"), _("until")))):
                for side, label in zip(("from", "to"), words, strict=True):
                    clock = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
                    self.fields[f"{day}_{side}{place}"] = forms.TimeField(label=label, required=False, widget=clock)

    def days(self) -> list[dict[str, Any]]:
        """The rows of the grid."""
        sides = ("open", "from", "to", "from2", "to2")
        return [{"name": DAY_NAMES[day], **{side: self[f"{day}_{side}"] for side in sides}} for day in DAYS]

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        for day in DAYS:
            if given.get(f"{day}_open"):
                self._check(day, given)
        return {name: f"{value:%H:%M}" if hasattr(value, "hour") else _mark(value) for name, value in given.items()}

    def _check(self, day: str, given: dict[str, Any]) -> None:
        begin, end, begin2, end2 = (given.get(f"{day}_{side}") for side in ("from", "to", "from2", "to2"))
        if not (begin and end):
            self.add_error(f"{day}_from", _("Say from when until when, or untick the day."))
        elif begin >= end:
            self.add_error(f"{day}_to", _("The end must be after the beginning."))
        elif bool(begin2) != bool(end2) or (begin2 and end2 and not end <= begin2 < end2):
            self.add_error(f"{day}_to2", _("The second span must begin after the first, and end after it begins."))


def _mark(value: Any) -> str:
    return "on" if value is True else ""


class CoachForm(forms.Form):
    """What the coach is to achieve and how it sounds."""

    TONES: ClassVar = (
        ("motivierend und freundlich", _("Motivating and friendly"), _("Strong week! Shall we keep Tuesday?")),
        ("ruhig und sachlich", _("Calm and factual"), _("You trained twice this week. Is Tuesday still right?")),
        ("locker und humorvoll", _("Relaxed, with humour"), _("The bench misses you. Tuesday, same time?")),
        ("kurz und direkt", _("Short and direct"), _("Tuesday at six?")),
    )

    goals = forms.CharField(
        label=_("What should the coach achieve?"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("In your own words. For example: newcomers come twice a week, nobody is lost after the summer."),
    )
    tone = forms.ChoiceField(label=_("How should it sound?"), widget=forms.RadioSelect)
    language = forms.ChoiceField(label=_("Language of the members"), choices=settings.LANGUAGES)
    timezone = TimeZoneField()
    window_start = forms.TimeField(
        label=_("Messages from"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    window_end = forms.TimeField(
        label=_("Messages until"), widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [
            (value, _("%(name)s: “%(sample)s”") % {"name": name, "sample": says}) for value, name, says in self.TONES
        ]
        own = self.initial.get("tone")
        if own and own not in dict(choices):
            choices.append((own, own))
        field = self.fields["tone"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices

    def clean(self) -> dict[str, Any]:
        given: dict[str, Any] = super().clean() or {}
        begin, end = given.get("window_start"), given.get("window_end")
        if begin and end and begin >= end:
            self.add_error("window_end", _("The end must be after the beginning."))
        return {name: f"{value:%H:%M}" if hasattr(value, "hour") else value for name, value in given.items()}


SAMPLES = {tone: sample for tone, _name, sample in CoachForm.TONES}
"""A sentence in each of the tones."""
DEFAULTS = {
    "goals": _("Regular training and motivation"),
    "tone": CoachForm.TONES[0][0],
    "window_start": "09:00",
    "window_end": "18:00",
}
"""What stands in the coach's step before the studio has said anything; the same as the coach's own defaults."""
