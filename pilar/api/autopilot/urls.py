"""Routes beside the specification's, under its prefix: dead letters, replays, the timeline of one correlation id."""

from django.urls import path

from pilar.api.autopilot import dead_letters as doors

urlpatterns = [
    path("jobs/retry", doors.RetryMany.as_view(), name="autopilot-jobs-retry"),
    path("jobs/dead", doors.DeadCauses.as_view(), name="autopilot-jobs-dead"),
    path("jobs/cancel", doors.CancelMany.as_view(), name="autopilot-jobs-cancel"),
    path("jobs/discard", doors.DiscardMany.as_view(), name="autopilot-jobs-discard"),
    path("jobs/<uuid:job_id>/retry", doors.Retry.as_view(), name="autopilot-job-retry"),
    path("jobs/<uuid:job_id>/cancel", doors.Cancel.as_view(), name="autopilot-job-cancel"),
    path("jobs/<uuid:job_id>/discard", doors.Discard.as_view(), name="autopilot-job-discard"),
    path("jobs/<uuid:job_id>/attempts", doors.Attempts.as_view(), name="autopilot-job-attempts"),
    path("events/replay", doors.ReplayEvents.as_view(), name="autopilot-events-replay"),
    path("events/<uuid:event_id>/replay", doors.ReplayEvent.as_view(), name="autopilot-event-replay"),
    path("timeline/<uuid:correlation_id>", doors.Timeline.as_view(), name="autopilot-timeline"),
]
