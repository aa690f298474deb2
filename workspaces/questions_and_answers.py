"""What studios ask before they buy, answered as they would be at the counter."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Entry:
    question: str | Promise
    answer: str | Promise


ALL = (
    Entry(
        _("How long does the set-up take?"),
        _(
            "About ten minutes of yours. We do the rest; the review of your papers for a German number and of the texts at "
            "Meta takes from minutes to some days. You see every step and for whom it waits."
        ),
    ),
    Entry(
        _("Does the coach write to people who have not agreed?"),
        _(
            "No. Without a consent with source, wording and date it only answers people who write first. Whoever writes STOP "
            "is left alone at once."
        ),
    ),
    Entry(
        _("Do members know that they talk to an AI?"),
        _("Yes. It says so at the beginning, and a word is enough to get a person."),
    ),
    Entry(
        _("What does WhatsApp cost on top?"),
        _(
            "Meta charges your business directly, per message. How much depends on kind and country; count on cents, not "
            "euros, for each member and month. The plan's daily limit is a limit for these costs too."
        ),
    ),
    Entry(
        _("May I keep my number?"),
        _("Yes, if it is free for WhatsApp Business. Otherwise you get a new one from us."),
    ),
    Entry(
        _("What happens to the data when I cancel?"),
        _("You can read and export it as before. We delete it when you say so."),
    ),
)
