"""What the studio tells us about itself, and the papers that prove it."""

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import datetime, time
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from pilar.backplane import activity, audit, events
from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.problems import Conflict, NotFound, Problem
from workspaces import facts, plan_limits
from workspaces.models import StudioDocument, StudioProfile, Workspace

LARGEST_DOCUMENT = 5 * 1024 * 1024
MOST_DOCUMENTS = 20
_TOLD_FIRST = gettext_noop("The studio's details were completed.")
_TOLD_AGAIN = gettext_noop("The studio's details were changed.")
SIGNATURES = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}


@dataclass(frozen=True, slots=True)
class Particulars:
    """The studio's answers of the onboarding form."""

    name: str
    legal_name: str
    street: str
    postal_code: str
    city: str
    country: str
    representative_name: str
    representative_email: str
    register_number: str = ""
    vat_id: str = ""
    website: str = ""
    opening_hours: dict[str, Any] = field(default_factory=dict)
    goals: str = ""
    tone: str = ""
    window_start: time | None = None
    window_end: time | None = None


def profile(workspace_id: UUID) -> StudioProfile:
    """Return what the studio last told us. Raises NotFound before it has completed the onboarding."""
    found = latest_profile(workspace_id)
    if found is None:
        raise NotFound(_("The studio has not completed its details yet."))
    return found


def latest_profile(workspace_id: UUID) -> StudioProfile | None:
    """Return what the studio last told us, or None."""
    with tenant(workspace_id), atomic():
        return StudioProfile.objects.order_by("-version").first()


def complete(
    *,
    workspace_id: UUID,
    particulars: Particulars,
    language: str = "",
    timezone: str = "",
    actor: str,
    now: datetime,
) -> StudioProfile:
    """Store the studio's details as a new version and start or wake its set-up.

    The same details again change nothing. Raises Problem for a time zone that does not exist.
    """
    with tenant(workspace_id), atomic():
        workspace = Workspace.objects.select_for_update().select_related("plan").get(pk=workspace_id)
        last = StudioProfile.objects.order_by("-version").first()
        answers = asdict(particulars)
        is_same = last is not None and {name: getattr(last, name) for name in answers} == answers
        _tell_workspace(workspace, particulars, language, timezone)
        if last is not None and is_same:
            return last
        version = last.version + 1 if last else 1
        stored = StudioProfile.objects.create(version=version, created_by=actor, created_at=now, **answers)
        audit.record(actor, "studio.described", "studio_profile", stored.pk, after={"version": version})
        activity.log("onboarding", _TOLD_FIRST if last is None else _TOLD_AGAIN, {"version": version})
        _announce(version)
    return stored


def _tell_workspace(workspace: Workspace, particulars: Particulars, language: str, timezone: str) -> None:
    workspace.name, workspace.country = particulars.name, particulars.country
    workspace.language = language or workspace.language
    workspace.timezone = timezone or workspace.timezone
    plan_limits.apply(workspace)
    workspace.save(update_fields=["name", "country", "language", "timezone"])


def _announce(version: int) -> None:
    events.publish(facts.ONBOARDING_COMPLETED, facts.OnboardingCompleted(version=version), key=f"onboarding:{version}")
    if version == 1:
        payload = facts.ReadyToProvision(trigger="onboarding")
        events.publish(facts.READY_TO_PROVISION, payload, key="ready:onboarding")


def document_rows() -> QuerySet[StudioDocument]:
    """Select the current workspace's papers without their content."""
    return StudioDocument.objects.defer("content")


def documents() -> list[StudioDocument]:
    """Return the current workspace's papers, newest first; the content of each is loaded when it is asked for."""
    with atomic():
        return list(document_rows().order_by("-pk"))


def add_document(
    *, workspace_id: UUID, kind: str, filename: str, content: bytes, actor: str, now: datetime
) -> StudioDocument:
    """Keep a paper; the same one again is kept once. Publishes `document.added`, which wakes a set-up that waits
    for it.

    Raises Problem for a content that is no PDF, PNG or JPEG or too large, Conflict when there are too many papers.
    """
    content_type = _content_type(content)
    digest = hashlib.sha256(content).hexdigest()
    with tenant(workspace_id), atomic():
        Workspace.objects.select_for_update().get(pk=workspace_id)
        known = StudioDocument.objects.defer("content").filter(kind=kind, sha256=digest).first()
        if known:
            return known
        if StudioDocument.objects.count() >= MOST_DOCUMENTS:
            raise Conflict(_("There are too many papers already."), code="too_many_documents")
        stored = StudioDocument.objects.create(
            kind=kind,
            filename=filename,
            content_type=content_type,
            size=len(content),
            sha256=digest,
            content=content,
            uploaded_by=actor,
            uploaded_at=now,
        )
        audit.record(actor, "document.added", "studio_document", stored.pk, after={"kind": kind, "sha256": digest})
        events.publish(facts.DOCUMENT_ADDED, facts.DocumentAdded(kind=kind), key=f"document:{stored.pk}")
    return stored


def _content_type(content: bytes) -> str:
    if len(content) > LARGEST_DOCUMENT:
        raise Problem(_("The file is too large: at most 5 MB are accepted."), status=413, code="too_large")
    found = next((kind for start, kind in SIGNATURES.items() if content.startswith(start)), None)
    if found is None:
        detail = _("Send the paper as PDF, PNG or JPEG.")
        raise Problem(detail, status=415, code="unsupported_document", fields={"file": detail})
    return found
