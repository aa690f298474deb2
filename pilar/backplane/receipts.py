"""Deliveries from providers, stored once before they are acknowledged (reliability P1, P7)."""

import json
from collections.abc import Mapping
from uuid import UUID

from pilar.backplane import sql
from pilar.backplane.models import WebhookReceipt
from pilar.backplane.tenancy import atomic
from pilar.kernel.ids import uuid7

Receipt = WebhookReceipt

_STORE = """
INSERT INTO autopilot_receipt (id, provider, account, event_id, body, headers, received_at, error)
VALUES (%s, %s, %s, %s, %s, %s, statement_timestamp(), '') ON CONFLICT (provider, account, event_id) DO NOTHING
"""


def store(
    provider: str, account: str, event_id: str, body: bytes, headers: Mapping[str, str]
) -> tuple[WebhookReceipt, bool]:
    """Keep a verified delivery and return it with whether it is new: the same (provider, account, event id) is kept
    once.

    Committed with the caller's transaction, or in one of its own.
    """
    with atomic():
        values = [uuid7(), provider, account, event_id, body, json.dumps(dict(headers))]
        is_new = bool(sql.run(_STORE, values))
        return WebhookReceipt.objects.get(provider=provider, account=account, event_id=event_id), is_new


def resolve(receipt_id: UUID, workspace_id: UUID) -> None:
    """Note whose delivery it was."""
    with atomic():
        WebhookReceipt.objects.filter(pk=receipt_id).update(workspace_id=workspace_id)


def settle(receipt_id: UUID, *, error: str = "") -> None:
    """Note that nothing is left to do for it, or why it could not be used."""
    with atomic():
        sql.run(
            "UPDATE autopilot_receipt SET processed_at = statement_timestamp(), error = %s WHERE id = %s",
            [error, receipt_id],
        )
