from django.urls import path

from coach.pages import views

app_name = "coach"

urlpatterns = [
    path("dashboard/chats", views.chat_list, name="chats"),
    path("dashboard/chats/<uuid:conversation_id>", views.chat, name="chat"),
    path("dashboard/chats/<uuid:conversation_id>/messages", views.chat_messages, name="chat_messages"),
    path("dashboard/chats/<uuid:conversation_id>/send", views.chat_send, name="chat_send"),
    path("dashboard/chats/<uuid:conversation_id>/owner", views.chat_owner, name="chat_owner"),
    path("dashboard/members", views.member_list, name="members"),
    path("dashboard/members/add", views.member_add, name="member_add"),
    path("dashboard/members/<uuid:lead_id>", views.member, name="member"),
    path("dashboard/automation", views.automation, name="automation"),
    path("dashboard/automation/pause", views.pause, name="pause"),
]
