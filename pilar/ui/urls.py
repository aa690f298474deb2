from django.urls import path

from pilar.ui import views

app_name = "ui"

urlpatterns = [
    path("ui/theme", views.theme, name="theme"),
    path("ui/sidebar", views.sidebar, name="sidebar"),
    path("ui/language", views.language, name="language"),
    path("ui/gallery", views.gallery, name="gallery"),
]
