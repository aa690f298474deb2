"""From a conversation and the offered tools to an answer, well-behaved or spoiled on demand."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request

from pilar.sandbox.ai.coach import Thought, think
from pilar.sandbox.ai.schema import Filler

Json = dict[str, Any]
# Answers that are fine by HTTP and bad in what they say: the ``code`` of a fault with status 200.
REFUSAL = "I'm sorry, but I can't help with that."
CHARS_PER_TOKEN = 4


@dataclass(frozen=True)
class Tool:
    name: str
    schema: Json


@dataclass(frozen=True)
class Answer:
    """Text, or a call of a tool with its arguments as JSON text. ``ending`` names an unusual end."""

    text: str = ""
    tool: str = ""
    arguments: str = ""
    ending: str = ""

    @property
    def length(self) -> int:
        return tokens(self.text + self.arguments)


def tokens(text: str) -> int:
    return -(-len(text) // CHARS_PER_TOKEN)


def spoil_code(request: Request) -> str:
    """The ``code`` of a fault that wants a well-formed, but bad answer; empty when all is well."""
    fault = getattr(request.state, "fault", None)
    return str(fault.code or "") if fault is not None else ""


@dataclass(frozen=True)
class Question:
    """The member's last words, what the system told the model, and how it may answer.

    ``forced`` is a tool's name, ``*`` for any, or None for the model's own choice; ``schema`` that of a JSON answer.
    """

    words: str
    instructions: str
    tools: list[Tool]
    forced: str | None
    schema: Json | None = None


def answer(question: Question, spoiled: str) -> Answer:
    """Use the tool that is forced, or the one for the final result, else plain text.

    ``spoiled`` is ``refusal``, ``content_filter``, ``malformed_arguments``, ``wrong_schema``, ``length``, ``empty``,
    or ``text:`` and the words that the model shall say.
    """
    if spoiled in {"refusal", "content_filter", "empty"}:
        return Answer(ending=spoiled)
    thought = think(question.words, question.instructions)
    if spoiled.startswith("text:"):
        thought = replace(thought, text=spoiled.removeprefix("text:"))
    made = _make(question, thought)
    if spoiled == "malformed_arguments":
        return replace(made, arguments=made.arguments[:-2] + ",", text=made.text)
    if spoiled == "wrong_schema":
        wrong = json.dumps({"unexpected": [1, 2, 3]})
        return replace(made, arguments=wrong) if made.tool else replace(made, text=wrong)
    return replace(made, ending="length") if spoiled == "length" else made


def _make(question: Question, thought: Thought) -> Answer:
    tool = _pick(question.tools, question.forced, thought)
    if tool is not None:
        filled = Filler(tool.schema, thought).fill()
        return Answer(tool=tool.name, arguments=json.dumps(filled, ensure_ascii=False))
    if question.schema is not None:
        return Answer(text=json.dumps(Filler(question.schema, thought).fill(), ensure_ascii=False))
    return Answer(text=thought.text)


def _pick(tools: list[Tool], forced: str | None, thought: Thought) -> Tool | None:
    if forced and forced != "*":
        return next(tool for tool in tools if tool.name == forced)
    finals = [tool for tool in tools if tool.name.startswith("final_result")]
    if thought.needs_human:
        human = [tool for tool in finals if re.search(r"human|hand_?(?:over|off)|escalat", tool.name, re.IGNORECASE)]
        finals = human or finals
    if finals:
        return finals[0]
    return tools[0] if tools and forced == "*" else None


def cut(made: Answer, most: int | None) -> Answer:
    """What is left of an answer that is longer than the allowed number of tokens."""
    if made.ending != "length" and (most is None or made.length <= most):
        return made
    chars = (most or made.length // 2) * CHARS_PER_TOKEN
    half = min(chars, max(len(made.text + made.arguments) - 3, 0))
    return replace(made, text=made.text[:half], arguments=made.arguments[:half], ending="length")
