"""Chats: messages, follow-ups, templates, and who answers."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.ui.words.word import Word

WORDS: dict[str, dict[str, Word]] = {
    "message": {
        "planned": Word("mute", _("Planned")),
        "queued": Word("busy", _("Waiting to be sent")),
        "pending": Word("busy", _("Waiting to be sent")),
        "sending": Word("busy", _("Being sent")),
        "sent": Word("mute", pgettext_lazy("message", "Sent")),
        "delivered": Word("ok", _("Delivered")),
        "read": Word("ok", pgettext_lazy("message", "Read")),
        "received": Word("mute", _("Received")),
        "failed": Word("bad", _("Not delivered")),
        "unknown": Word("wait", _("Checking with WhatsApp")),
        "dropped": Word("mute", _("Not sent on purpose")),
    },
    "message_kind": {
        "image": Word("mute", _("Picture")),
        "video": Word("mute", _("Video")),
        "audio": Word("mute", _("Voice message")),
        "document": Word("mute", _("Document")),
        "sticker": Word("mute", _("Sticker")),
        "location": Word("mute", _("Location")),
        "contacts": Word("mute", _("Contact")),
        "reaction": Word("mute", _("Reaction")),
        "unsupported": Word("mute", _("A kind of message that WhatsApp does not pass on")),
    },
    "template": {
        "welcome": Word("mute", pgettext_lazy("follow-up", "Welcome")),
        "nudge": Word("mute", _("Motivation")),
        "checkin": Word("mute", _("Weekly check-in")),
    },
    "approval": {
        "approved": Word("ok", _("Approved")),
        "reinstated": Word("ok", _("Approved")),
        "pending": Word("wait", _("In review at Meta")),
        "in_appeal": Word("wait", _("In review at Meta")),
        "rejected": Word("bad", _("Rejected")),
        "paused": Word("bad", _("Paused by Meta")),
        "disabled": Word("bad", _("Switched off by Meta")),
        "new": Word("mute", _("Not handed in yet")),
    },
    "rejection": {
        "abusive_content": Word("bad", _("Meta found the words offensive.")),
        "invalid_format": Word("bad", _("Meta found a placeholder in the wrong place.")),
        "promotional": Word("bad", _("Meta found it too promotional for its category.")),
        "tag_content_mismatch": Word("bad", _("Meta expected another category or language.")),
        "incorrect_category": Word("bad", _("Meta expected another category or language.")),
        "scam": Word("bad", _("Meta took it for a fraud.")),
    },
    "said": {
        "all": Word("mute", pgettext_lazy("messages", "All")),
        "planned": Word("mute", _("Planned")),
        "sent": Word("mute", pgettext_lazy("message", "Sent")),
        "delivered": Word("ok", _("Delivered")),
        "read": Word("ok", pgettext_lazy("message", "Read")),
        "answered": Word("ok", _("Replies")),
        "failed": Word("bad", _("Not delivered")),
    },
    "followup": {
        "planned": Word("mute", _("Planned")),
        "pending": Word("mute", _("Planned")),
        "scheduled": Word("mute", _("Planned")),
        "processing": Word("busy", _("Being sent")),
        "sent": Word("ok", pgettext_lazy("message", "Sent")),
        "completed": Word("ok", pgettext_lazy("message", "Sent")),
        "failed": Word("bad", _("Not delivered")),
        "cancelled": Word("mute", _("Cancelled")),
        "skipped": Word("mute", _("Left out")),
        "skipped_late": Word("mute", _("Left out, it was too late")),
        "unknown": Word("wait", _("Checking with WhatsApp")),
    },
    "followup_type": {
        "morning_nudge": Word("mute", _("Good morning")),
        "missed_training_nudge": Word("mute", _("Missed training")),
        "weekly_checkin": Word("mute", _("Weekly check-in")),
        "goal_progress_report": Word("mute", _("Progress")),
        "nutrition_reminder": Word("mute", _("Nutrition")),
        "motivation_message": Word("mute", _("Motivation")),
        "motivation": Word("mute", _("Motivation")),
        "welcome": Word("mute", pgettext_lazy("follow-up", "Welcome")),
    },
    "hold": {
        "no_subscription": Word("wait", _("It goes out as soon as your studio is set up.")),
        "whatsapp_not_connected": Word("wait", _("It goes out as soon as WhatsApp is connected.")),
        "quiet_hours": Word("wait", _("It is outside the hours you have set; it goes out when they begin.")),
        "coach_paused": Word("wait", _("The coach is paused. Let it go on under Automation.")),
        "no_approved_template": Word(
            "wait", _("Meta is still looking at the texts; it goes out when they are approved.")
        ),
        "budget": Word("wait", _("Today's messages are used up; it goes out tomorrow.")),
        "costs": Word("wait", _("The limit for costs is reached; it goes out when there is room.")),
        "cap_per_person": Word("wait", _("This phone has had enough messages today; it goes out tomorrow.")),
        "opted_out": Word("mute", _("This phone has written STOP, so nothing is sent.")),
        "no_consent": Word("mute", _("There is no consent for this phone, so nothing is sent.")),
        "unreachable": Word("bad", _("WhatsApp does not reach this number.")),
        "expired": Word("mute", _("It waited too long and was left out.")),
    },
    "owner": {
        "ai": Word("ok", _("AI answers")),
        "human": Word("busy", _("You answer")),
        "waiting": Word("wait", _("Waiting for you")),
    },
}
