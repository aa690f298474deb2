"""Invented data for the gallery page, so that every component is seen in its states."""

from datetime import timedelta
from typing import Any

from django.contrib.messages import DEBUG, ERROR, INFO, SUCCESS, WARNING
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from pilar.ui.words import known_states

TOASTS = {
    DEBUG: _("A note for developers."),
    INFO: _("Your studio is being set up."),
    SUCCESS: _("Saved."),
    WARNING: _("Your trial ends in three days."),
    ERROR: _("The message was not sent. Try again."),
}


def _steps() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {"key": "customer_validation", "state": "done", "seconds": 1},
        {"key": "twilio_number", "state": "awaiting_review", "waiting_for": "twilio", "since": now - timedelta(hours=3)},
        {
            "key": "whatsapp_connection",
            "state": "awaiting_customer",
            "waiting_for": "customer",
            "action_url": "#",
            "reason": _("Meta asks you to confirm your number in a small window."),
        },
        {"key": "ai_defaults", "state": "working"},
        {"key": "email", "state": "skipped", "reason": _("No mail server is set up; we send from ours.")},
        {"key": "smoke_tests", "state": "failed", "error": _("The test message did not arrive.")},
        {"key": "activation", "state": "pending"},
    ]


def context() -> dict[str, Any]:
    """Everything that `ui/gallery.html` shows."""
    return {
        "kinds": [(kind, known_states(kind)) for kind in ("message", "step", "health", "connection", "owner")],
        "series": [3, 5, 4, 8, 9, 7, 12, 14],
        "month": ["ok"] * 60 + ["degraded"] * 2 + ["ok"] * 20 + ["down"] + ["ok"] * 7,
        "funnel": [{"name": "Leads", "value": 120}, {"name": _("Replied"), "value": 84}, {"name": _("Booked"), "value": 31}],
        "job": {"status": "waiting", "progress": 62, "studio": "Studio Nord", "steps": _steps()},
    }
