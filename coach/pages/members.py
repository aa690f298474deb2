"""Pages of the members: the list, adding one, one person."""

from uuid import UUID

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from coach import leads
from coach.models import Conversation, Followup, Lead
from coach.pages.forms.members import MemberForm
from coach.pages.forms.refusals import blame
from coach.pages.paging import paged, search_words
from coach.pages.shown import people as shown
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.problems import Problem
from workspaces import billing
from workspaces.pages.base import actor_of, workspace_page


@require_safe
@workspace_page(Role.VIEWER)
def member_list(request: HttpRequest) -> HttpResponse:
    """All members and prospects, newest first."""
    q, chosen = search_words(request)
    rows: QuerySet[Lead] = Lead.objects.all()
    if q:
        number = q.replace(" ", "")
        rows = rows.filter(Q(name__icontains=q) | Q(phone__contains=number) | Q(email__icontains=q))
    found, more = paged(request, shown.with_contacts(shown.having_consent(rows, chosen)).order_by("-id"))
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
            blame(form, problem)
        else:
            messages.success(request, _("%(name)s was added.") % {"name": lead.name})
            return redirect("coach:member", lead.pk)
    return render(request, "coach/member_form.html", {"form": form}, status=400 if form.errors else 200)


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
