"""The studio and its people: billing, roles, papers, what was changed and told."""

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.ui.words.word import Word

WORDS: dict[str, dict[str, Word]] = {
    "subscription": {
        "trialing": Word("ok", _("Free trial")),
        "active": Word("ok", _("Active")),
        "past_due": Word("bad", _("Payment open")),
        "unpaid": Word("bad", _("Payment open")),
        "incomplete": Word("wait", _("Payment not finished")),
        "incomplete_expired": Word("bad", _("Payment not finished")),
        "paused": Word("wait", _("Paused")),
        "canceled": Word("mute", _("Ended")),
        "cancelled": Word("mute", _("Ended")),
    },
    "invoice": {
        "paid": Word("ok", _("Paid")),
        "open": Word("wait", pgettext_lazy("invoice", "Open")),
        "uncollectible": Word("bad", _("Not paid")),
        "void": Word("mute", _("Taken back")),
    },
    "money_back": {
        "succeeded": Word("ok", _("Paid back")),
        "pending": Word("busy", _("On its way back")),
        "requires_action": Word("wait", _("Waiting for the bank")),
        "failed": Word("bad", _("Could not be paid back")),
        "canceled": Word("mute", _("Called off")),
        "issued": Word("ok", _("Issued")),
    },
    "dunning": {
        "failed": Word("bad", _("The payment failed.")),
        "retry": Word("wait", _("Stripe tries again by itself.")),
        "last": Word("wait", _("Stripe has no further attempt planned.")),
        "silent": Word("bad", _("If that fails too, the coach falls silent. Your data stays.")),
        "paid": Word("ok", _("Once it is paid, everything goes on at once, by itself.")),
    },
    "paper": {
        "missing": Word("wait", _("Missing")),
        "uploaded": Word("ok", _("Received")),
        "in_review": Word("wait", _("In review")),
        "approved": Word("ok", _("Accepted")),
        "rejected": Word("bad", _("Not accepted")),
    },
    "who": {
        "customer": Word("wait", _("you")),
        "us": Word("busy", _("us")),
        "twilio": Word("wait", "Twilio"),
        "meta": Word("wait", "Meta"),
        "stripe": Word("wait", "Stripe"),
        "review": Word("wait", _("a review")),
    },
    "role": {
        "owner": Word("mute", _("Owner")),
        "admin": Word("mute", _("Admin")),
        "coach": Word("mute", _("Coach")),
        "viewer": Word("mute", _("Viewer")),
    },
    "role_may": {
        "owner": Word("mute", _("May do everything: the team, plan and payment, API keys, all settings.")),
        "admin": Word(
            "mute",
            _(
                "Sets up the studio, its connections and the coach, and invites people. Neither pays nor makes API keys."
            ),
        ),
        "coach": Word("mute", _("Adds members, reads chats and answers them.")),
        "viewer": Word("mute", _("Looks at how the studio is doing and changes nothing.")),
    },
    "security_notice": {
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
    },
    "export": {
        "working": Word("busy", _("Being prepared")),
        "ready": Word("ok", _("Ready")),
        "too_large": Word("bad", _("Too large: write to us")),
    },
}
