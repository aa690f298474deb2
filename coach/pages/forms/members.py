"""The form of a member."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from coach.consents import NewConsent
from coach.leads import NewLead


class MemberForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=120)
    phone = forms.CharField(label=_("WhatsApp number"), max_length=32, widget=forms.TextInput({"type": "tel"}))
    email = forms.EmailField(label=_("E-mail"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    timezone = forms.CharField(label=_("Time zone"), max_length=64)
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
            tags=[tag.strip() for tag in data["tags"].split(",") if tag.strip()],
            consent=self._consent(),
        )

    def _consent(self) -> NewConsent | None:
        source, wording, at = (self.cleaned_data[f"consent_{name}"] for name in ("source", "wording", "at"))
        return NewConsent(source=source, wording=wording, at=at) if source or wording or at else None
