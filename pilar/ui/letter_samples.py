"""Invented contents for the operators' preview of every letter. A new letter gets its line here; a test compares."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

_STUDIO = "Kraftwerk Köln"


def samples() -> dict[str, dict[str, Any]]:
    """Return the letters by name; what stands behind a colon is a variant of the letter before it."""
    now = timezone.now()
    url = f"{settings.PUBLIC_BASE_URL}/sample"
    studio = {"studio": _STUDIO, "url": url}
    where = {"moment": now, "ip": "203.0.113.7", "device": "Mozilla/5.0 (iPhone) Safari/605", "url": url}
    failed = {**studio, "amount_cents": 24_900, "currency": "EUR"}
    items = [{"text": "2 Chats", "url": url}]
    incident = {**studio, "summary": "WhatsApp", "fix": "Meta Business Suite", "since": now}
    day = [("Nachrichten", 42), ("Antworten", 17)]
    return {
        "claim": {**studio, "expires_at": now + timedelta(days=7)},
        "invitation": {**studio, "inviter": "Nora Klein", "role": "coach", "expires_at": now + timedelta(days=7)},
        "verify_email": {"code": "482913", "email": "nora@kraftwerk.test"},
        "sign_in_code": {"code": "482913", "email": "nora@kraftwerk.test"},
        "password_reset": {"url": url},
        "account_exists": {"url": url, "email": "nora@kraftwerk.test"},
        "unknown_account": {"url": url, "email": "nora@kraftwerk.test"},
        "new_device": where,
        "security_notice": {**where, "kind": "password_changed"},
        "security_notice:email_changed": {
            **where,
            "kind": "email_changed",
            "from_email": "nora@kraftwerk.test",
            "to_email": "nora@neu.test",
        },
        "deletion_planned": {"erase_at": now + timedelta(days=14), "url": url},
        "account_deleted": {},
        "role_changed": {**studio, "changer": "Nora Klein", "role": "coach"},
        "membership_ended": {"studio": _STUDIO, "remover": "Nora Klein"},
        "ownership_moved": {**studio, "is_new_owner": True, "giver": "Nora Klein", "receiver": "Ben Kraft"},
        "ownership_moved:giver": {**studio, "is_new_owner": False, "giver": "Nora Klein", "receiver": "Ben Kraft"},
        "payment_failed": {**failed, "stage": "first", "retry_at": now + timedelta(days=3)},
        "payment_failed:again": {**failed, "stage": "again", "retry_at": now + timedelta(days=5)},
        "payment_failed:last": {**failed, "stage": "last"},
        "trial_ends": {**studio, "ends_at": now + timedelta(days=3)},
        "waiting_for_you": {**studio, "items": items},
        "ready": {**studio, "number": "+4922112345678"},
        "digest": {**studio, "rows": day, "items": items, "weekly": False, "unsubscribe": url},
        "digest:weekly": {**studio, "rows": day, "items": [], "weekly": True, "unsubscribe": url},
        "escalation": {**studio, "waiting": 2, "since": now, "unsubscribe": url},
        "incident": {**incident, "resolved": False},
        "incident:resolved": {**incident, "resolved": True},
        "operator_alert": incident,
    }
