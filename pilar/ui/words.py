"""States in the reader's language: one word and one tone for each state that the product shows.

Tones are `ok`, `busy` (we are at it), `wait` (somebody else's turn), `bad` and `mute`.
"""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Word(NamedTuple):
    tone: str
    text: str | Promise


_MESSAGE = {
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
}
_STEP = {
    "done": Word("ok", _("Done")),
    "skipped": Word("mute", _("Not needed")),
    "waiting": Word("wait", _("Waiting")),
    "working": Word("busy", _("We are on it")),
    "running": Word("busy", _("We are on it")),
    "awaiting_customer": Word("wait", _("Waiting for you")),
    "awaiting_review": Word("wait", _("In review")),
    "pending": Word("mute", _("Comes next")),
    "retrying": Word("busy", _("Trying again")),
    "failed": Word("bad", _("Did not work")),
}
_PIPELINE = {
    "queued": Word("busy", _("Starting")),
    "pending": Word("busy", _("Starting")),
    "running": Word("busy", _("We are on it")),
    "waiting": Word("wait", _("Waiting")),
    "awaiting_customer": Word("wait", _("Waiting for you")),
    "awaiting_review": Word("wait", _("In review")),
    "ready": Word("ok", _("Ready")),
    "done": Word("ok", _("Ready")),
    "succeeded": Word("ok", _("Ready")),
    "failed": Word("bad", _("Did not work")),
    "cancelled": Word("mute", _("Cancelled")),
}
_JOB = {
    "pending": Word("mute", _("Waiting")),
    "running": Word("busy", _("Running")),
    "succeeded": Word("ok", _("Done")),
    "dead": Word("bad", _("Gave up")),
    "cancelled": Word("mute", _("Cancelled")),
}
_HEALTH = {
    "healthy": Word("ok", _("Everything is running")),
    "ok": Word("ok", _("Everything is running")),
    "degraded": Word("wait", _("We are taking care of it")),
    "failed": Word("bad", _("Something needs you")),
    "down": Word("bad", _("Something needs you")),
}
_CONNECTION = {
    "connected": Word("ok", _("Connected")),
    "active": Word("ok", _("Connected")),
    "healthy": Word("ok", _("Connected")),
    "pending": Word("busy", _("Being set up")),
    "connecting": Word("busy", _("Being set up")),
    "awaiting_customer": Word("wait", _("Waiting for you")),
    "awaiting_review": Word("wait", _("In review")),
    "degraded": Word("wait", _("Unsteady")),
    "failed": Word("bad", _("Not working")),
    "disconnected": Word("bad", _("Disconnected")),
    "revoked": Word("bad", _("Disconnected")),
    "not_configured": Word("mute", _("Not set up")),
}
_FOLLOWUP = {
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
}
_SUBSCRIPTION = {
    "trialing": Word("ok", _("Free trial")),
    "active": Word("ok", _("Active")),
    "past_due": Word("bad", _("Payment open")),
    "unpaid": Word("bad", _("Payment open")),
    "incomplete": Word("wait", _("Payment not finished")),
    "incomplete_expired": Word("bad", _("Payment not finished")),
    "paused": Word("wait", _("Paused")),
    "canceled": Word("mute", _("Ended")),
    "cancelled": Word("mute", _("Ended")),
}
_INVOICE = {
    "paid": Word("ok", _("Paid")),
    "open": Word("wait", pgettext_lazy("invoice", "Open")),
    "uncollectible": Word("bad", _("Not paid")),
    "void": Word("mute", _("Taken back")),
}
_DUNNING = {
    "failed": Word("bad", _("The payment failed.")),
    "retry": Word("wait", _("Stripe tries again by itself.")),
    "last": Word("wait", _("Stripe has no further attempt planned.")),
    "silent": Word("bad", _("If that fails too, the coach falls silent. Your data stays.")),
    "paid": Word("ok", _("Once it is paid, everything goes on at once, by itself.")),
}
_HOLD = {
    "no_subscription": Word("wait", _("It goes out as soon as your studio is set up.")),
    "whatsapp_not_connected": Word("wait", _("It goes out as soon as WhatsApp is connected.")),
    "quiet_hours": Word("wait", _("It is outside the hours you have set; it goes out when they begin.")),
    "coach_paused": Word("wait", _("The coach is paused. Let it go on under Automation.")),
    "no_approved_template": Word("wait", _("Meta is still looking at the texts; it goes out when they are approved.")),
    "budget": Word("wait", _("Today's messages are used up; it goes out tomorrow.")),
    "cap_per_person": Word("wait", _("This phone has had enough messages today; it goes out tomorrow.")),
    "opted_out": Word("mute", _("This phone has written STOP, so nothing is sent.")),
    "no_consent": Word("mute", _("There is no consent for this phone, so nothing is sent.")),
    "unreachable": Word("bad", _("WhatsApp does not reach this number.")),
    "expired": Word("mute", _("It waited too long and was left out.")),
}
_INCIDENT = {
    "open": Word("bad", _("Open")),
    "healing": Word("busy", _("Being fixed")),
    "resolved": Word("ok", _("Solved")),
}
_OWNER = {
    "ai": Word("ok", _("AI answers")),
    "human": Word("busy", _("You answer")),
    "waiting": Word("wait", _("Waiting for you")),
}
_CONSENT = {
    "given": Word("ok", _("Consent given")),
    "pending": Word("wait", _("Consent not confirmed yet")),
    "missing": Word("bad", _("No consent")),
    "withdrawn": Word("bad", _("Said stop")),
}
_LEAD_SOURCE = {
    "manual": Word("mute", _("Added by hand")),
    "dashboard": Word("mute", _("Added by hand")),
    "api": Word("mute", _("Another program")),
    "whatsapp": Word("mute", _("Wrote on WhatsApp")),
    "import": Word("mute", _("File")),
    "demo": Word("mute", _("Demo")),
}
_IMPORT = {
    "uploaded": Word("wait", _("Waiting for you")),
    "running": Word("busy", _("Running")),
    "done": Word("ok", _("Done")),
    "cancelled": Word("mute", _("Thrown away")),
}
_IMPORT_ROW = {
    "new": Word("ok", _("New member")),
    "known": Word("mute", _("Known already")),
    "wrong": Word("bad", _("Cannot be used")),
    "full": Word("wait", _("No room in the plan")),
}
_IMPORT_REASON = {
    "no_phone": Word("bad", _("There is no number in this row.")),
    "bad_phone": Word("bad", _("This is not a telephone number.")),
    "known": Word("mute", _("This number is already in your studio, or further up in the file.")),
    "bad_email": Word("wait", _("The e-mail address is left out: it is not a valid one.")),
    "no_consent_date": Word("wait", _("No date of a consent: added, but never written to.")),
    "plan_full": Word("wait", _("Your plan has no room for this member.")),
}
_ERASED = {
    "member": Word("mute", _("Personal data and preferences")),
    "messages": Word("mute", _("Messages")),
    "consents": Word("mute", _("Consents")),
    "followups": Word("mute", _("Follow-ups")),
    "calls": Word("mute", _("Records of calls")),
    "events": Word("mute", _("Internal events")),
    "jobs": Word("mute", _("Internal jobs")),
    "effects": Word("mute", _("Records of sending")),
    "activity": Word("mute", _("Entries of the activity list")),
    "webhooks": Word("mute", _("Stored deliveries of WhatsApp and the phone provider")),
    "transfers": Word("mute", _("Exports and uploaded files")),
}
_DAY = {
    "trained": Word("ok", _("was in the studio")),
    "wrote": Word("busy", _("wrote")),
    "written": Word("mute", _("got a message")),
    "": Word("mute", _("nothing")),
}
_GOAL = {
    "weight_loss": Word("mute", _("Lose weight")),
    "muscle_gain": Word("mute", _("Build muscle")),
    "endurance": Word("mute", _("Endurance")),
    "strength": Word("mute", _("Strength")),
    "habit": Word("mute", _("Train regularly")),
}
_PURPOSE = {
    "coaching": Word("mute", _("Coaching messages")),
    "offers": Word("mute", _("Offers")),
    "health_data": Word("mute", _("Health data")),
}
_PAPER = {
    "missing": Word("wait", _("Missing")),
    "uploaded": Word("ok", _("Received")),
    "in_review": Word("wait", _("In review")),
    "approved": Word("ok", _("Accepted")),
    "rejected": Word("bad", _("Not accepted")),
}
_WHO = {
    "customer": Word("wait", _("you")),
    "us": Word("busy", _("us")),
    "twilio": Word("wait", "Twilio"),
    "meta": Word("wait", "Meta"),
    "stripe": Word("wait", "Stripe"),
    "review": Word("wait", _("a review")),
}
_ROLE = {
    "owner": Word("mute", _("Owner")),
    "admin": Word("mute", _("Admin")),
    "coach": Word("mute", _("Coach")),
    "viewer": Word("mute", _("Viewer")),
}
_ROLE_MAY = {
    "owner": Word("mute", _("May do everything: the team, plan and payment, API keys, all settings.")),
    "admin": Word(
        "mute",
        _("Sets up the studio, its connections and the coach, and invites people. Neither pays nor makes API keys."),
    ),
    "coach": Word("mute", _("Adds members, reads chats and answers them.")),
    "viewer": Word("mute", _("Looks at how the studio is doing and changes nothing.")),
}
_SECURITY_NOTICE = {
    "password_changed": Word("wait", _("Your password was changed")),
    "password_set": Word("wait", _("Your account has a password now")),
    "password_reset": Word("wait", _("Your password was set anew")),
    "email_changed": Word("wait", _("Your e-mail address was changed")),
    "email_deleted": Word("wait", _("An e-mail address was removed from your account")),
    "totp_activated": Word("ok", _("The authenticator app is on")),
    "totp_deactivated": Word("bad", _("The authenticator app is off")),
    "webauthn_added": Word("ok", _("A passkey was added")),
    "webauthn_removed": Word("wait", _("A passkey was removed")),
    "recovery_codes_generated": Word("wait", _("New recovery codes were made")),
}
_PROVIDER = {
    "stripe": Word("mute", _("Payment (Stripe)")),
    "twilio": Word("mute", _("Phone number (Twilio)")),
    "whatsapp": Word("mute", "WhatsApp"),
    "email": Word("mute", _("E-mail")),
    "smtp": Word("mute", _("E-mail")),
    "ai": Word("mute", _("AI")),
    "openai": Word("mute", _("AI (OpenAI)")),
    "groq": Word("mute", _("AI (Groq)")),
    "anthropic": Word("mute", _("AI (Anthropic)")),
    "elevenlabs": Word("mute", _("Voice (ElevenLabs)")),
    "voice": Word("mute", _("Voice")),
}
_TRIGGER = {
    "stripe": Word("mute", _("Payment")),
    "checkout": Word("mute", _("Payment")),
    "onboarding": Word("mute", _("Onboarding finished")),
    "manual": Word("mute", _("Started by hand")),
    "healing": Word("mute", _("Self-repair")),
}
_RESOURCE = {
    "messages": Word("mute", _("Messages today")),
    "tokens": Word("mute", _("AI tokens today")),
    "api_calls": Word("mute", _("API calls today")),
    "euro": Word("mute", _("Euro this month")),
    "leads": Word("mute", _("Members")),
    "seats": Word("mute", _("Seats")),
}

_FOLLOWUP_TYPE = {
    "morning_nudge": Word("mute", _("Good morning")),
    "missed_training_nudge": Word("mute", _("Missed training")),
    "weekly_checkin": Word("mute", _("Weekly check-in")),
    "goal_progress_report": Word("mute", _("Progress")),
    "nutrition_reminder": Word("mute", _("Nutrition")),
    "motivation_message": Word("mute", _("Motivation")),
    "motivation": Word("mute", _("Motivation")),
    "welcome": Word("mute", pgettext_lazy("follow-up", "Welcome")),
}
_SETUP = {
    "customer_validation": Word("mute", _("Check your details")),
    "subscription": Word("mute", _("Activate the subscription")),
    "workspace_creation": Word("mute", _("Create your studio")),
    "default_ai_agent": Word("mute", _("Prepare the AI coach")),
    "training_logic": Word("mute", _("Set up the training logic")),
    "followup_templates": Word("mute", _("Write the first messages")),
    "calendar_integration": Word("mute", _("Prepare the calendar")),
    "email_credentials": Word("mute", _("Set up e-mail")),
    "twilio_subaccount": Word("mute", _("Open your phone account")),
    "twilio_api_key": Word("mute", _("Secure the phone account")),
    "twilio_address_bundle": Word("mute", _("Hand in address and papers")),
    "twilio_number": Word("mute", _("Get your phone number")),
    "twilio_webhooks": Word("mute", _("Connect the phone number")),
    "whatsapp_connection": Word("mute", _("Connect WhatsApp")),
    "whatsapp_registration": Word("mute", _("Register the number with WhatsApp")),
    "whatsapp_templates": Word("mute", _("Have message templates approved")),
    "health_monitoring": Word("mute", _("Switch on monitoring")),
    "smoke_tests": Word("mute", _("Test everything once")),
    "activation": Word("mute", _("Switch on the autopilot")),
}

_MESSAGE_KIND = {
    "image": Word("mute", _("Picture")),
    "video": Word("mute", _("Video")),
    "audio": Word("mute", _("Voice message")),
    "document": Word("mute", _("Document")),
    "sticker": Word("mute", _("Sticker")),
    "location": Word("mute", _("Location")),
    "contacts": Word("mute", _("Contact")),
    "reaction": Word("mute", _("Reaction")),
    "unsupported": Word("mute", _("A kind of message that WhatsApp does not pass on")),
}
_APPROVAL = {
    "approved": Word("ok", _("Approved")),
    "reinstated": Word("ok", _("Approved")),
    "pending": Word("wait", _("In review at Meta")),
    "in_appeal": Word("wait", _("In review at Meta")),
    "rejected": Word("bad", _("Rejected")),
    "paused": Word("bad", _("Paused by Meta")),
    "disabled": Word("bad", _("Switched off by Meta")),
    "new": Word("mute", _("Not handed in yet")),
}
_REJECTION = {
    "abusive_content": Word("bad", _("Meta found the words offensive.")),
    "invalid_format": Word("bad", _("Meta found a placeholder in the wrong place.")),
    "promotional": Word("bad", _("Meta found it too promotional for its category.")),
    "tag_content_mismatch": Word("bad", _("Meta expected another category or language.")),
    "incorrect_category": Word("bad", _("Meta expected another category or language.")),
    "scam": Word("bad", _("Meta took it for a fraud.")),
}
_TEMPLATE = {
    "welcome": Word("mute", pgettext_lazy("follow-up", "Welcome")),
    "nudge": Word("mute", _("Motivation")),
    "checkin": Word("mute", _("Weekly check-in")),
}
_SAID = {
    "all": Word("mute", _("All")),
    "planned": Word("mute", _("Planned")),
    "sent": Word("mute", pgettext_lazy("message", "Sent")),
    "delivered": Word("ok", _("Delivered")),
    "read": Word("ok", pgettext_lazy("message", "Read")),
    "answered": Word("ok", _("Answered")),
    "failed": Word("bad", _("Not delivered")),
}

_EXPORT = {
    "working": Word("busy", _("Being prepared")),
    "ready": Word("ok", _("Ready")),
    "too_large": Word("bad", _("Too large: write to us")),
}
_ACTION = {
    "agent.config": Word("mute", _("Changed the AI")),
    "api_key.created": Word("mute", _("Made an API key")),
    "api_key.revoked": Word("mute", _("Revoked an API key")),
    "budget.chosen": Word("mute", _("Changed a limit")),
    "chat.owner": Word("mute", _("Took over or handed back a chat")),
    "coach.config": Word("mute", _("Changed the coach")),
    "connection.tested": Word("mute", _("Tested a connection")),
    "consent.recorded": Word("mute", _("Recorded a consent")),
    "document.added": Word("mute", _("Uploaded a paper")),
    "export.ordered": Word("mute", _("Ordered all data")),
    "export.taken": Word("mute", _("Downloaded all data")),
    "invitation.revoked": Word("mute", _("Withdrew an invitation")),
    "invitation.sent_again": Word("mute", _("Sent an invitation again")),
    "lead.added": Word("mute", _("Added a member")),
    "lead.changed": Word("mute", _("Changed a member")),
    "lead.erased": Word("mute", _("Erased a member")),
    "member.admitted": Word("mute", _("Joined the team")),
    "member.invited": Word("mute", _("Invited somebody to the team")),
    "message.written": Word("mute", _("Wrote a message")),
    "provisioning.run_again": Word("mute", _("Ran the set-up again")),
    "studio.described": Word("mute", _("Changed the studio's details")),
    "whatsapp.connected": Word("mute", _("Connected WhatsApp")),
    "workspace.created": Word("mute", _("Opened the studio")),
}

_WORDS: dict[str, dict[str, Word]] = {
    "message": _MESSAGE,
    "message_kind": _MESSAGE_KIND,
    "template": _TEMPLATE,
    "approval": _APPROVAL,
    "rejection": _REJECTION,
    "said": _SAID,
    "export": _EXPORT,
    "action": _ACTION,
    "step": _STEP,
    "pipeline": _PIPELINE,
    "job": _JOB,
    "health": _HEALTH,
    "connection": _CONNECTION,
    "followup": _FOLLOWUP,
    "followup_type": _FOLLOWUP_TYPE,
    "subscription": _SUBSCRIPTION,
    "invoice": _INVOICE,
    "dunning": _DUNNING,
    "hold": _HOLD,
    "incident": _INCIDENT,
    "owner": _OWNER,
    "consent": _CONSENT,
    "lead_source": _LEAD_SOURCE,
    "import": _IMPORT,
    "import_row": _IMPORT_ROW,
    "import_reason": _IMPORT_REASON,
    "erased": _ERASED,
    "day": _DAY,
    "goal": _GOAL,
    "purpose": _PURPOSE,
    "paper": _PAPER,
    "who": _WHO,
    "role": _ROLE,
    "role_may": _ROLE_MAY,
    "security_notice": _SECURITY_NOTICE,
    "provider": _PROVIDER,
    "trigger": _TRIGGER,
    "resource": _RESOURCE,
    "setup": _SETUP,
}


def _look_up(kind: str, state: object) -> Word:
    raw = str(state or "")
    return _WORDS[kind].get(raw.lower()) or Word(
        "mute", raw.replace("_", " ").replace("-", " ").replace(".", ": ").capitalize()
    )


def word(kind: str, state: object) -> str:
    """Return the state in the active language; an unknown state is shown as it is. KeyError for an unknown kind."""
    return str(_look_up(kind, state).text)


def tone(kind: str, state: object) -> str:
    """Return the tone of a state; KeyError for an unknown kind."""
    return _look_up(kind, state).tone


def known_states(kind: str) -> list[str]:
    """The states that have a word, for the gallery and the tests."""
    return list(_WORDS[kind])


def kinds() -> list[str]:
    """The kinds of states that have words."""
    return list(_WORDS)
