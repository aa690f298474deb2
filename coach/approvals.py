"""The studio's message templates beside what WhatsApp says of them."""

from dataclasses import dataclass

from coach import template_texts
from coach.models import FollowupTemplate
from pilar.backplane.tenancy import current
from pilar.providers.models import MessageTemplate
from workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Approval:
    """One template as Anna would read it. `status` is WhatsApp's word, `new` before it was handed in."""

    name: str
    purpose: str
    language: str
    text: str
    footer: str
    category: str
    status: str
    rejected_reason: str

    @property
    def is_in_trouble(self) -> bool:
        """Whether WhatsApp sends it to nobody until something is done."""
        return self.status in ("REJECTED", "PAUSED", "DISABLED")


def templates() -> list[Approval]:
    """Return the active templates, those in the studio's language first."""
    studio = Workspace.objects.get(pk=current())
    told = {(row.name, row.language): row for row in MessageTemplate.objects.all()}
    rows = FollowupTemplate.objects.filter(active=True).order_by("language", "purpose")
    shown = [_approval(row, told.get((row.name, row.language)), studio.name) for row in rows]
    return sorted(shown, key=lambda row: row.language != studio.language)


def _approval(row: FollowupTemplate, told: MessageTemplate | None, studio: str) -> Approval:
    values = template_texts.EXAMPLES | {"studio": studio}
    return Approval(
        name=row.name,
        purpose=row.purpose,
        language=row.language,
        text=template_texts.filled(row.body, values),
        footer=row.footer,
        category=told.category if told else row.category,
        status=told.status if told else "new",
        rejected_reason=told.rejected_reason if told else "",
    )
