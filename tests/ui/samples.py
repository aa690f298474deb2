"""Invented contexts for every page template, as `templates.md` in docs promises them to the views."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.utils import timezone

from coach.pages.forms.automation import PauseForm
from coach.pages.forms.members import ConsentForm, GoalForm, PreferencesForm
from pilar.backplane import rates
from pilar.backplane.budgets import Standing
from pilar.backplane.rates import Limit, Use
from pilar.kernel.money import MICRO_EURO
from pilar.kernel.shown import Hit, Need
from pilar.ui import gallery
from provisioning.preview import Preview
from workspaces.pages import autopilot_forms

ID = UUID("0192f0c0-0000-7000-8000-000000000005")
PLANS = [
    {"code": "BASIC", "name": "BASIC", "price_cents": 9_900, "gross_cents": 11_781, "leads": 300, "messages_per_day": 200,
     "tokens_per_day": 100_000, "seats": 3},
    {"code": "PRO", "name": "PRO", "price_cents": 24_900, "gross_cents": 29_631, "leads": 2_000, "messages_per_day": 1_500,
     "tokens_per_day": 1_000_000, "seats": 15},
]  # fmt: skip
SITE = {
    "plans": PLANS,
    "canonical": "https://pilar.example/",
    "alternates": [("de", "https://pilar.example/?lang=de")],
    "operator": {"name": "PILAR SYSTEMS"},
    "each": 11,
}
MONTH = {
    "members": 100,
    "messages": 400,
    "plan": PLANS[0],
    "meta_cents": 4400,
    "total_cents": 14_300,
    "cents_a_member": 143,
}
PAPER = {"get_kind_display": "Auszug", "filename": "auszug.pdf", "uploaded_at": datetime(2026, 11, 27, 9, tzinfo=UTC)}
PHONE = Preview("Kraftwerk Köln", "+4922112345678", "Hi Anna", "Dienstag um sechs?", "")
WIZARD = {
    "steps": [
        {"name": "Studio", "url": "/onboarding/studio", "state": "done"},
        {"name": "Unterlagen", "url": "/onboarding/papers", "state": "current"},
    ],
    "number": 2,
    "count": 8,
    "back_url": "/onboarding/studio",
    "next_url": "/onboarding/hours",
}


class Form(forms.Form):
    name = forms.CharField(label="Name", help_text="Wie im Register")
    plan = forms.CharField(label="Tarif", required=False)
    tone = forms.ChoiceField(label="Ton", choices=[("a", "freundlich"), ("b", "sachlich")], widget=forms.RadioSelect)
    agreed = forms.BooleanField(label="Hat zugestimmt")
    fieldsets = (("Studio", ["name"]), ("Stil", ["tone", "agreed"]))


def job(status: str = "waiting") -> dict[str, Any]:
    steps: list[dict[str, Any]] = [
        {"key": "customer_validation", "state": "done", "seconds": 1.2},
        {"key": "twilio_address_bundle", "state": "awaiting_review", "waiting_for": "twilio", "since": timezone.now()},
        {"key": "whatsapp_connection", "state": "awaiting_customer", "action_url": "/onboarding/whatsapp"},
        {"key": "whatsapp_registration", "state": "working"},
        {"key": "email_credentials", "state": "skipped", "reason": "Kein Mailserver."},
        {"key": "smoke_tests", "state": "failed", "error": "Kam nicht an.", "next_try_at": timezone.now()},
        {"key": "activation", "state": "pending"},
    ]
    return {"id": ID, "status": status, "progress": 62, "studio": "Studio Nord", "steps": steps}


def widgets() -> list[dict[str, Any]]:
    now = timezone.now()
    contexts: dict[str, dict[str, Any]] = {
        "provisioning": {"job": job()},
        "health": {
            "health": {
                "state": "degraded",
                "score": 86,
                "checked_at": now,
                "reasons": [{"text": "Twilio ist langsam", "fix": "", "url": "/setup"}],
            }
        },
        "messages": {
            "today": {"planned": 1, "sent": 2, "delivered": 2, "answered": 1, "failed": 1, "history": [1, 2, 3]},
            "recent": [{"text": "Bis dann", "name": "Anna", "status": "read", "at": now, "url": "/dashboard/chats"}],
        },
        "jobs": {"jobs": {"waiting": 3, "running": 2, "dead": 1, "done": 418, "most": 500}},
        "followups": {"followups": [{"name": "Anna", "at": now, "type": "x", "status": "planned"}], "total": 3},
        "quiet": {"days": 14, "members": [{"name": "Anna", "url": "/m", "write_url": "/m/write", "last_word_at": now}]},
        "activity": {"activities": [{"text": "Fertig.", "at": now, "about": [Hit("Anna", "/dashboard/members")]}]},
        "budget": {"budgets": [{"resource": "messages", "unit": "messages", "used": 190, "limit": 200}]},
        "incidents": {
            "incidents": [{"id": ID, "title": "Aus", "state": "resolved", "since": now}],
            "days": ["ok"] * 90,
        },
    }
    drawn = [{"name": name, "template": f"widgets/{name}.html", "context": c} for name, c in contexts.items()]
    late = {"name": "late", "every": 60, "ghost": "rows", "late": True, "failed": False}
    return [*drawn, late, {"name": "broken", "template": "", "context": {}, "failed": True}]


def needs() -> list[Need]:
    return [Need("1 Chat wartet", "/dashboard/chats", "Jetzt antworten", note="Seit 9 Uhr"),
            Need("Zahlung offen", "/billing", "Bezahlen", tone="bad")]  # fmt: skip


def found() -> list[dict[str, Any]]:
    pause = Hit("Coach pausieren", "/dashboard/automation/pause", icon="pause", fields={"paused": "1"})
    anna = Hit("Anna Keller", "/dashboard/members", note="+49 171 12345678", icon="user")
    return [{"title": "", "hits": [pause]}, {"title": "Mitglieder", "hits": [anna]}]


def conversation(*, is_open: bool) -> dict[str, Any]:
    until = timezone.now() + timedelta(hours=20) if is_open else None
    window = {"is_open": is_open, "until": until, "percent": 80 * is_open, "tone": "ok", "left": "noch 20 Std."}
    return {"id": ID, "name": "Anna Keller", "phone": "+4917112345678", "owner": "ai", "language": "de",
            "window": window, "lead_url": "/dashboard/members"}  # fmt: skip


def days() -> list[dict[str, Any]]:
    return [{"label": "Heute", "date": timezone.localdate(), "entries": messages()}]


def messages() -> list[dict[str, Any]]:
    now = timezone.now()
    return [
        {"id": 1, "direction": "in", "by": "member", "text": "Ja gern", "status": "received", "at": now},
        {"id": 2, "direction": "out", "by": "ai", "text": "Super!", "status": "read", "at": now, "why_url": "/x"},
        {"id": 3, "direction": "out", "by": "human", "text": "Bis dann", "status": "failed", "at": now,
         "failure": {"text": "Kein WhatsApp.", "again": True}},
        {"is_note": True, "id": ID, "text": "Knie schonen", "author": "Nora", "at": now, "remove": "/x"},
    ]  # fmt: skip


def _conversations() -> list[dict[str, Any]]:
    row = {"id": ID, "url": "/dashboard/chats", "name": "Anna", "phone": "+4917112345678", "owner": "waiting",
           "language": "de", "window": conversation(is_open=True)["window"],
           "last_text": "Hallo", "last_direction": "in", "last_status": "received", "last_at": timezone.now(),
           "unread": 2}  # fmt: skip
    return [row]


def _chat(*, is_open: bool) -> dict[str, Any]:
    return {"conversation": conversation(is_open=is_open), "days": days(), "conversation_id": ID, "current_id": ID}


def _member() -> dict[str, Any]:
    now = timezone.now()
    return {"id": ID, "url": "/dashboard/members", "name": "Anna", "phone": "+4917112345678", "email": "a@example.org",
            "language": "de", "timezone": "Europe/Berlin", "tags": ["neu"], "consent": "given", "last_contact_at": now,
            "next_followup_at": now}  # fmt: skip


def _settings() -> dict[str, tuple[str, dict[str, Any]]]:
    now = timezone.now()
    run = {"trigger": "stripe", "status": "ready", "progress": 100, "started_at": now, "our_seconds": 9.2}
    history = {"name": "settings.history", "template": "widgets/setup_history.html", "context": {"history": [run]}}
    mine = {"provider": "whatsapp", "state": "awaiting_customer", "reason": "Meta wartet."}
    key = {"id": ID, "name": "Empfang", "prefix": "pilar_ab", "role": "owner", "scopes": ["jobs:read"]}
    standing = Standing("messages", "", "queue", 200, 190, None, 0, now)
    month = {"monthly_limit": 50_000_000, "monthly_used": 31_400_000, "month_opens_again_at": now}
    money = Standing("euro", MICRO_EURO, "queue", 5_000_000, 1_250_000, None, 0, now, **month)
    limit = Limit.parse(rates.JOBS)
    change = {"action": "lead.added", "at": now, "object_type": "Lead", "object_id": str(ID), "after": {"name": "A"}}
    file = {"id": ID, "ordered_at": now, "expires_at": now, "size": 2048, "state": "ready", "is_ready": True}
    contexts: dict[str, dict[str, Any]] = {
        "connections": {"connections": [{"provider": "stripe", "state": "connected", "last_success_at": now}, mine]},
        "setup": {"parts": [history]},
        "keys": {"api_keys": [key], "new_key": "pilar_" + "x" * 40, "form": autopilot_forms.KeyForm()},
        "limits": {
            "rows": [{"standing": standing, "plan": 200, "limit": 200, "form": autopilot_forms.LimitForm.of(standing)}],
            "money": money,
            "cap_form": autopilot_forms.CapForm.of(money),
            "uses": [Use(limit, limit.soft + 1, now, now + timedelta(minutes=20))],
        },
        "audit": {
            "rows": [{"entry": change, "who": "Nora"}],
            "form": autopilot_forms.TrailForm({}, people={"user:1": "Nora"}),
        },
        "exports": {"exports": [file]},
    }
    tabs = [{"url": f"/{name}", "label": name} for name in contexts]
    return {
        f"settings-{name}": (f"workspaces/autopilot/{name}.html", {"tabs": tabs, **context})
        for name, context in contexts.items()
    }


def pages() -> dict[str, tuple[str, dict[str, Any]]]:
    """Template and context of every page, by a short name."""
    signup = {
        "app_id": "1",
        "config_id": "2",
        "sdk_url": "/static/js/pilar.js",
        "graph_version": "v25.0",
        "ready": True,
    }
    form = Form({"name": "Nord"})
    form.full_clean()
    return {
        "landing": ("marketing/landing.html", SITE),
        "pricing": ("marketing/pricing.html", SITE | {"example": MONTH, "reckon_form": Form()}),
        "checkout": ("billing/checkout.html", {"plans": PLANS, "selected": "PRO", "form": form}),
        "return": ("billing/checkout_return.html", {"state": "processing"}),
        "billing": ("billing/index.html", {"subscription": {"status": "past_due", "plan": PLANS[1]}, "plans": []}),
        "claim": ("workspaces/claim.html", {"state": "valid", "studio": "Nord", "email": "a@b.de", "form": form}),
        "claim-expired": ("workspaces/claim.html", {"state": "expired"}),
        "today": ("dashboard/today.html", {"sayings": ["Alles gut."], "widgets": widgets(), "needs": needs()}),
        "today-empty": ("dashboard/today.html", {"widgets": []}),
        "search": ("dashboard/search.html", {"q": "an", "groups": found()}),
        "search-empty": ("dashboard/search.html", {"q": "xyz", "groups": []}),
        "messages": ("coach/message_log.html", {"rows": [], "state": "all", "day": "today", "states": ["all", "sent"]}),
        "more": ("dashboard/more.html", {}),
        "live": ("provisioning/live.html", {"job": job(), "phone": PHONE}),
        "live-failed": ("provisioning/live.html", {"job": job("failed")}),
        "live-none": ("provisioning/live.html", {"job": None}),
        "onboarding": (
            "onboarding/studio.html",
            {"form": form, "wizard": WIZARD, "save_url": "/onboarding/studio/save"},
        ),
        "papers": (
            "onboarding/papers.html",
            {"form": form, "wizard": WIZARD, "papers": [PAPER], "lacks": True, "is_german": True},
        ),
        "whatsapp": ("onboarding/whatsapp.html", {"signup": signup, "complete_url": "/api/x", "number": "+494012345"}),
        "chats": ("coach/chats.html", {"conversations": _conversations(), "q": "", "filter": "", "rows_url": "/x"}),
        "chats-empty": ("coach/chats.html", {"conversations": []}),
        "chat": (
            "coach/chat.html",
            {"conversation": conversation(is_open=True), "days": days(), "conversation_id": ID, "current_id": ID},
        ),
        "chat-closed": (
            "coach/chat.html",
            {"conversation": conversation(is_open=False), "days": days(), "conversation_id": ID, "current_id": ID},
        ),
        "members": ("coach/members.html", {"members": [_member()], "matching": 1}),
        "member": (
            "coach/member.html",
            {
                "member": _member(),
                "consent_form": ConsentForm(),
                "preferences_form": PreferencesForm(),
                "goal_form": GoalForm(),
            },
        ),
        "member-form": ("coach/member_form.html", {"form": form}),
        "automation": ("coach/automation.html", {"form": form, "pause_form": PauseForm(), "enabled": True}),
        **_settings(),
        "gallery": ("ui/gallery.html", gallery.context()),
        "404": ("404.html", {"detail": "Nichts.", "status": 404}),
        "503": ("503.html", {"detail": "Gleich.", "status": 503}),
    }
