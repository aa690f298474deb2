"""What comes from the backplane's own figures and pages: parts of Today and lines of the palette."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pilar.backplane.models import ActivityLog, AuditLog
from pilar.backplane.portable import table
from pilar.dashboard import console, widgets
from pilar.kernel.shown import Command, Widget
from pilar.kernel.switchboard import command, portable, widget, wording

widget(Widget("budget", "widgets/budget.html", widgets.budget, order=35, every=60))
widget(Widget("activity", "widgets/activity.html", widgets.activity, order=70, every=30, late=True, ghost="rows"))
widget(Widget("jobs", "widgets/jobs.html", widgets.jobs, order=80, every=30, late=True))

portable("activity", table(ActivityLog))
portable("changes", table(AuditLog))

command(Command("today", pgettext_lazy("navigation", "Today"), "house", lambda: reverse("dashboard:today"), order=10))
command(
    Command(
        "more",
        pgettext_lazy("navigation", "More"),
        "ellipsis",
        lambda: reverse("dashboard:more"),
        words=_("settings account language appearance"),
        order=19,
    )
)

for _wording in console.wordings:
    wording(_wording)
