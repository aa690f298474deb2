"""Why a message was sent, as one reads it: what set it off, what was known, whose words, and what it cost."""

from typing import Any

from django.utils.translation import gettext as _

from coach.models import Message
from coach.pages.shown import facts


def told(row: Message, author: str = "") -> dict[str, Any]:
    """Everything that is on record of one outgoing message."""
    why = row.why
    return {
        "sentence": _trigger(row, author),
        "rule": _rule(row),
        "words": _words(row),
        "facts": [facts.line(kept) for kept in why.get("facts", [])],
        "template": row.template,
        "model": row.model,
        "tokens": why.get("tokens"),
        "versions": _versions(why),
        "fallback": _fallback(str(why.get("fallback", ""))),
        "wishes": _wishes(why.get("wishes")),
        "critical": why.get("critical"),
        "micro_euro": row.micro_euro,
        "ai_micro_euro": why.get("ai_micro_euro"),
        "billed": _category((row.pricing or {}).get("category", "")),
        "category": row.category,
        "at": row.at,
        "sent_at": row.sent_at,
        "delivered_at": row.delivered_at,
        "read_at": row.read_at,
        "text": row.body,
    }


def _trigger(row: Message, author: str) -> str:
    sentences = {
        "followup": _("A planned follow-up was due."),
        "reply": _("The member wrote, and the coach answered."),
        "opt_out": _("The member said stop; this confirms it."),
        "opt_in": _("The member wants messages again."),
        "consent": _("The member confirmed the consent."),
        "hand_over": _("The member asked for a person."),
        "red_line": _("The member wrote about something that only people should answer."),
        "person": _("Somebody of the studio wrote it."),
    }
    trigger = str(row.why.get("trigger", ""))
    if trigger == "person" and author:
        return _("%(name)s wrote it.") % {"name": author}
    return sentences.get(trigger, _("Nothing more is on record."))


def _rule(row: Message) -> str:
    """The rule that let it pass."""
    rules = {
        "followup": _("Consent on record, inside the hours you set, at most one of the rhythm a day, nobody talking."),
        "reply": _("Answers are allowed for 24 hours after the member has written, while the AI has the word."),
        "opt_out": _("A stop is confirmed once, always, by fixed words."),
        "red_line": _("Distress, illness and eating disorders never reach a model: fixed words and a person."),
        "hand_over": _("Who asks for a person gets one."),
        "person": _("People may write inside the window, or by an approved template."),
    }
    return rules.get(str(row.why.get("trigger", "")), "")


def _words(row: Message) -> str:
    form = str(row.why.get("form", ""))
    if row.template:
        return _("An approved template, because the 24-hour window was closed.")
    if row.model:
        return _("Written by the model from the facts below, then checked by rule.")
    if form == "fixed":
        return _("Fixed words that were approved beforehand.")
    return _("Typed by hand.") if row.by == Message.By.HUMAN else ""


def _wishes(kept: dict[str, Any] | None) -> list[str]:
    """What the member asked for in the chat, and was set."""
    if not kept:
        return []
    if kept.get("refused"):
        return [_("Nothing: what was asked for cannot be set, and the answer says so.")]
    return facts.wished(kept) or [_("As your settings say")]


def _category(code: str) -> str:
    return str(dict(Message.Category.choices).get(code, code))


def _fallback(code: str) -> str:
    if not code:
        return ""
    if code == "budget":
        return _("The AI budget of the day was used up, so fixed words were used.")
    if code == "no_words":
        return _("There were no words to answer, only a picture, a voice message or the like.")
    if code.startswith("check_"):
        return _("What the AI wrote did not pass our check, so fixed words were used.")
    return _("The AI could not answer, so fixed words were used.")


def _versions(why: dict[str, Any]) -> str:
    named = (("config_version", _("settings")), ("agent_version", _("agent")), ("prompt_version", _("prompt")))
    return ", ".join(f"{label} {why[name]}" for name, label in named if why.get(name) is not None)
