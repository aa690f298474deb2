"""The doors of the providers; included by pilar.api."""

from django.urls import path, re_path

from pilar.providers.stripe import door as stripe
from pilar.providers.twilio import door as twilio
from pilar.providers.whatsapp import door as whatsapp

app_name = "webhooks"
urlpatterns = [
    path("api/webhooks/stripe", stripe.receive, name="stripe"),
    path("api/webhooks/whatsapp", whatsapp.receive, name="whatsapp"),
    re_path(
        r"^api/webhooks/twilio/(?P<kind>voice|sms|status)/(?P<workspace_id>[0-9a-fA-F-]{36})$",
        twilio.receive,
        name="twilio",
    ),
]
