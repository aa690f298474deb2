"""What the coach does by itself: writes when it is due, answers when somebody wrote, keeps track, and installs its defaults."""

from datetime import timedelta

from django.utils.translation import gettext_lazy

from coach import (
    bulk,
    consents,
    console,
    deliveries,
    erasure,
    escalations,
    exports,
    housekeeping,
    imports,
    inbox,
    leads,
    nudges,
    onboarding,
    own_phone,
    palette,
    replies,
    retention,
    steps,
    summary,
    template_upkeep,
    unanswered,
    widgets,
)
from coach import models as rows
from coach.payloads import (
    Agreed,
    BulkDue,
    CoachEvent,
    ErasureDue,
    ExportDue,
    FollowupDue,
    ImportDue,
    MessageReady,
    ReplyDue,
)
from pilar.backplane.portable import table
from pilar.kernel.console import Finder, StudioPanel
from pilar.kernel.principal import Role
from pilar.kernel.shown import Needs, Saying, Search, Subject, Widget
from pilar.kernel.steps import Step
from pilar.kernel.switchboard import (
    Empty,
    Summary,
    command,
    counter,
    eraser,
    event,
    every,
    finder,
    job,
    needs_person,
    on,
    portable,
    saying,
    search,
    step,
    studio_panel,
    subject,
    widget,
    wording,
)
from pilar.kernel.switchboard import summary as summarize

for _name in housekeeping.EVENTS:
    event(_name, CoachEvent, external=True)
    on(_name, housekeeping.on_coach_event, lane="events")

on("whatsapp.inbound", inbox.on_inbound, lane="messages", priority=0)
on("whatsapp.status", deliveries.on_status, lane="messages", priority=4, max_attempts=8)
on("whatsapp.preference", inbox.on_preference, lane="messages", priority=0)
on("twilio.call", housekeeping.on_call, lane="events")
on("onboarding.completed", onboarding.take_over, lane="events", priority=2)
on("provisioning.completed", own_phone.send_waiting, lane="messages", priority=2)
on("subscription.changed", housekeeping.on_subscription_changed, lane="bulk")

job(
    "coach.followup",
    nudges.send_due,
    payload=FollowupDue,
    lane="messages",
    priority=3,
    provider="whatsapp",
    uses={"messages": 1},
)
job("coach.reply", replies.answer, payload=ReplyDue, lane="messages", priority=0)
job(
    "coach.deliver",
    replies.deliver,
    payload=MessageReady,
    lane="messages",
    priority=0,
    provider="whatsapp",
    uses={"messages": 1},
)
event(consents.CONFIRMED, Agreed)
job(unanswered.JOB, unanswered.tell, payload=FollowupDue, lane="messages", priority=6)
job("coach.collect_due", housekeeping.collect_due, lane="messages", priority=2)
job("coach.plan_all", housekeeping.plan_all, lane="bulk")
job("coach.plan", housekeeping.plan, lane="bulk", external=True)
job("coach.replan", housekeeping.replan, lane="bulk", priority=4, external=True)
job("coach.order_escalations", escalations.order_due, lane="messages", priority=4)
job(escalations.JOB, escalations.write, lane="messages", priority=4)
job("coach.import", imports.run, payload=ImportDue, lane="bulk", priority=4, timeout=timedelta(minutes=30))
job("coach.bulk", bulk.run, payload=BulkDue, lane="bulk", priority=4, timeout=timedelta(minutes=30))
job("coach.export", exports.write, payload=ExportDue, lane="bulk", priority=2, timeout=timedelta(minutes=30))
job("coach.erase", erasure.clear, payload=ErasureDue, lane="bulk", priority=2, timeout=timedelta(minutes=30))
job("coach.retain", retention.retain, lane="bulk")
event(template_upkeep.RENEWED, Empty)
job("coach.order_template_renewals", template_upkeep.order, lane="bulk", priority=9)
job(template_upkeep.JOB, template_upkeep.renew, lane="bulk", priority=9)

eraser("transfers", erasure.transfers)

every("coach.order_escalations", timedelta(minutes=5), "coach.order_escalations")
every("coach.collect_due", timedelta(minutes=1), "coach.collect_due")
every("coach.plan_all", timedelta(hours=1), "coach.plan_all")
every("coach.retain", timedelta(hours=1), "coach.retain")
every("coach.order_template_renewals", template_upkeep.ROUND, "coach.order_template_renewals")

counter("leads", leads.count)

widget(Widget("first_day", "widgets/first_day.html", widgets.first_day, order=1, every=60))
widget(Widget("messages", "widgets/messages.html", widgets.messages, order=20, every=15))
widget(Widget("quiet", "widgets/quiet.html", widgets.gone_quiet, order=30, every=300, late=True, ghost="rows"))
widget(Widget("followups", "widgets/followups.html", widgets.followups, order=40, every=60, late=True, ghost="rows"))
saying(Saying("messages", widgets.sentence, order=10))
needs_person(Needs("chats", widgets.waiting_chats, order=10))
needs_person(Needs("undelivered", widgets.undelivered, order=40))
needs_person(Needs("templates", widgets.rejected_templates, role=Role.ADMIN, order=30))
for _name, _model in (
    ("members", rows.Lead),
    ("member_names", rows.LeadAlias),
    ("consents", rows.Consent),
    ("conversations", rows.Conversation),
    ("messages", rows.Message),
    ("notes", rows.ChatNote),
    ("followups", rows.Followup),
    ("coaching", rows.CoachingState),
    ("goals", rows.Goal),
    ("check_ins", rows.CheckIn),
    ("calls", rows.CallLog),
    ("coach_settings", rows.CoachConfig),
    ("followup_texts", rows.FollowupTemplate),
):
    portable(_name, table(_model, "search", "effect_key", "prompt_version"))

search(Search("members", gettext_lazy("Members"), palette.members, order=20))
search(Search("chats", gettext_lazy("Chats"), palette.chats, order=30))
subject(Subject("lead", palette.called))
for _command in palette.COMMANDS:
    command(_command)

summarize(Summary("coach", summary.rows, order=10))

step(Step("default_ai_agent", 5, ("workspace_creation",), steps.default_ai_agent))
step(Step("training_logic", 4, ("workspace_creation",), steps.training_logic))
step(Step("followup_templates", 4, ("workspace_creation",), steps.followup_templates))
step(Step("calendar_integration", 3, ("workspace_creation",), steps.calendar_defaults))

studio_panel(StudioPanel("coach", gettext_lazy("Members and messages"), console.of_studio, order=35))
finder(Finder("coach", console.find))
for _wording in console.wordings:
    wording(_wording)
