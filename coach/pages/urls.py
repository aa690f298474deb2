from django.urls import path

from coach.pages import automation, chats, members

app_name = "coach"

urlpatterns = [
    path("dashboard/chats", chats.chat_list, name="chats"),
    path("dashboard/chats/<uuid:conversation_id>", chats.chat, name="chat"),
    path("dashboard/chats/<uuid:conversation_id>/messages", chats.chat_messages, name="chat_messages"),
    path("dashboard/chats/<uuid:conversation_id>/send", chats.chat_send, name="chat_send"),
    path("dashboard/chats/<uuid:conversation_id>/owner", chats.chat_owner, name="chat_owner"),
    path("dashboard/members", members.member_list, name="members"),
    path("dashboard/members/add", members.member_add, name="member_add"),
    path("dashboard/members/<uuid:lead_id>", members.member, name="member"),
    path("dashboard/automation", automation.automation, name="automation"),
    path("dashboard/automation/pause", automation.pause, name="pause"),
]
