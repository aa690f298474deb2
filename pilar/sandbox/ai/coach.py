"""A polite coach of few words: the same question always gets the same answer, in its own language."""

from __future__ import annotations

import re
from dataclasses import dataclass

GERMAN_WORDS = """
ich du er sie es wir ihr der die das den dem ein eine einen nicht und oder aber ist sind war bin hast habe hat
mein meine dein deine mit für auf von zu zum zur im in am wann wie was wo wer warum heute morgen gestern bitte
danke hallo guten tag moin servus kann kannst können könnte möchte will geht training termin ja nein noch
schon mal mir mich dir dich keine kein sehr gut stopp schmerzen knie rücken kündigen preis kostet
"""
GERMAN = frozenset(GERMAN_WORDS.split())
ENGLISH_WORDS = """
i you he she it we they the a an not and or but is are was am have has my your with for on of to in at when
how what where who why today tomorrow yesterday please thanks thank hello hi hey can could would like want go
training appointment yes no still already me very good stop pain knee back cancel price cost does do
"""
ENGLISH = frozenset(ENGLISH_WORDS.split())
WORD = re.compile(r"[a-zäöüß']+")


@dataclass(frozen=True)
class Intent:
    """One thing a member may want: words that show it, and answers in both languages."""

    name: str
    pattern: re.Pattern[str]
    german: str
    english: str
    needs_human: bool = False


def _intent(name: str, words: str, german: str, english: str, *, needs_human: bool = False) -> Intent:
    return Intent(name, re.compile(rf"\b(?:{words})", re.IGNORECASE), german, english, needs_human)


INTENTS = (
    _intent(
        "opt_out",
        r"stopp?\b|abmelden|abbestellen|unsubscribe|keine nachrichten",
        "Verstanden, du bekommst von uns keine weiteren Nachrichten.",
        "Understood, you will not get any more messages from us.",
    ),
    _intent(
        "health",
        r"schmerz|verletz|knie|rücken|arzt|operation|schwanger|pain|hurt|injur|doctor|surgery|pregnan",
        "Das tut mir leid zu hören. Bitte schone dich und lass das ärztlich abklären; unser Team meldet sich bei dir.",
        "I am sorry to hear that. Please take it easy and have it checked by a doctor; our team will get back to you.",
        needs_human=True,
    ),
    _intent(
        "cancel",
        r"kündig|vertrag|beschwer|geld zurück|cancel|contract|complain|refund",
        "Das klären wir am besten persönlich: Unser Team meldet sich bei dir.",
        "That is best settled in person: our team will get back to you.",
        needs_human=True,
    ),
    _intent(
        "human",
        r"mensch(?:en)?\b|mitarbeiter|persönlich|anrufen|human|real person|staff|call me",
        "Gern, ich gebe dich an unser Team weiter.",
        "Of course, I will hand you over to our team.",
        needs_human=True,
    ),
    _intent(
        "price",
        r"preis|kost|teuer|rabatt|beitrag|price|cost|expensive|discount|fee",
        "Zu den Beiträgen berät dich unser Team gern persönlich. Soll sich jemand bei dir melden?",
        "Our team will gladly advise you on fees. Shall somebody get back to you?",
    ),
    _intent(
        "booking",
        r"termin|buch|wann|uhrzeit|uhr\b|morgen\b|heute\b|woche|appointment|book|when|schedule|tomorrow|today|time\b",
        "Sehr gern! Welcher Tag und welche Uhrzeit passen dir am besten?",
        "With pleasure! Which day and time suit you best?",
    ),
    _intent(
        "thanks",
        r"dank|super|toll|klasse|perfekt|thank|great|awesome|perfect",
        "Sehr gern! Weiter so, ich freue mich auf dein nächstes Training.",
        "You are welcome! Keep it up, I look forward to your next workout.",
    ),
    _intent(
        "motivation",
        r"müde|keine lust|motivation|schaff|faul|stress|tired|lazy|motivat|can'?t make|busy",
        "Das kennt jeder. Fang klein an: Zwanzig Minuten reichen für heute. Wann magst du loslegen?",
        "Everybody knows that. Start small: twenty minutes will do today. When would you like to start?",
    ),
    _intent(
        "progress",
        r"trainiert|geschafft|kilo|gewicht|wiederholung|fortschritt|trained|managed|weight|reps|progress|finished",
        "Stark, das ist ein echter Fortschritt! Wie hat es sich angefühlt?",
        "Well done, that is real progress! How did it feel?",
    ),
    _intent(
        "greeting",
        r"hallo|hi\b|hey|moin|servus|guten (?:tag|morgen|abend)|hello|good (?:morning|evening)",
        "Hallo! Schön, von dir zu hören. Wie kann ich dich beim Training unterstützen?",
        "Hello! Good to hear from you. How can I support your training?",
    ),
)
ANYTHING = _intent(
    "other",
    r"",
    "Danke für deine Nachricht! Erzähl mir gern mehr, dann finden wir das Passende für dein Training.",
    "Thank you for your message! Tell me a little more and we will find what suits your training.",
)


@dataclass(frozen=True)
class Thought:
    """What the coach makes of a conversation; a schema is filled from it."""

    text: str
    language: str
    intent: str
    needs_human: bool


def language_of(text: str) -> str:
    """``de`` or ``en``, by the small words; German when in doubt, as the studios are."""
    words = WORD.findall(text.casefold())
    german = sum(word in GERMAN for word in words) + 2 * sum(letter in text.casefold() for letter in "äöüß")
    return "en" if sum(word in ENGLISH for word in words) > german else "de"


def think(text: str) -> Thought:
    """Answer the last words of a member. The question itself is never repeated, so nothing planted in it comes back."""
    found = next((intent for intent in INTENTS if intent.pattern.search(text)), ANYTHING)
    language = language_of(text)
    return Thought(found.german if language == "de" else found.english, language, found.name, found.needs_human)
