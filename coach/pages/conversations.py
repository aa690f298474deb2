"""Pages of one chat: what was said, why, the composer, notes, and who has the word."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from coach import chats, desk, handover, reading
from coach.models import Conversation
from coach.pages.chats import pane
from coach.pages.shown import actors, reasons
from coach.pages.shown import chats as shown
from pilar.backplane.tenancy import current, savepoint
from pilar.kernel import clock
from pilar.kernel.ids import uuid7
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.ui.fragments import fragment
from workspaces.models import Workspace
from workspaces.pages.base import actor_of, workspace_page

LONGEST = 4096


@require_safe
@workspace_page(Role.VIEWER)
def chat(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """One conversation with its composer; asked by a part of the page, only what is older than a message."""
    conversation, before = chats.get(conversation_id), request.GET.get("before", "")
    if request.htmx and before:  # type: ignore[attr-defined]
        return render(request, "coach/parts/older.html", _said(conversation, before))
    chats.read(conversation)
    conversation.unread = 0
    return render(request, "coach/chat.html", _page(request, conversation, before))


def _page(request: HttpRequest, conversation: Conversation, before: str = "", draft: str = "") -> dict[str, Any]:
    studio = Workspace.objects.get(pk=current()).name
    replies = [
        {"title": row.title, "text": desk.filled(row.body, conversation.lead, studio)} for row in desk.saved_replies()
    ]
    return (
        pane(request, current_id=conversation.pk)
        | _said(conversation, before)
        | _head(conversation)
        | {
            "before": before,
            "draft": draft,
            "key": uuid7(),
            "longest": LONGEST,
            "may_write": chats.may_write(conversation, now=clock.now()),
            "replies": replies,
            "templates": chats.offered_templates(conversation),
        }
    )


def _said(conversation: Conversation, before: str = "") -> dict[str, Any]:
    found = reading.read(conversation, before=before)
    older = reverse("coach:chat", args=[conversation.pk]) + f"?before={found.older}" if found.older else ""
    return {"days": shown.days(found, conversation), "older_url": older, "conversation_id": conversation.pk}


def _head(conversation: Conversation) -> dict[str, Any]:
    names, now = actors.names([conversation.taken_by]), clock.now()
    return {
        "conversation": shown.head(conversation, now=now, taken_by=names.get(conversation.taken_by, "")),
        "outlook": handover.outlook(conversation, now=now),
    }


@require_safe
@workspace_page(Role.VIEWER)
def chat_messages(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """The part of a chat that is asked for every few seconds. Looking at it is reading it."""
    conversation = chats.get(conversation_id)
    chats.read(conversation)
    return fragment(request, "coach/_messages.html", _said(conversation))


@require_safe
@workspace_page(Role.VIEWER)
def chat_head(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Who has the word and how long the window is open; when it opens or closes, the page is loaded anew."""
    context = _head(chats.get(conversation_id))
    is_open = "1" if context["conversation"]["window"]["is_open"] else "0"
    return fragment(request, "coach/_head.html", context, finished=request.GET.get("open", is_open) != is_open)


@require_safe
@workspace_page(Role.VIEWER)
def why(request: HttpRequest, conversation_id: UUID, message_id: UUID) -> HttpResponse:
    """Why a message was sent: a page, and the same as a drawer beside the chat."""
    conversation = chats.get(conversation_id)
    message = reading.message(conversation, message_id)
    author = actors.names([message.author]).get(message.author, "")
    context = {"why": reasons.told(message, author), "conversation_id": conversation.pk}
    template = "coach/_why.html" if request.GET.get("part") else "coach/why.html"
    return render(request, template, context)


@require_POST
@workspace_page(Role.COACH)
def chat_send(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Write to the member by hand. What cannot be sent comes back with its reason, and nothing typed is lost."""
    conversation = chats.get(conversation_id)
    text = _clean(request.POST.get("text", ""))
    try:
        with savepoint():
            _send(request, conversation, text)
    except Problem as problem:
        return _refused(request, conversation, text, problem)
    if request.htmx:  # type: ignore[attr-defined]
        return fragment(request, "coach/_messages.html", _said(conversation))
    return redirect("coach:chat", conversation_id)


def _send(request: HttpRequest, conversation: Conversation, text: str) -> None:
    now, actor, template = clock.now(), actor_of(request), request.POST.get("template", "")
    key = _key(conversation, request.POST.get("key", ""))
    if template:
        chats.write_template(conversation, template_id=_id(template), actor=actor, now=now, key=key)
    elif text:
        chats.write(conversation, text=text, actor=actor, now=now, key=key)
    else:
        raise Problem(_("Write something first."))


def _refused(request: HttpRequest, conversation: Conversation, text: str, problem: Problem) -> HttpResponse:
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponse(problem.detail, status=problem.status, content_type="text/plain")
    messages.error(request, problem.detail)
    return render(request, "coach/chat.html", _page(request, conversation, draft=text), status=problem.status)


def _key(conversation: Conversation, given: str) -> str:
    """The page's own key for one sending: a second tap sends nothing more."""
    return f"page:{conversation.pk}:{given[:40]}" if given.isascii() and given.isprintable() and given else ""


def _clean(text: str) -> str:
    return text.replace("\x00", "").replace("\r\n", "\n").strip()[:LONGEST]


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise Problem(_("Choose a template from the list.")) from error


@require_POST
@workspace_page(Role.COACH)
def chat_owner(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Take the chat over, or hand it back to the AI, which answers what waits."""
    conversation, owner = chats.get(conversation_id), request.POST.get("owner", "")
    if handover.give_to(conversation, owner=owner, actor=actor_of(request), now=clock.now()):
        messages.success(request, _("The AI answers the last message now."))
    return redirect("coach:chat", conversation_id)


@require_POST
@workspace_page(Role.COACH)
def note_add(request: HttpRequest, conversation_id: UUID) -> HttpResponse:
    """Keep a remark for colleagues."""
    conversation = chats.get(conversation_id)
    try:
        with savepoint():
            desk.add_note(conversation, text=request.POST.get("note", ""), actor=actor_of(request), now=clock.now())
    except Problem as problem:
        messages.error(request, problem.detail)
    return redirect("coach:chat", conversation_id)


@require_POST
@workspace_page(Role.COACH)
def note_remove(request: HttpRequest, conversation_id: UUID, note_id: UUID) -> HttpResponse:
    """Throw a remark away."""
    desk.remove_note(chats.get(conversation_id), note_id=note_id, actor=actor_of(request))
    messages.success(request, _("The note is gone."))
    return redirect("coach:chat", conversation_id)
