"""Works on stored WhatsApp webhooks: one POST may carry several tenants'; each report goes to its own workspace."""

from datetime import timedelta
from functools import cache
from itertools import groupby
from uuid import UUID

import structlog

from pilar.backplane import events, receipts
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel import clock
from pilar.kernel.switchboard import Reschedule, Work
from pilar.providers import routes, storable
from pilar.providers.doors import ReceiptWork
from pilar.providers.events import WhatsAppAccount, WhatsAppTemplate
from pilar.providers.whatsapp import templates, webhook
from pilar.providers.whatsapp.webhook import Report

log = structlog.get_logger(__name__)

WAIT_FOR_ROUTE = timedelta(minutes=2)
LOOK_AGAIN = timedelta(seconds=10)


def receive(work: Work[ReceiptWork]) -> Reschedule | None:
    """Publish the reports of one receipt. Safe to repeat: each report has a key of its own.

    Reports may overtake the sign-up that binds their number, so an unknown one is looked at again for two minutes.
    """
    with atomic():
        receipt = receipts.Receipt.objects.get(pk=work.payload.receipt_id)
    reports = webhook.parse(webhook.load(bytes(receipt.body)))
    strangers, owners = _deliver(reports)
    if len(owners) == 1:
        receipts.resolve(receipt.id, owners.pop())
    if strangers and clock.now() < receipt.received_at + WAIT_FOR_ROUTE:
        return Reschedule(clock.now() + LOOK_AGAIN, "the number is not connected yet")
    for report in strangers:
        log.info("whatsapp.unknown_account", waba_id=report.waba_id, phone_number_id=report.phone_number_id)
    receipts.settle(receipt.id, error="unknown account" if strangers else "")
    return None


def _deliver(reports: list[Report]) -> tuple[list[Report], set[UUID]]:
    """Publish each workspace's reports in one transaction of its own; return those that belong to nobody we know, and
    whose the others are.
    """
    owner_of = cache(_owner)
    owned = [(owner_of(report.phone_number_id, report.waba_id), report) for report in reports]
    known = [(owner, report) for owner, report in owned if owner]
    for owner, group in groupby(sorted(known, key=lambda pair: pair[0]), key=lambda pair: pair[0]):
        with all_tenants("hand reports of one webhook to their workspaces"), tenant(owner), atomic():
            for _, report in group:
                _publish(report)
    return [report for owner, report in owned if owner is None], {owner for owner, _ in known}


def _owner(phone_number_id: str, waba_id: str) -> UUID | None:
    if phone_number_id:
        return routes.find("whatsapp", "phone_number_id", phone_number_id)
    return routes.find("whatsapp", "waba_id", waba_id)


def _publish(report: Report) -> None:
    if isinstance(report.fact, WhatsAppTemplate):
        templates.note(report.fact)
    if isinstance(report.fact, WhatsAppAccount) and report.fact.field in templates.CHANGES:
        templates.note_change(report.fact)
    events.publish(report.event, report.fact, key=storable.key(report.key))
