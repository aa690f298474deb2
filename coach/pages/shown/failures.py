"""What a message's failure means in plain words, and the one next step."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from coach import gates, reasons
from coach.models import Message

Text = str | Promise
_CONNECTION = (_("Look at the connection"), "workspaces:autopilot")
_TRANSIENT = _("WhatsApp had trouble of its own. We try again by ourselves where that helps.")


@dataclass(frozen=True, slots=True)
class Failure:
    """`text` says what happened, `step` what to do, `url` leads there; `again` says whether writing again may help."""

    text: str
    step: str = ""
    url: str = ""
    again: bool = False


_KNOWN: dict[str, tuple[Text, tuple[Text, str] | None, bool]] = {
    "131026": (_("The number may not have WhatsApp, or the member has blocked you. Check it, or call."), None, False),
    "131047": (_("WhatsApp's 24-hour window was closed. Choose an approved template."), None, False),
    "131049": (_("WhatsApp protects this person from too many messages. We wait a day or more."), None, False),
    "130472": (_("WhatsApp holds messages back from this person for a test. We wait a day."), None, False),
    "131050": (_("The member has switched off your messages in WhatsApp. Only they can switch them on."), None, False),
    "131042": (_("WhatsApp has no way to bill you. Add a payment method at Meta."), _CONNECTION, True),
    "131044": (_("WhatsApp has no way to bill you. Add a payment method at Meta."), _CONNECTION, True),
    "131048": (
        _("WhatsApp limits your number, because people blocked or reported it. Write less for some days."),
        None,
        False,
    ),
    "368": (_("WhatsApp has locked your number. Answer to Meta's notice."), _CONNECTION, False),
    "131031": (_("WhatsApp has locked your number. Answer to Meta's notice."), _CONNECTION, False),
    "133010": (
        _("Your number is not registered with WhatsApp at the moment. We register it again."),
        _CONNECTION,
        True,
    ),
    "131037": (_("Meta has not approved your display name yet."), _CONNECTION, False),
    "190": (_("The connection to WhatsApp has expired. Connect it again."), _CONNECTION, True),
    "132001": (_("This template does not exist at WhatsApp. Choose another one."), None, False),
    "132015": (_("WhatsApp has paused this template. Choose another one."), None, False),
    "131056": (_("Too many messages to this person at once. Wait a minute."), None, True),
    "130429": (_("Too many messages at once. Wait a minute."), None, True),
    gates.STOPPED: (_("Not sent: the person said stop."), None, False),
    gates.TAKEN_OVER: (_("Not sent: a person of the studio took the chat over first."), None, False),
}
_OWN_FAULTS = ("1", "2", "131000", "131016", "131057", "133004", "135000")


def of(message: Message) -> Failure | None:
    """Return what to say of a message that was not delivered; None for any other."""
    if message.state not in (Message.State.FAILED, Message.State.DROPPED):
        return None
    code = message.error_code or message.error_text
    if code in _OWN_FAULTS:
        return Failure(str(_TRANSIENT), again=True)
    unknown = reasons.told(code) if message.state == Message.State.DROPPED and code else message.error_text
    text, step, again = _KNOWN.get(code, (unknown or _("WhatsApp did not take it."), None, True))
    where = (str(step[0]), reverse(step[1])) if step else ("", "")
    return Failure(str(text), *where, again=again and message.by == Message.By.HUMAN)
