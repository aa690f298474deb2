"""What happens inside, in words for the studio: every fact, and the work that follows from it or comes by itself."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

_CHECKED = gettext_lazy("We looked whether everything works")
_LOOKED_AGAIN = gettext_lazy("The set-up looked again at what was waiting")
EVENTS: dict[str, str | Promise] = {
    "coach.goal_progress_report": gettext_lazy("A progress report was due"),
    "coach.missed_training_nudge": gettext_lazy("A member missed a training"),
    "coach.morning_nudge": gettext_lazy("A good-morning message was due"),
    "coach.motivation_message": gettext_lazy("A motivating message was due"),
    "coach.nutrition_reminder": gettext_lazy("A nutrition reminder was due"),
    "coach.templates_renewed": gettext_lazy("Message templates got a new wording"),
    "coach.weekly_checkin": gettext_lazy("A weekly check-in was due"),
    "consent.confirmed": gettext_lazy("A member agreed to messages"),
    "document.added": gettext_lazy("You gave us a paper"),
    "email.lost": gettext_lazy("An e-mail may not have arrived"),
    "health.ai_provider_check": _CHECKED,
    "health.integration_check": _CHECKED,
    "health.queue_check": _CHECKED,
    "health.rate_limit_check": _CHECKED,
    "health.webhook_check": _CHECKED,
    "onboarding.completed": gettext_lazy("Your details were complete"),
    "provider.failed": gettext_lazy("A provider did not answer as it should"),
    "provider.recovered": gettext_lazy("A provider works again"),
    "provisioning.completed": gettext_lazy("Your set-up was finished"),
    "provisioning.step_failed": gettext_lazy("A step of your set-up did not work"),
    "provisioning.twilio_retry": _LOOKED_AGAIN,
    "provisioning.webhook_recreate": _LOOKED_AGAIN,
    "provisioning.whatsapp_retry": _LOOKED_AGAIN,
    "provisioning.workspace_setup": gettext_lazy("Your set-up began"),
    "stripe.event": gettext_lazy("Stripe told us about your payment"),
    "subscription.changed": gettext_lazy("Your subscription changed"),
    "support.auto_reply_request": gettext_lazy("You asked us something"),
    "support.escalation_needed": gettext_lazy("We were asked to have a look"),
    "support.incident_created": gettext_lazy("We noticed a disturbance, or its end"),
    "twilio.bundle": gettext_lazy("Your papers were reviewed for the phone number"),
    "twilio.call": gettext_lazy("Somebody called your number"),
    "twilio.sms": gettext_lazy("An SMS came in"),
    "twilio.status": gettext_lazy("The phone provider told us what became of a message"),
    "whatsapp.account": gettext_lazy("WhatsApp told us something about your account"),
    "whatsapp.connected": gettext_lazy("WhatsApp was connected"),
    "whatsapp.inbound": gettext_lazy("A member wrote to you"),
    "whatsapp.preference": gettext_lazy("A member changed whether we may write"),
    "whatsapp.status": gettext_lazy("WhatsApp told us what became of a message"),
    "whatsapp.template": gettext_lazy("WhatsApp reviewed a text"),
    "workspace.created": gettext_lazy("Your studio was founded"),
    "workspace.ready_to_provision": gettext_lazy("Everything was there for your set-up"),
    "workspace.resumed": gettext_lazy("Your autopilot went on"),
    "workspace.suspended": gettext_lazy("Your autopilot was paused"),
}
"""Every fact that may happen, in words for the studio; held complete by a test."""

WORK: dict[str, str | Promise] = {
    "coach.bulk": gettext_lazy("Change many members at once"),
    "coach.deliver": gettext_lazy("Send a message"),
    "coach.erase": gettext_lazy("Erase a member everywhere"),
    "coach.escalate": gettext_lazy("Tell you that members wait"),
    "coach.export": gettext_lazy("Write members into a file"),
    "coach.followup": gettext_lazy("Send a planned message"),
    "coach.import": gettext_lazy("Take members over from a file"),
    "coach.plan": gettext_lazy("Plan the next messages"),
    "coach.renew_templates": gettext_lazy("Write message templates in their new wording"),
    "coach.replan": gettext_lazy("Plan the next messages anew"),
    "coach.reply": gettext_lazy("Answer a member"),
    "coach.unanswered": gettext_lazy("Look whether a member agreed"),
    "email.send": gettext_lazy("Send an e-mail"),
    "health.check_workspace": gettext_lazy("Look whether everything works"),
    "health.repair": gettext_lazy("Put something right"),
    "provisioning.check": gettext_lazy("Look after the set-up"),
    "provisioning.from_step": gettext_lazy("Go on with the set-up from a step"),
    "provisioning.remind": gettext_lazy("Remind you of an open step"),
    "provisioning.step": gettext_lazy("A step of the set-up"),
    "webhooks.stripe": gettext_lazy("Read what Stripe told us"),
    "webhooks.twilio": gettext_lazy("Read what the phone provider told us"),
    "webhooks.whatsapp": gettext_lazy("Read what WhatsApp told us"),
    "workspaces.apply_plan": gettext_lazy("Take over what your plan allows"),
    "workspaces.digest": gettext_lazy("Write your summary"),
    "workspaces.export": gettext_lazy("Write all data into a file"),
}
_HOUSEKEEPING = gettext_lazy("Tidy up behind the scenes")


def work_said(type: str) -> str:
    """Return what work of a type is for; what follows from an event is named after it."""
    event = type.rpartition(":")[2] if type.startswith("on:") else ""
    return str(EVENTS.get(event) or WORK.get(type, _HOUSEKEEPING))
