"""The parts of Today that come from the backplane's own figures."""

from pilar.dashboard import widgets
from pilar.kernel.switchboard import Widget, widget

widget(Widget("jobs", "widgets/jobs.html", widgets.jobs, order=50))
widget(Widget("budget", "widgets/budget.html", widgets.budget, order=55))
widget(Widget("activity", "widgets/activity.html", widgets.activity, order=45))
