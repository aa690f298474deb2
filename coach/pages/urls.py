from django.urls import path

from coach.pages import automation, chats, members, saved_replies, threads

app_name = "coach"

urlpatterns = [
    path("dashboard/chats", chats.chat_list_page, name="chats"),
    path("dashboard/chats/rows", chats.chat_rows, name="chat_rows"),
    path("dashboard/chats/poster", chats.poster, name="poster"),
    path("dashboard/chats/replies", saved_replies.replies, name="replies"),
    path("dashboard/chats/replies/<uuid:reply_id>", saved_replies.reply, name="reply"),
    path("dashboard/chats/replies/<uuid:reply_id>/remove", saved_replies.reply_remove, name="reply_remove"),
    path("dashboard/chats/<uuid:conversation_id>", threads.chat, name="chat"),
    path("dashboard/chats/<uuid:conversation_id>/messages", threads.chat_messages, name="chat_messages"),
    path("dashboard/chats/<uuid:conversation_id>/send", threads.chat_send, name="chat_send"),
    path("dashboard/chats/<uuid:conversation_id>/head", threads.chat_head, name="chat_head"),
    path("dashboard/chats/<uuid:conversation_id>/owner", threads.chat_owner, name="chat_owner"),
    path("dashboard/chats/<uuid:conversation_id>/notes", threads.note_add, name="note_add"),
    path("dashboard/chats/<uuid:conversation_id>/notes/<uuid:note_id>", threads.note_remove, name="note_remove"),
    path("dashboard/chats/<uuid:conversation_id>/why/<uuid:message_id>", threads.why, name="why"),
    path("dashboard/members", members.member_list, name="members"),
    path("dashboard/members/add", members.member_add, name="member_add"),
    path("dashboard/members/<uuid:lead_id>", members.member, name="member"),
    path("dashboard/automation", automation.automation, name="automation"),
    path("dashboard/automation/pause", automation.pause, name="pause"),
]
