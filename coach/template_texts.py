"""The message templates every studio gets, in five languages: what may be said outside the 24-hour window.

WhatsApp's rules: no parameter at the start or the end, few parameters for much text, a nudge is MARKETING
(providers.md 3.6). A change of wording needs a new name (`_v2`, see `VERSIONS`): a deleted name is blocked for weeks.
"""

from dataclasses import dataclass
from typing import Final

CATEGORY = "MARKETING"
PARAMS: Final = ("first_name", "studio")
EXAMPLES: Final = {"first_name": "Anna", "studio": "Studio Nord"}


@dataclass(frozen=True, slots=True)
class TemplateText:
    """One purpose: its body in each language, and the name under which WhatsApp knows it there."""

    purpose: str
    stem: str
    bodies: dict[str, str]

    def name(self, language: str) -> str:
        """Return the template's name in a language."""
        return f"{self.stem}_v{VERSIONS.get(language, 1)}"


VERSIONS: Final = {"fr": 2}
"""Wordings of a language that are not the first; counted up whenever one of its bodies changes."""
FOOTERS: Final = {
    "de": "Automatische Nachricht. STOP beendet sie.",
    "en": "Automatic message. STOP ends it.",
    "es": "Mensaje automático. STOP para terminar.",
    "fr": "Message automatique. STOP pour arrêter.",
    "it": "Messaggio automatico. STOP per smettere.",
}
TEXTS: Final = (
    TemplateText(
        "welcome",
        "pilar_welcome",
        {
            "de": "Hallo {{first_name}}, hier schreibt der digitale Trainings-Coach (eine KI) von {{studio}}. Du "
            "hast zugestimmt, dass wir "
            "dich auf WhatsApp beim Training begleiten. Antworte bitte mit JA, um das zu bestätigen.",
            "en": "Hello {{first_name}}, this is the digital training coach (an AI) of {{studio}}. You agreed that "
            "we support your "
            "training on WhatsApp. Please answer YES to confirm.",
            "es": "Hola {{first_name}}, te escribe el coach digital (una IA) de {{studio}}. Aceptaste que te "
            "acompañemos en tu "
            "entrenamiento por WhatsApp. Responde SÍ para confirmarlo.",
            "fr": "Bonjour {{first_name}}, ici le coach numérique (une IA) de {{studio}}. Tu as accepté que "
            "nous t'accompagnions "
            "dans ton entraînement sur WhatsApp. Réponds OUI pour le confirmer.",
            "it": "Ciao {{first_name}}, qui è il coach digitale (una IA) di {{studio}}. Hai accettato che ti "
            "seguiamo nel tuo "
            "allenamento su WhatsApp. Rispondi SÌ per confermare.",
        },
    ),
    TemplateText(
        "nudge",
        "pilar_nudge",
        {
            "de": "Hallo {{first_name}}, hier ist dein digitaler Coach von {{studio}}. Wann passt dir diese Woche "
            "dein nächstes "
            "Training? Antworte einfach mit einem Tag, dann planen wir es zusammen.",
            "en": "Hello {{first_name}}, this is your digital coach from {{studio}}. When does your next training "
            "suit you this "
            "week? Just answer with a day and we plan it together.",
            "es": "Hola {{first_name}}, soy tu coach digital de {{studio}}. ¿Cuándo te viene bien entrenar esta "
            "semana? Responde "
            "con un día y lo planeamos juntos.",
            "fr": "Bonjour {{first_name}}, ici ton coach numérique de {{studio}}. Quand ton prochain "
            "entraînement te "
            "convient-il cette semaine ? Réponds avec un jour et nous le planifions ensemble.",
            "it": "Ciao {{first_name}}, sono il tuo coach digitale di {{studio}}. Quando ti va bene il prossimo "
            "allenamento questa "
            "settimana? Rispondi con un giorno e lo pianifichiamo insieme.",
        },
    ),
    TemplateText(
        "checkin",
        "pilar_checkin",
        {
            "de": "Hallo {{first_name}}, Zeit für deinen Rückblick mit dem digitalen Coach von {{studio}}. Wie lief "
            "dein Training in "
            "den letzten Tagen, und was nimmst du dir als Nächstes vor? Schreib mir gern ein paar Worte.",
            "en": "Hello {{first_name}}, time to look back with the digital coach of {{studio}}. How did your "
            "training go in the "
            "last days, and what do you plan next? Feel free to write me a few words.",
            "es": "Hola {{first_name}}, es hora de repasar con el coach digital de {{studio}}. ¿Cómo fue tu "
            "entrenamiento estos días "
            "y qué te propones ahora? Escríbeme unas palabras.",
            "fr": "Bonjour {{first_name}}, c'est l'heure du bilan avec le coach numérique de {{studio}}. Comment "
            "s'est passé ton "
            "entraînement ces derniers jours, et que prévois-tu ensuite ? Écris-moi quelques mots.",
            "it": "Ciao {{first_name}}, è il momento di fare il punto con il coach digitale di {{studio}}. Com'è "
            "andato "
            "l'allenamento negli ultimi giorni e cosa vuoi fare adesso? Scrivimi due parole.",
        },
    ),
)
_PURPOSE_OF_TYPE: Final = {
    "welcome": "welcome",
    "weekly_checkin": "checkin",
    "goal_progress_report": "checkin",
}


def purpose_of(followup_type: str) -> str:
    """Return the purpose (`welcome`, `nudge`, `checkin`) whose template carries this type of follow-up."""
    return _PURPOSE_OF_TYPE.get(followup_type.removeprefix("coach."), "nudge")


def filled(body: str, values: dict[str, str]) -> str:
    """Return a template's body as the person will read it."""
    for name, value in values.items():
        body = body.replace("{{" + name + "}}", value)
    return body


def components(body: str, footer: str) -> list[dict[str, object]]:
    """Return the template in WhatsApp's own shape, with examples for the review."""
    example = {"body_text_named_params": [{"param_name": name, "example": EXAMPLES[name]} for name in PARAMS]}
    return [{"type": "BODY", "text": body, "example": example}, {"type": "FOOTER", "text": footer}]
