"""Invented data for the gallery page, so that every component is seen in its states."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.messages import ERROR, INFO, SUCCESS, WARNING
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from pilar.kernel.shown import Need
from pilar.ui.words import known_states

_ID, _OTHER_ID = UUID(int=1), UUID(int=2)


class SampleForm(forms.Form):
    """One field of each sort; the number has an error."""

    name = forms.CharField(label=_("Name"), help_text=_("As your members know you."))
    number = forms.CharField(label=_("Phone number"))
    hours = forms.IntegerField(label=_("Notice before a session"), required=False)
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    about = forms.CharField(label=_("About the studio"), widget=forms.Textarea, required=False)
    agreed = forms.BooleanField(label=_("The member has agreed"))


TOASTS = {
    INFO: _("Your studio is being set up."),
    SUCCESS: _("Saved."),
    WARNING: _("Your trial ends in three days."),
    ERROR: _("The message was not sent. Try again."),
}
UNDOABLE = _("Three members are paused.")


class _Part:
    """Some fields of a form, for `form_fields`."""

    def __init__(self, form: SampleForm, names: tuple[str, ...]) -> None:
        self.fields, self.fieldsets = form.fields, [("", list(names))]
        self.hidden_fields, self.non_field_errors = form.hidden_fields, form.non_field_errors
        self._form = form

    def __getitem__(self, name: str) -> forms.BoundField:
        return self._form[name]


def _steps() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {"key": "customer_validation", "state": "done", "seconds": 1},
        {
            "key": "twilio_number",
            "state": "awaiting_review",
            "waiting_for": "twilio",
            "since": now - timedelta(hours=3),
        },
        {
            "key": "whatsapp_connection",
            "state": "awaiting_customer",
            "waiting_for": "customer",
            "action_url": "#",
            "reason": _("Meta asks you to confirm your number in a small window."),
        },
        {"key": "default_ai_agent", "state": "working"},
        {"key": "email_credentials", "state": "skipped", "reason": _("No mail server is set up; we send from ours.")},
        {"key": "smoke_tests", "state": "failed", "error": _("The test message did not arrive.")},
        {"key": "activation", "state": "pending"},
    ]


def _sample_form() -> SampleForm:
    form = SampleForm({"name": "Studio Nord", "number": "0171", "language": "de", "agreed": "on"})
    form.add_error("number", _("Please write the number with its country code, for example +49 171 2345678."))
    return form


def _members() -> list[dict[str, Any]]:
    now = timezone.now()
    shared = {"url": "#main", "next_followup_at": now + timedelta(days=1)}
    anna = {"name": "Anna Keller", "phone": "+4917112345678", "tags": ["VIP", _("Trial")], "consent": "given"}
    ben = {"name": "Ben Yilmaz", "phone": "+4915123456789", "tags": [], "consent": "pending"}
    return [
        shared | anna | {"id": _ID, "last_contact_at": now - timedelta(hours=2)},
        shared | ben | {"id": _OTHER_ID, "paused_until": now + timedelta(days=7), "next_followup_at": None},
    ]


def _chats() -> list[dict[str, Any]]:
    now = timezone.now()
    is_open = {"is_open": True, "percent": 80, "tone": "ok", "left": _("20 h left")}
    anna = {"name": "Anna Keller", "owner": "waiting", "window": is_open, "last_direction": "in", "unread": 2}
    ben = {"name": "Ben Yilmaz", "owner": "ai", "window": {"is_open": False}, "last_direction": "out", "unread": 0}
    shared = {"url": "#main", "language": "de", "last_text": _("Are you open on Saturday?"), "last_at": now}
    return [shared | anna | {"id": _ID}, shared | ben | {"id": _OTHER_ID}]


def _days() -> list[dict[str, Any]]:
    now = timezone.now()
    entries: list[dict[str, Any]] = [
        {"direction": "in", "by": "member", "text": _("Are you open on Saturday?"), "status": "received"},
        {"direction": "out", "by": "ai", "text": _("Yes, from ten to six."), "status": "read", "why_url": "#main"},
        {"direction": "out", "by": "human", "text": _("See you then!"), "status": "failed", "author": "Nora",
         "failure": {"text": _("The message was not sent. Try again."), "again": True}},
        {"is_note": True, "text": _("Knee: no jumps"), "author": "Nora", "remove": "#main"},
    ]  # fmt: skip
    numbered = [entry | {"id": number, "at": now} for number, entry in enumerate(entries, start=1)]
    return [{"label": _("Monday"), "date": timezone.localdate(), "entries": numbered}]


def _templates() -> list[dict[str, Any]]:
    states = {"welcome": "APPROVED", "nudge": "PENDING", "checkin": "REJECTED"}
    text, footer = _("Hi Anna, shall we keep Tuesday?"), _("STOP is enough")
    return [
        {"id": number, "purpose": purpose, "language": "de", "text": text, "footer": footer, "status": status}
        for number, (purpose, status) in enumerate(states.items(), start=1)
    ]


def _needs() -> list[Need]:
    small_window = gettext("Meta asks you to confirm your number in a small window.")
    return [
        Need(gettext("The last payment did not go through"), "#main", gettext("Pay now"), tone="bad"),
        Need(gettext("The set-up waits for you"), "#main", gettext("Do this now"), note=small_window),
    ]


def context() -> dict[str, Any]:
    """Everything that `ui/gallery.html` shows."""
    form = _sample_form()
    return {
        "themes": [("light", _("Light")), ("dark", _("Dark")), ("auto", _("As on the device"))],
        "tones": ["ok", "busy", "wait", "bad", "mute", "brand"],
        "dial": [("suggest", _("Suggest")), ("ask", _("Ask")), ("act", _("Act"))],
        "hours": _("hours"),
        "people": ["Anna Keller", "Ben Yilmaz"],
        "now": timezone.now() - timedelta(minutes=12),
        "wizard": [
            {"name": "Studio", "url": "#main", "state": "done"},
            {"name": _("Papers"), "url": "#main", "state": "current"},
            {"name": "WhatsApp", "url": "#main", "state": "pending"},
        ],
        "kinds": [(kind, known_states(kind)) for kind in ("message", "step", "health", "connection", "owner")],
        "series": [3, 5, 4, 8, 9, 7, 12, 14],
        "month": ["ok"] * 60 + ["degraded"] * 2 + ["ok"] * 20 + ["down"] + ["ok"] * 7,
        "funnel": [
            {"name": "Leads", "value": 120},
            {"name": _("Replied"), "value": 84},
            {"name": _("Booked"), "value": 31},
        ],
        "form": form,
        "rest": _Part(form, ("language", "about", "agreed")),
        "sayings": [_("Two members were back in training yesterday.")],
        "needs": _needs(),
        "members": _members(),
        "conversations": _chats(),
        "days": _days(),
        "templates": _templates(),
        "manager_url": "#main",
        "job": {"status": "waiting", "progress": 62, "studio": "Studio Nord", "steps": _steps()},
    }
