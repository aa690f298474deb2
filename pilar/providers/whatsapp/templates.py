"""Message templates at Meta and their mirror here (providers.md 3.6)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db.models import Q

from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.providers.events import WhatsAppAccount, WhatsAppTemplate
from pilar.providers.models import MessageTemplate
from pilar.providers.shape import Shape
from pilar.providers.whatsapp.client import Graph

FIELDS = "id,name,status,category,language,components,quality_score,rejected_reason"
PAGE, MOST_PAGES = 250, 60
CHANGES = {
    "template_category_update": ("new_category", "category"),
    "message_template_quality_update": ("new_quality_score", "quality"),
}
"""What Meta reports of a template beside its reviews: the field, where the news stands in it, and where we keep it."""
REFUSED_AS = {"132015": "PAUSED", "132016": "DISABLED"}
"""What Meta says of a template by refusing a message (providers.md 3.8): its report may have been lost."""


class Template(Shape):
    """`status`: PENDING, APPROVED, REJECTED, PAUSED, DISABLED and others; `category` may be changed by Meta."""

    id: str
    name: str = ""
    language: str = ""
    status: str
    category: str = ""
    components: list[dict[str, Any]] = []
    quality_score: dict[str, Any] | None = None
    rejected_reason: str | None = None

    @property
    def quality(self) -> str:
        return str((self.quality_score or {}).get("score", ""))


class _Cursors(Shape):
    after: str = ""


class _Paging(Shape):
    cursors: _Cursors = _Cursors()
    next: str = ""


class _Page(Shape):
    data: list[Template] = []
    paging: _Paging = _Paging()


def list_all(graph: Graph, waba_id: str, *, name: str = "") -> list[Template]:
    """Fetch the account's templates, page by page: at most 250 until it is verified, then 6,000."""
    params = {"fields": FIELDS, "limit": PAGE} | ({"name": name} if name else {})
    found: list[Template] = []
    for _turn in range(MOST_PAGES):
        page = graph.get("templates.list", f"{waba_id}/message_templates", _Page, params)
        found += page.data
        if not (page.paging.next and page.paging.cursors.after):
            break
        params |= {"after": page.paging.cursors.after}
    return found


def find(graph: Graph, waba_id: str, *, name: str, language: str) -> Template | None:
    """Return the template of that name and language, or None; look here before creating."""
    rows = list_all(graph, waba_id, name=name)
    return next((row for row in rows if (row.name, row.language) == (name, language)), None)


def create(
    graph: Graph, waba_id: str, *, name: str, language: str, category: str, components: Sequence[Mapping[str, Any]]
) -> Template:
    """Create a template with named parameters; its review takes minutes to a day. A coach's nudge is MARKETING."""
    body = {
        "name": name,
        "language": language,
        "category": category,
        "parameter_format": "NAMED",
        "components": [dict(component) for component in components],
    }
    made = graph.post("templates.create", f"{waba_id}/message_templates", Template, body)
    return made.model_copy(update={"name": name, "language": language, "components": body["components"]})


def mirror(template: Template, *, params: Sequence[str] = ()) -> MessageTemplate:
    """Keep what Meta says of a template in the current workspace."""
    known: dict[str, Any] = {
        "status": template.status[:24],
        "provider_id": template.id,
        "quality": template.quality[:16],
        "rejected_reason": _reason(template.rejected_reason),
        "status_at": clock.now(),
    }
    if template.category:
        known["category"] = template.category[:16]
    if template.components:
        known["components"] = template.components
    if params:
        known["params"] = list(params)
    with atomic():
        row, _ = MessageTemplate.objects.update_or_create(
            name=template.name, language=template.language, defaults=known, create_defaults={"category": "", **known}
        )
    return row


def _reason(reason: str | None) -> str:
    return "" if reason in (None, "NONE") else str(reason)[:300]


def note(fact: WhatsAppTemplate) -> None:
    """Mirror a review's result, unless newer news came first. A template we do not know is left alone.

    WhatsApp tells whole seconds, so news of the second in which we last looked is newer than our look.
    """
    with atomic():
        rows = MessageTemplate.objects.filter(name=fact.name, language=fact.language)
        rows = rows.filter(Q(status_at=None) | Q(status_at__lt=fact.at + timedelta(seconds=1)))
        rows.update(status=fact.event[:24], rejected_reason=_reason(fact.reason), status_at=fact.at)


def note_refusal(*, name: str, language: str, code: str) -> None:
    """Send a template no more that Meta has paused or ended, until it says otherwise; each try would be refused."""
    if code in REFUSED_AS:
        with atomic():
            rows = MessageTemplate.objects.filter(name=name, language=language)
            rows.update(status=REFUSED_AS[code], status_at=clock.now())


def note_change(fact: WhatsAppAccount) -> None:
    """Mirror the category or the quality that Meta gives a template from now on. One we do not know is left alone."""
    told, column = CHANGES[fact.field]
    value = str(fact.details.get(told) or "")[:16]
    language = str(fact.details.get("message_template_language") or "").replace("-", "_")
    name = str(fact.details.get("message_template_name") or "")
    if value:
        with atomic():
            MessageTemplate.objects.filter(name=name, language=language).update(**{column: value})
