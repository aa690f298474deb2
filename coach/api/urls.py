from django.urls import URLPattern, URLResolver, path

from coach.api import coach_views, desk_views, transfer_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/leads", views.Leads.as_view()),
    path("api/leads/import", transfer_views.Imports.as_view()),
    path("api/leads/import/<uuid:import_id>", transfer_views.ImportOne.as_view()),
    path("api/leads/import/<uuid:import_id>/report", transfer_views.ImportReport.as_view()),
    path("api/leads/export", transfer_views.Exports.as_view()),
    path("api/leads/export/<uuid:export_id>", transfer_views.ExportOne.as_view()),
    path("api/leads/export/<uuid:export_id>/file", transfer_views.ExportFile.as_view()),
    path("api/leads/<uuid:lead_id>", views.LeadOne.as_view()),
    path("api/leads/<uuid:lead_id>/consents", views.LeadConsents.as_view()),
    path("api/conversations", views.Conversations.as_view()),
    path("api/conversations/<uuid:conversation_id>", desk_views.ConversationOne.as_view()),
    path("api/conversations/<uuid:conversation_id>/notes", desk_views.Notes.as_view()),
    path("api/conversations/<uuid:conversation_id>/notes/<uuid:note_id>", desk_views.NoteOne.as_view()),
    path("api/conversations/<uuid:conversation_id>/messages", views.Messages.as_view()),
    path("api/followups", views.Followups.as_view()),
    path("api/followups/<uuid:followup_id>/skip", desk_views.FollowupSkip.as_view()),
    path("api/followups/<uuid:followup_id>/send", desk_views.FollowupSend.as_view()),
    path("api/saved-replies", desk_views.Replies.as_view()),
    path("api/saved-replies/<uuid:reply_id>", desk_views.ReplyOne.as_view()),
    path("api/whatsapp-coach/config", coach_views.CoachConfig.as_view()),
    path("api/whatsapp-coach/schedule/<uuid:workspace_id>", coach_views.Schedule.as_view()),
    path("api/whatsapp-coach/message", coach_views.CoachMessage.as_view()),
    path("api/whatsapp-coach/analytics/<uuid:workspace_id>", coach_views.Analytics.as_view()),
    path("api/whatsapp-coach/pause/<uuid:workspace_id>", desk_views.CoachPause.as_view()),
    path("api/whatsapp-coach/simulate/<uuid:workspace_id>", desk_views.Simulation.as_view()),
    path("api/whatsapp-coach/test/<uuid:workspace_id>", coach_views.TestRun.as_view()),
    path("api/autopilot/scheduler", coach_views.Scheduler.as_view()),
    path("api/ai-agent/config/<uuid:workspace_id>", coach_views.AgentConfig.as_view()),
]
