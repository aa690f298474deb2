"""Pages of the coach: chats, members, automation."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from coach import chats, config, followups, leads
from coach.models import Conversation, Followup, Lead
from coach.pages import shown
from coach.pages.forms import CoachForm, MemberForm
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from pilar.ui.fragments import fragment
from workspaces import billing
from workspaces.pages.base import actor_of, workspace_page

PAGE = 50
SHOWN_MESSAGES = 60


def _page_number(request: HttpRequest) -> int:
    given = request.GET.get("page", "1")
    return min(int(given), 10_000) if given.isascii() and given.isdigit() and len(given) < 6 and int(given) else 1


def _paged[R](request: HttpRequest, rows: QuerySet[Any, R]) -> tuple[list[R], str]:
    """Return one page of rows and the address of the next one, empty on the last."""
    number = _page_number(request)
    found = list(rows[(number - 1) * PAGE : number * PAGE + 1])
    kept = {name: request.GET[name] for name in ("q", "filter") if request.GET.get(name)}
    more = "?" + urlencode(kept | {"page": number + 1}) if len(found) > PAGE else ""
    return found[:PAGE], more


def _words(request: HttpRequest) -> tuple[str, str]:
    return request.GET.get("q", "").replace("\x00", "").strip()[:100], request.GET.get("filter", "")[:20]


@require_safe
@workspace_page(Role.VIEWER)
def chat_list(request: HttpRequest) -> HttpResponse:
    """All conversations, the latest first."""
    q, chosen = _words(request)
    rows = Conversation.objects.filter(last_message_at__isnull=False)
    if q:
        rows = rows.filter(Q(lead__name__icontains=q) | Q(lead__phone__contains=q.replace(" ", "")))
    if chosen in Conversation.Owner.values:
        rows = rows.filter(owner=chosen)
    found, more = _paged(request, shown.with_last_message(rows).order_by("-last_message_at", "-id"))
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


@require_safe
@workspace_page(Role.VIEWER)
def member_list(request: HttpRequest) -> HttpResponse:
    """All members and prospects, newest first."""
    q, chosen = _words(request)
    rows: QuerySet[Lead] = Lead.objects.all()
    if q:
        number = q.replace(" ", "")
        rows = rows.filter(Q(name__icontains=q) | Q(phone__contains=number) | Q(email__icontains=q))
    found, more = _paged(request, shown.with_contacts(shown.having_consent(rows, chosen)).order_by("-id"))
    context = {
        "members": [shown.member(row) for row in found],
        "q": q,
        "filter": chosen,
        "total": Lead.objects.count(),
        "limit": billing.limits().leads,
        "next_url": more,
    }
    return render(request, "coach/members.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.COACH)
def member_add(request: HttpRequest) -> HttpResponse:
    """Add a member, with the consent the studio holds."""
    studio = request.workspace  # type: ignore[attr-defined]
    form = MemberForm(request.POST or None, initial={"language": studio.language, "timezone": studio.timezone})
    if request.method == "POST" and form.is_valid():
        try:
            lead = leads.add(form.lead(), actor=actor_of(request), source="dashboard", now=clock.now())
        except Problem as problem:
            _blame(form, problem)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": lead.name})
            return redirect("coach:member", lead.pk)
    return render(request, "coach/member_form.html", {"form": form}, status=400 if form.errors else 200)


def _blame(form: Any, problem: Problem) -> None:
    """Show a refusal of the domain beside the field it is about."""
    for field, sentence in problem.fields.items():
        form.add_error(field if field in form.fields else None, sentence)
    if not problem.fields:
        form.add_error(None, problem.detail)


@require_safe
@workspace_page(Role.VIEWER)
def member(request: HttpRequest, lead_id: UUID) -> HttpResponse:
    """One person: contact, consents, follow-ups."""
    lead = leads.get(lead_id)
    row = shown.with_contacts(Lead.objects.filter(pk=lead.pk)).get()
    conversation = Conversation.objects.filter(lead=lead).first()
    planned = Followup.objects.filter(lead=lead).order_by("-scheduled_at")[:20]
    context = {
        "member": shown.member(row),
        "consents": [shown.consent(entry) for entry in lead.consents.order_by("-id")],
        "followups": [{"id": f.pk, "type": f.type, "status": f.status, "at": f.scheduled_at} for f in planned],
        "conversation_url": reverse("coach:chat", args=[conversation.pk]) if conversation else "",
    }
    return render(request, "coach/member.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@workspace_page(Role.ADMIN)
def automation(request: HttpRequest) -> HttpResponse:
    """The coach's settings, and what it will do next."""
    mine = config.current()
    form = CoachForm(request.POST) if request.method == "POST" else CoachForm.of(mine)
    if request.method == "POST" and form.is_valid():
        try:
            config.save(changes=dict(form.cleaned_data), actor=actor_of(request))
        except Problem as problem:
            _blame(form, problem)
        else:
            messages.success(request, _("Saved. The coach writes like this from now on."))
            return redirect("coach:automation")
    coming = followups.upcoming(now=clock.now(), limit=10)
    context = {
        "form": form,
        "enabled": mine.enabled,
        "next": [{"name": str(row.lead), "at": row.scheduled_at, "type": row.type} for row in coming],
    }
    return render(request, "coach/automation.html", context, status=400 if form.errors else 200)


@require_POST
@workspace_page(Role.ADMIN)
def pause(request: HttpRequest) -> HttpResponse:
    """Pause the coach, or let it go on."""
    paused = request.POST.get("paused") == "1"
    config.save(changes={"enabled": not paused}, actor=actor_of(request))
    messages.success(request, _("The coach is paused.") if paused else _("The coach goes on."))
    return redirect("coach:automation")
