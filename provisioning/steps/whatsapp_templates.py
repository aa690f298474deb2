"""Hands the studio's message templates to Meta for review and waits for those in its own language (checklist T-19)."""

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext as _

from pilar.backplane import effects
from pilar.backplane.effects import EffectResult
from pilar.backplane.tenancy import atomic
from pilar.kernel.clock import now
from pilar.kernel.errors import ErrorClass, ProviderError
from pilar.kernel.steps import Done, Skipped, StepContext, StepOutcome, Waiting, WaitsFor
from pilar.kernel.switchboard import Happened
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import client, templates
from pilar.providers.whatsapp.client import Sender

REVIEW_CHECK = timedelta(seconds=10)
REVIEW_CHECK_LATER = timedelta(minutes=30)
UNDER_REVIEW = ("PENDING", "IN_APPEAL")


def ensure_templates(context: StepContext) -> StepOutcome:
    """Submit what is missing; green as soon as the studio's own language is decided and one text may be sent."""
    if client.own_connection() is None:
        return Skipped(_("WhatsApp is not connected, so there is nobody to review the message templates."))
    _submit_missing(client.own_sender())
    with atomic():
        rows = list(MessageTemplate.objects.filter(language=context.results["workspace_creation"]["language"]))
    pending = [row.name for row in rows if row.status in UNDER_REVIEW]
    approved = [row.name for row in rows if row.usable]
    if pending:
        pause = REVIEW_CHECK if context.attempt <= 1 else REVIEW_CHECK_LATER
        reason = _("Meta reviews the message templates. This takes from minutes to a day; you need not do anything.")
        return Waiting(WaitsFor.REVIEW, "template_review", reason, check_at=now() + pause)
    if not approved:
        raise ProviderError(
            _("Meta has refused every message template. Our team rewrites them."),
            provider="whatsapp",
            error_class=ErrorClass.PROVISIONING_ERROR,
            code="templates_rejected",
        )
    return Done({"approved": approved, "rejected": [row.name for row in rows if row.status == "REJECTED"]})


def hand_in(_event: Happened[Any]) -> None:
    """Event handler: there are new wordings. A studio that is not connected yet hands them in with its set-up."""
    if client.own_connection():
        _submit_missing(client.own_sender())


def _submit_missing(sender: Sender) -> None:
    present = {(one.name, one.language): one for one in templates.list_all(sender.graph, sender.waba_id)}
    with atomic():
        wanted = list(MessageTemplate.objects.order_by("name", "language"))
    for row in wanted:
        at_meta = present.get((row.name, row.language))
        templates.mirror(at_meta or _create(sender, row))


def _create(sender: Sender, row: MessageTemplate) -> templates.Template:
    made: list[templates.Template] = []

    def create(_key: str) -> EffectResult:
        template = templates.create(
            sender.graph,
            sender.waba_id,
            name=row.name,
            language=row.language,
            category=row.category,
            components=row.components,
        )
        made.append(template)
        return EffectResult(ref=template.id, data={"status": template.status})

    def look_up() -> EffectResult | None:
        found = templates.find(sender.graph, sender.waba_id, name=row.name, language=row.language)
        return EffectResult(ref=found.id, data={"status": found.status}) if found else None

    effect = effects.perform(
        key=f"template:{sender.waba_id}:{row.name}:{row.language}",
        provider="whatsapp",
        operation="templates.create",
        call=create,
        look_up=look_up,
    )
    if made:
        return made[0]
    status = effect.data.get("status", "PENDING")
    return templates.Template(id=effect.provider_ref, name=row.name, language=row.language, status=status)
