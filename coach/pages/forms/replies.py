"""The form of a saved reply."""

from django import forms
from django.utils.translation import gettext_lazy as _

from coach import desk


class SavedReplyForm(forms.Form):
    title = forms.CharField(label=_("Short title"), max_length=desk.LONGEST_TITLE, help_text=_("Only you see it."))
    body = forms.CharField(
        label=_("Words"),
        max_length=desk.LONGEST_REPLY,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("{first_name} and {studio} are filled in for each person."),
    )
