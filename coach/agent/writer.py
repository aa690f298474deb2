"""Finding the words: by the model where it may speak, else fixed and approved ones. Nothing unchecked leaves this module."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from pydantic import BaseModel, Field

from coach import template_texts, texts
from coach.agent import context as facts
from coach.agent import wishes
from coach.agent.checks import fault
from coach.agent.context import Context
from coach.agent.wishes import Asked, Change
from coach.config import CoachSettings
from coach.models import Conversation, Followup, FollowupTemplate, Message
from coach.outbox import Draft
from pilar.backplane.budgets import Exceeded
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.errors import ProviderError
from pilar.kernel.problems import Problem
from pilar.providers.ai import chat
from pilar.providers.models import MessageTemplate
from workspaces.models import Workspace

log = structlog.get_logger(__name__)
_REPLY_TASK = (
    "Answer the member's last message. When it asks us to write more often or more rarely, only on some days, at another "
    "time, to pause or to go on, set `wishes` to what it asks for and to nothing else. What holds from then on is added "
    "to your text by us: do not repeat it, and never say that you changed it when you did not set it."
)
_NUDGE_TASK = (
    "You write first: one short message for the occasion {occasion!r} that invites an answer. Ask one question."
)
_SECONDS = {"reply": 12.0, "nudge": 30.0}
"""All the time models get: a person waits for a reply, nobody for a nudge."""
_CUES = {
    "de": "Schreib jetzt eine kurze, motivierende Nachricht zum nächsten Training.",
    "en": "Now write a short, motivating message about the next training.",
    "es": "Escribe ahora un mensaje corto y motivador sobre el próximo entrenamiento.",
    "fr": "Écris maintenant un message court et motivant sur le prochain entraînement.",
    "it": "Scrivi ora un messaggio breve e motivante sul prossimo allenamento.",
}


class CoachReply(BaseModel):
    """The words for the member."""

    text: str = Field(description="The message to the member, plain text.", min_length=1, max_length=1000)
    hand_over: bool = Field(default=False, description="True when a person of the studio has to take over.")
    wishes: Asked | None = Field(default=None, description="Only when the member asks for a change of our messages.")


@dataclass(frozen=True, slots=True)
class Written:
    """A message, whether a person is to take over after it, and what the member asked for in which message."""

    draft: Draft
    hand_over: bool = False
    change: Change | None = None
    asked_in: UUID | None = None


def reply(conversation: Conversation, *, now: datetime) -> Written:
    """Answer the last words of a person. When no model may or can, the fixed text and a person. Outside `atomic()`."""
    known = _gather(conversation, now)
    answer, failure = (
        _ask(known, task=_REPLY_TASK, turns=_up_to_the_member(known), purpose="reply")
        if _has_words(conversation)
        else (None, "no_words")
    )
    if answer is None:
        return Written(
            fixed("we_answer", conversation, known.studio, trigger="reply", fallback=failure), hand_over=True
        )
    written = Written(_draft(answer, known, conversation, trigger="reply"), hand_over=answer.output.hand_over)
    if answer.output.wishes:
        return _granting(answer.output.wishes, written, conversation, known.language, now)
    return written


def _granting(asked: Asked, written: Written, conversation: Conversation, language: str, now: datetime) -> Written:
    """Add to the model's words ours about what holds from now on, so that what is said is what is stored."""
    with atomic():
        last = conversation.messages.filter(direction=Message.Direction.IN).order_by("-at", "-id")
        asked_in = last.values_list("pk", flat=True).first()
        try:
            change = wishes.judged(asked, conversation.lead, now=now)
        except Problem:
            return replace(written, draft=_with(written.draft, wishes.refusal(language), {"refused": True}))
    if change is None:
        return written
    told = change.told() | {"asked_in": str(asked_in)}
    draft = _with(written.draft, wishes.confirmation(change, language), told)
    return replace(written, draft=draft, change=change, asked_in=asked_in)


def _with(draft: Draft, words: str, told: dict[str, Any]) -> Draft:
    return replace(draft, text=f"{draft.text}\n\n{words}", why=draft.why | {"wishes": told})


def nudge(conversation: Conversation, followup: Followup, *, now: datetime) -> Draft:
    """Write a planned message for an open window: the caller's words, the model's, or the fixed ones. Outside `atomic()`."""
    known = _gather(conversation, now)
    if followup.text:
        return Draft(text=followup.text, by=Message.By.AI, why=known.why(trigger="followup", words="given"))
    turns = [*_turns(known), chat.Said(role="user", text=_CUES[known.language])]
    task = _NUDGE_TASK.format(occasion=followup.type.replace("_", " "))
    answer, failure = _ask(known, task=task, turns=turns, purpose="nudge")
    if answer is None:
        return fixed("nudge", conversation, known.studio, trigger="followup", fallback=failure)
    return _draft(answer, known, conversation, trigger="followup", type=followup.type)


def sample(settings: CoachSettings, *, now: datetime) -> tuple[str, str]:
    """Write to an invented Anna with these settings, saved or not. Outside `atomic()`; nothing is sent.

    Returns the words, and why they are fixed ones when no model wrote them.
    """
    with atomic():
        known = facts.invented(settings, first_name=template_texts.EXAMPLES["first_name"], now=now)
    turns = [chat.Said(role="user", text=_CUES[known.language])]
    task = _NUDGE_TASK.format(occasion="weekly checkin")
    answer, failure = _ask(known, task=task, turns=turns, purpose="nudge")
    if answer is None:
        return texts.say("nudge", known.language, studio=known.studio, first_name=known.first_name), failure
    return answer.output.text.strip(), ""


def template(conversation: Conversation, followup: Followup) -> Draft | None:
    """Choose the approved template for a closed window, in the person's language or else the studio's; None without any."""
    lead, studio = conversation.lead, Workspace.objects.get(pk=current())
    first_time = not conversation.messages.exists()
    purpose = "welcome" if first_time else template_texts.purpose_of(followup.type)
    usable = {
        (row.name, row.language): row for row in MessageTemplate.objects.filter(status__in=("APPROVED", "REINSTATED"))
    }
    wanted = FollowupTemplate.objects.filter(active=True, language__in=(lead.language, studio.language, "en"))
    wanted = wanted.order_by("-created_at")  # a newer wording as soon as it is approved, until then the one before
    for text in sorted(wanted, key=lambda row: _fitness(row, purpose, lead.language, studio.language)):
        if (text.name, text.language) in usable:
            return _filled(text, lead.first_name, studio.name, followup)
    return None


def _fitness(row: FollowupTemplate, purpose: str, language: str, studio_language: str) -> tuple[bool, bool, bool, bool]:
    """Sort key: the person's language first, then the purpose; a check-in may stand in for a nudge, a welcome last."""
    return row.language != language, row.purpose != purpose, row.language != studio_language, row.purpose == "welcome"


def _filled(text: FollowupTemplate, first_name: str, studio: str, followup: Followup) -> Draft:
    values = {"first_name": texts.called(first_name, text.language), "studio": " ".join(studio.split())}
    return Draft(
        text=template_texts.filled(text.body, values),
        by=Message.By.TEMPLATE,
        template={"name": text.name, "language": text.language, "params": values},
        why={"trigger": "followup", "type": followup.type, "form": "template", "window": "closed"},
    )


def fixed(
    name: str, conversation: Conversation, studio: str, *, trigger: str, fallback: str = "", by: str = Message.By.AI
) -> Draft:
    """Return a fixed sentence as a draft; `fallback` says why no model spoke."""
    lead = conversation.lead
    text = texts.say(name, lead.language, studio=studio, first_name=lead.first_name)
    why = {"trigger": trigger, "form": "fixed", "text": name}
    return Draft(text=text, by=by, why=why | ({"fallback": fallback} if fallback else {}))


def disclosed(conversation: Conversation, draft: Draft, *, now: datetime) -> None:
    """Note when the person was told that an AI writes (EU AI Act Art. 50 (1)); every template says so in its text."""
    if draft.template or draft.why.get("disclosed"):
        Conversation.objects.filter(pk=conversation.pk, ai_disclosed_at=None).update(ai_disclosed_at=now)


def _gather(conversation: Conversation, now: datetime) -> Context:
    with atomic():
        return facts.gather(conversation, now=now)


def _has_words(conversation: Conversation) -> bool:
    """Say whether there is anything to read in what waits for an answer: a picture, a voice message or a place has no
    words, and the model would answer what was said before.
    """
    with atomic():
        since = conversation.messages.filter(
            direction=Message.Direction.IN, generation__gt=conversation.answered_generation
        )
        return since.exclude(body="").exists()


def _turns(known: Context) -> list[chat.Said]:
    return [chat.Said(role="user" if turn.by_member else "assistant", text=turn.text) for turn in known.history]


def _up_to_the_member(known: Context) -> list[chat.Said]:
    """The conversation up to the person's last words: what we said since is not to be answered."""
    turns = _turns(known)
    while turns and turns[-1].role == "assistant":
        turns.pop()
    return turns


def _ask(
    known: Context, *, task: str, turns: list[chat.Said], purpose: str
) -> tuple[chat.AiAnswer[CoachReply] | None, str]:
    """Ask the model and check what it says. Returns the answer, or None and why there is none."""
    try:
        answer = chat.answer(
            instructions=facts.instructions(known, task=task),
            messages=turns,
            output=CoachReply,
            purpose=purpose,
            models={known.agent.provider: known.agent.model},
            max_tokens=known.agent.max_tokens,
            seconds=_SECONDS[purpose],
        )
    except ProviderError as error:
        log.warning("coach.no_answer", purpose=purpose, error=str(error))
        return None, "no_model_answered"
    except Exceeded:
        return None, "budget"
    wrong = fault(answer.output.text, known.allowed())
    if wrong:
        log.warning("coach.answer_refused", purpose=purpose, check=wrong)
        return None, f"check_{wrong}"
    return answer, ""


def _draft(answer: chat.AiAnswer[CoachReply], known: Context, conversation: Conversation, **why: str) -> Draft:
    text, first = answer.output.text.strip(), conversation.ai_disclosed_at is None
    if first:
        text = f"{text}\n\n{texts.say('disclosure', known.language, studio=known.studio)}"
    tokens = {"input": answer.input_tokens, "output": answer.output_tokens}
    cost = {} if answer.micro_euro is None else {"ai_micro_euro": answer.micro_euro}
    return Draft(
        text=text,
        by=Message.By.AI,
        model=f"{answer.provider}/{answer.model}"[:100],
        prompt_version=facts.PROMPT_VERSION,
        why=known.why(**why, form="ai", tokens=tokens, **cost, **({"disclosed": True} if first else {})),
    )
