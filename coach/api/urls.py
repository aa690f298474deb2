from django.urls import URLPattern, URLResolver, path

from coach.api import coach_views, views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/leads", views.Leads.as_view()),
    path("api/leads/<uuid:lead_id>", views.LeadOne.as_view()),
    path("api/leads/<uuid:lead_id>/consents", views.LeadConsents.as_view()),
    path("api/conversations", views.Conversations.as_view()),
    path("api/conversations/<uuid:conversation_id>/messages", views.Messages.as_view()),
    path("api/followups", views.Followups.as_view()),
    path("api/whatsapp-coach/config", coach_views.CoachConfig.as_view()),
    path("api/whatsapp-coach/schedule/<uuid:workspace_id>", coach_views.Schedule.as_view()),
    path("api/whatsapp-coach/message", coach_views.CoachMessage.as_view()),
    path("api/whatsapp-coach/analytics/<uuid:workspace_id>", coach_views.Analytics.as_view()),
    path("api/whatsapp-coach/test/<uuid:workspace_id>", coach_views.TestRun.as_view()),
    path("api/autopilot/scheduler", coach_views.Scheduler.as_view()),
    path("api/ai-agent/config/<uuid:workspace_id>", coach_views.AgentConfig.as_view()),
]
