"""The forms of an import."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from coach.models import MemberImport
from coach.tables import FIELDS, Table


class UploadForm(forms.Form):
    """The file."""

    file = forms.FileField(
        label=gettext_lazy("CSV file"),
        max_length=200,
        allow_empty_file=True,
        widget=forms.ClearableFileInput({"accept": ".csv,.txt,.tsv,text/csv"}),
        help_text=gettext_lazy("Up to 10 MB and 10,000 rows. From Excel: “Save as”, then “CSV UTF-8”."),
    )


class DescribeForm(forms.Form):
    """Which column is what, and the consent the studio holds of these people."""

    def __init__(self, data: Any, *, table: Table, upload: MemberImport) -> None:
        super().__init__(data)
        self.fieldsets = (
            (_("Which column is what?"), list(FIELDS[:-1])),
            (_("Did they agree to messages?"), ["mode", "source", "wording", "at", "consent_at"]),
        )
        columns = [("", _("not in the file")), *((str(place), title) for place, title in enumerate(table.header))]
        for name, label in _labels().items():
            self.fields[name] = forms.ChoiceField(
                label=label, choices=columns, required=False, initial=str(upload.mapping.get(name, ""))
            )
        self._ask_for_consent(upload.consent)
        self.order_fields([*FIELDS[:-1], "mode", "source", "wording", "at", "consent_at"])

    def _ask_for_consent(self, known: dict[str, str]) -> None:
        modes = [
            ("none", _("No consent yet: add them, write to nobody first")),
            ("one", _("Yes, all on the same day")),
            ("column", _("Yes, the day stands in a column")),
        ]
        self.fields["mode"] = forms.ChoiceField(
            label=_("Consent"), choices=modes, widget=forms.RadioSelect(), initial=known.get("mode", "none")
        )
        self.fields["source"] = forms.CharField(
            label=_("Where was the consent given?"),
            max_length=80,
            required=False,
            initial=known.get("source", ""),
            help_text=_("For example: membership contract"),
        )
        self.fields["wording"] = forms.CharField(
            label=_("To which words?"),
            max_length=4000,
            required=False,
            initial=known.get("wording", ""),
            widget=forms.Textarea({"rows": 3}),
            help_text=_("Exactly as the member read or heard them; it is your proof."),
        )
        self.fields["at"] = forms.CharField(
            label=_("On which day?"),
            max_length=10,
            required=False,
            initial=known.get("at", ""),
            widget=forms.DateInput({"type": "date"}),
        )

    def mapping(self) -> dict[str, int]:
        """Return the chosen columns; call it after `is_valid`."""
        return {name: int(self.cleaned_data[name]) for name in FIELDS if self.cleaned_data[name]}

    def consent(self) -> dict[str, str]:
        """Return the consent as it was filled in; call it after `is_valid`."""
        return {name: self.cleaned_data[name] for name in ("mode", "source", "wording", "at")}


def _labels() -> dict[str, str]:
    return {
        "name": _("Full name"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "phone": _("Telephone number"),
        "email": _("E-mail"),
        "language": _("Language"),
        "tags": _("Tags"),
        "consent_at": _("Day of the consent"),
    }
