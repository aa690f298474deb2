from django.contrib import admin
from django.urls import path

from workspaces.pages import activity, billing, buying, console, marketing, onboarding, people, profile, settings, team

app_name = "workspaces"

urlpatterns = [
    path("admin/studio/<uuid:workspace_id>/", admin.site.admin_view(console.studio), name="console_studio"),
    path("admin/studio/<uuid:workspace_id>/enter/", admin.site.admin_view(console.enter), name="console_enter"),
    path("support/leave", console.leave, name="support_leave"),
    path("", marketing.page, {"name": "landing"}, "landing"),
    *(path(name, marketing.page, {"name": name}, name) for name in marketing.PAGES if name != "landing"),
    *(path(f"legal/{name}", marketing.legal, {"name": name}, f"legal_{name}") for name in marketing.LEGAL),
    path("contact", marketing.contact, name="contact"),
    path("sitemap.xml", marketing.sitemap, name="sitemap"),
    path("robots.txt", marketing.robots, name="robots"),
    path("checkout", buying.buy, name="checkout"),
    path("checkout/return", buying.returned, name="checkout_return"),
    path("checkout/return/status", buying.returned_status, name="checkout_return_status"),
    path("claim/resend", buying.claim_resend, name="claim_resend"),
    path("claim/<str:token>", buying.claim, name="claim"),
    path("invitation/<str:token>", people.invitation, name="invitation"),
    path("dashboard/settings/people", people.people, name="people"),
    path("dashboard/settings/people/<uuid:invitation_id>/resend", people.resend, name="invitation_resend"),
    path("dashboard/settings/people/<uuid:invitation_id>/revoke", people.revoke, name="invitation_revoke"),
    path("dashboard/settings/team/<uuid:membership_id>/role", team.role, name="member_role"),
    path("dashboard/settings/team/<uuid:membership_id>/remove", team.remove, name="member_remove"),
    path("dashboard/settings/team/<uuid:membership_id>/owner", team.hand_over, name="member_owner"),
    path("dashboard/settings/team/leave", team.leave, name="team_leave"),
    path("account", profile.profile, name="profile"),
    path("account/delete", profile.delete, name="account_delete"),
    path("account/keep/<str:token>", profile.keep, name="account_keep"),
    path("account/devices/<int:session_id>/end", profile.end_session, name="session_end"),
    path("letters/unsubscribe/<str:token>", profile.unsubscribe, name="unsubscribe"),
    path("workspaces/switch", settings.switch, name="switch"),
    path("dashboard/settings/billing", billing.overview, name="billing"),
    path("dashboard/settings/billing/portal", billing.portal, name="billing_portal"),
    path("dashboard/settings/billing/pay", billing.pay, name="billing_pay"),
    path("dashboard/settings/billing/plan/<slug:code>", billing.plan, name="billing_plan"),
    path("dashboard/settings/billing/cancel", billing.cancel, name="billing_cancel"),
    path("dashboard/settings/billing/keep", billing.keep, name="billing_keep"),
    path("dashboard/settings/autopilot", settings.autopilot, name="autopilot"),
    path("dashboard/settings/activity", activity.activity, name="activity"),
    path("dashboard/settings/activity/<uuid:correlation_id>", activity.thread, name="story"),
    path("dashboard/settings/autopilot/keys", settings.api_key_create, name="api_key_create"),
    path("dashboard/settings/autopilot/keys/<uuid:key_id>/revoke", settings.api_key_revoke, name="api_key_revoke"),
    path("onboarding", onboarding.start, name="onboarding"),
    *(path(f"onboarding/{name}", onboarding.step, {"name": name}, f"onboarding_{name}") for name in onboarding.FORMS),
    *(
        path(f"onboarding/{name}/save", onboarding.save, {"name": name}, f"onboarding_{name}_save")
        for name in onboarding.FORMS
    ),
    path("onboarding/members", onboarding.members, name="onboarding_members"),
    path("onboarding/papers", onboarding.papers, name="papers"),
]
