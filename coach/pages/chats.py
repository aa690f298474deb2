"""Pages of the chats: the list, one thread, its composer."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from coach import chats
from coach.models import Conversation
from coach.pages.paging import paged, search_words
from coach.pages.shown import chats as shown
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.ui.fragments import fragment
from workspaces.pages.base import actor_of, workspace_page

SHOWN_MESSAGES = 60


@require_safe
@workspace_page(Role.VIEWER)
def chat_list(request: HttpRequest) -> HttpResponse:
    """All conversations, the latest first."""
    q, chosen = search_words(request)
    rows = Conversation.objects.filter(last_message_at__isnull=False)
    if q:
        rows = rows.filter(Q(lead__name__icontains=q) | Q(lead__phone__contains=q.replace(" ", "")))
    if chosen in Conversation.Owner.values:
        rows = rows.filter(owner=chosen)
    found, more = paged(request, shown.with_last_message(rows).order_by("-last_message_at", "-id"))
    context = {"conversations": [shown.conversation(row) for row in found], "q": q, "filter": chosen, "next_url": more}
    return render(request, "coach/chats.html", context)


def _thread(conversation: Conversation, before: str = "") -> dict[str, Any]:
    rows = conversation.messages.order_by("-at", "-id")
    try:
        oldest = rows.filter(pk=UUID(before)).first() if before else None
    except ValueError:
        oldest = None
    if oldest:
        rows = rows.filter(Q(at__lt=oldest.at) | Q(at=oldest.at, pk__lt=oldest.pk))
    found = list(rows[: SHOWN_MESSAGES + 1])
    kept = found[:SHOWN_MESSAGES]
    older = f"?before={kept[-1].pk}" if len(found) > SHOWN_MESSAGES else ""
    shown_messages = [shown.message(row) for row in reversed(kept)]
    return {"conversation": shown.head(conversation), "messages": shown_messages, "older_url": older}


@require_safe
@workspace_page(Role.VIEWER)
def chat(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation with its composer."""
    conversation = chats.get(conversation_id)
    chats.read(conversation)
    context = _thread(conversation, request.GET.get("before", "")) | {
        "templates": [
            {"id": row.pk, "name": row.name, "text": row.body} for row in chats.approved_templates(conversation.lead)
        ]
    }
    return render(request, "coach/chat.html", context)


@require_safe
@workspace_page(Role.VIEWER)
def chat_messages(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The part of a chat that is asked for every few seconds."""
    return fragment(request, "coach/_messages.html", _thread(chats.get(conversation_id)))


@require_POST
@workspace_page(Role.COACH)
def chat_send(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Write to the member by hand."""
    conversation, now, actor = chats.get(conversation_id), clock.now(), actor_of(request)
    text, template = _clean(request.POST.get("text", "")), request.POST.get("template", "")
    try:
        if template:
            chats.write_template(conversation, template_id=_id(template), actor=actor, now=now)
        elif text:
            chats.write(conversation, text=text, actor=actor, now=now)
        else:
            messages.error(request, _("Write something first."))
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect("coach:chat", conversation_id)


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").strip()[:4096]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Problem(_("Choose a template from the list.")) from error


@require_POST
@workspace_page(Role.COACH)
def chat_owner(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Take the chat over, or hand it back to the AI."""
    chats.give_to(chats.get(conversation_id), owner=request.POST.get("owner", ""), actor=actor_of(request))
    return redirect("coach:chat", conversation_id)
