from django.urls import URLPattern, URLResolver, path

from workspaces.api import views

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/api-keys", views.ApiKeys.as_view(), name="api-keys"),
    path("api/api-keys/<uuid:key_id>", views.ApiKeyOne.as_view(), name="api-key"),
    path("api/billing/checkout", views.Checkout.as_view(), name="api-checkout"),
    path("api/billing/portal", views.Portal.as_view(), name="api-portal"),
    path("api/invitations", views.Invitations.as_view(), name="api-invitations"),
    path("api/invitations/<uuid:invitation_id>", views.InvitationOne.as_view(), name="api-invitation"),
    path("api/onboarding/complete", views.OnboardingComplete.as_view(), name="api-onboarding-complete"),
    path("api/onboarding/documents", views.OnboardingDocuments.as_view(), name="api-onboarding-documents"),
]
