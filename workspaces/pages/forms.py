"""The forms of this room's pages."""

from typing import Any, ClassVar

from allauth.account.forms import SignupForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from pilar.ui.time_zones import TimeZoneField
from workspaces.models import StudioDocument
from workspaces.models.access import MemberRole
from workspaces.models.user import Rhythm
from workspaces.places import COUNTRIES
from workspaces.price_example import MOST_MEMBERS

COUNTRY_NAMES = {
    "DE": _("Germany"), "AT": _("Austria"), "CH": _("Switzerland"), "LI": _("Liechtenstein"), "LU": _("Luxembourg"),
    "ES": _("Spain"), "FR": _("France"), "BE": _("Belgium"), "IT": _("Italy"), "NL": _("Netherlands"),
    "GB": _("United Kingdom"), "IE": _("Ireland"), "DK": _("Denmark"), "SE": _("Sweden"), "PL": _("Poland"),
    "CZ": _("Czechia"), "PT": _("Portugal"),
}  # fmt: skip
COUNTRY_CHOICES = [(code, COUNTRY_NAMES[code]) for code in COUNTRIES]


class CheckoutForm(forms.Form):
    """What we must know to sell; people we know are asked less."""

    plan = forms.CharField(label=_("Plan"), max_length=20)
    studio = forms.CharField(label=_("Name of the studio"), max_length=120)
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    country = forms.ChoiceField(label=_("Country"), choices=COUNTRY_CHOICES)

    def __init__(self, *args: Any, is_known: bool, has_studio: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_known:
            del self.fields["email"]
        if has_studio:
            del self.fields["studio"], self.fields["country"]


class ClaimForm(forms.Form):
    """For somebody who has no account yet: their name and a password."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label=_("Choose a password"),
        help_text=_("At least 10 characters, and not a password that many people use."),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class PaperForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What is it?"), choices=[(kind.value, capfirst(kind.label)) for kind in StudioDocument.Kind]
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_("PDF, PNG or JPEG, at most 5 MB"),
        widget=forms.ClearableFileInput(attrs={"accept": "application/pdf,image/png,image/jpeg"}),
    )


class PriceForm(forms.Form):
    """How large a studio is, and how often the coach begins to write."""

    members = forms.IntegerField(label=_("How many members?"), min_value=1, max_value=MOST_MEMBERS, initial=300)
    each = forms.TypedChoiceField(
        label=_("Messages that the coach begins, to each of them a month"),
        choices=[(n, str(n)) for n in (1, 2, 3, 4, 6, 8, 12)],
        coerce=int,
        initial=3,
    )


class ContactForm(forms.Form):
    """A question to us. `website` is hidden from people; who fills it in is a machine."""

    name = forms.CharField(label=_("Your name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(
        label=_("E-mail address"), max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )
    studio = forms.CharField(label=_("Name of the studio"), max_length=120, required=False)
    message = forms.CharField(label=_("Your question"), max_length=4000, widget=forms.Textarea(attrs={"rows": 4}))
    website = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput())


class InvitationForm(forms.Form):
    """Whom to invite, with which of the roles that the inviter may give."""

    email = forms.EmailField(label=_("E-mail address"), max_length=254)
    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, roles: list[MemberRole], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["role"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(role.value, capfirst(role.label)) for role in roles]
        self.initial.setdefault("role", MemberRole.COACH.value)


class SignUpForm(SignupForm):  # type: ignore[misc]  # allauth ships no types
    """Nobody learns from our clock whether an address has an account: its password is hashed either way."""

    def try_save(self, request: HttpRequest) -> Any:
        if self.account_already_exists:
            make_password(self.cleaned_data["password1"])
        return super().try_save(request)


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A key that opens the account alone is what people mean by a passkey, so that is what they get unless they say no."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name")
        self.fields["passwordless"].initial = True
        self.fields["passwordless"].label = _("Sign in without a password")
        self.fields["passwordless"].help_text = _("Without it the key is only a second step after the password.")


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=MemberRole.choices)


class ProfileForm(forms.Form):
    """What a person may say about themselves. The theme belongs to the browser, not to the person."""

    name = forms.CharField(
        label=_("Your name"), max_length=150, required=False, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, help_text=_("For the pages and for what we write to you.")
    )
    timezone = TimeZoneField(help_text=_("For the times on the pages and in our letters."))
    theme = forms.ChoiceField(
        label=_("Appearance"),
        choices=[("auto", _("As on the device")), ("light", _("Light")), ("dark", _("Dark"))],
        help_text=_("Only in this browser."),
    )
    digest = forms.ChoiceField(
        label=_("Summary of the studio by e-mail"),
        choices=Rhythm.choices,
        help_text=_("For owners: figures, and what waits for you."),
    )
    escalations = forms.BooleanField(
        label=_("Write to me when a member waits for a person"),
        required=False,
        help_text=_("Bundled, and never at night."),
    )

    fieldsets: ClassVar[list[tuple[Any, list[str]]]] = [
        (_("About you"), ["name", "language", "timezone", "theme"]),
        (_("Letters"), ["digest", "escalations"]),
    ]


class DeleteForm(forms.Form):
    agreed = forms.BooleanField(label=_("I have read what happens and want to delete my account"))
