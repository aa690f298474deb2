"""Members: where they come from, what they agreed to, what is imported and erased."""

from django.utils.translation import gettext_lazy as _

from pilar.ui.words.word import Word

WORDS: dict[str, dict[str, Word]] = {
    "consent": {
        "given": Word("ok", _("Consent given")),
        "pending": Word("wait", _("Consent not confirmed yet")),
        "missing": Word("bad", _("No consent")),
        "withdrawn": Word("bad", _("Said stop")),
    },
    "lead_source": {
        "manual": Word("mute", _("Added by hand")),
        "dashboard": Word("mute", _("Added by hand")),
        "api": Word("mute", _("Another program")),
        "whatsapp": Word("mute", _("Wrote on WhatsApp")),
        "import": Word("mute", _("File")),
        "demo": Word("mute", _("Demo")),
    },
    "import": {
        "uploaded": Word("wait", _("Waiting for you")),
        "running": Word("busy", _("Running")),
        "done": Word("ok", _("Done")),
        "cancelled": Word("mute", _("Thrown away")),
    },
    "import_row": {
        "new": Word("ok", _("New member")),
        "known": Word("mute", _("Known already")),
        "wrong": Word("bad", _("Cannot be used")),
        "full": Word("wait", _("No room in the plan")),
    },
    "import_reason": {
        "no_phone": Word("bad", _("There is no number in this row.")),
        "bad_phone": Word("bad", _("This is not a telephone number.")),
        "known": Word("mute", _("This number is already in your studio, or further up in the file.")),
        "bad_email": Word("wait", _("The e-mail address is left out: it is not a valid one.")),
        "no_consent_date": Word("wait", _("No date of a consent: added, but never written to.")),
        "plan_full": Word("wait", _("Your plan has no room for this member.")),
    },
    "erased": {
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
    },
    "day": {
        "trained": Word("ok", _("was in the studio")),
        "wrote": Word("busy", _("wrote")),
        "written": Word("mute", _("got a message")),
        "": Word("mute", _("nothing")),
    },
    "goal": {
        "weight_loss": Word("mute", _("Lose weight")),
        "muscle_gain": Word("mute", _("Build muscle")),
        "endurance": Word("mute", _("Endurance")),
        "strength": Word("mute", _("Strength")),
        "habit": Word("mute", _("Train regularly")),
    },
    "purpose": {
        "coaching": Word("mute", _("Coaching messages")),
        "offers": Word("mute", _("Offers")),
        "health_data": Word("mute", _("Health data")),
    },
}
