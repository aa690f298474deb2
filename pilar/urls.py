"""All doors. Rooms above `pilar` are named by string; the order matters only where a catch-all could hide a route."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("pilar.api.urls")),
    path("", include("pilar.security.urls")),
    path("", include("pilar.ui.urls")),
    path("", include("pilar.dashboard.urls")),
    path("accounts/", include("allauth.urls")),
    *(
        path("", include(f"{room}.{door}.urls"))
        for room in ("workspaces", "provisioning", "coach", "health", "affiliates")
        for door in ("api", "pages")
    ),
    path("admin/", admin.site.urls),
]

handler400 = "pilar.ui.errors.bad_request"
handler403 = "pilar.ui.errors.permission_denied"
handler404 = "pilar.ui.errors.page_not_found"
handler500 = "pilar.ui.errors.server_error"
