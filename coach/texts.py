"""Fixed sentences in the five languages: what the coach says when no AI may or can speak. Approved wording, never made up.

`{studio}` and `{first_name}` are filled by `say`. Template bodies are in `coach/template_texts.py`.
"""

from typing import Final

_TEXTS: Final[dict[str, dict[str, str]]] = {
    "stopped": {
        "de": "Alles klar, du bekommst von {studio} keine Nachrichten mehr. Wenn du es dir anders überlegst, "
        "schreib START.",
        "en": "Understood, you will get no more messages from {studio}. If you change your mind, write START.",
        "es": "De acuerdo, no recibirás más mensajes de {studio}. Si cambias de opinión, escribe START.",
        "fr": "C'est noté, tu ne recevras plus de messages de {studio}. Si tu changes d'avis, écris START.",
        "it": "Va bene, non riceverai più messaggi da {studio}. Se cambi idea, scrivi START.",
    },
    "started": {
        "de": "Schön, dass du wieder dabei bist! {studio} schreibt dir wieder. Mit STOP beendest du das jederzeit.",
        "en": "Good to have you back! {studio} will write to you again. Send STOP at any time to end it.",
        "es": "¡Qué bien que vuelvas! {studio} te escribirá de nuevo. Con STOP lo terminas cuando quieras.",
        "fr": "Content de te retrouver ! {studio} t'écrira de nouveau. Envoie STOP à tout moment pour arrêter.",
        "it": "Che bello riaverti! {studio} ti scriverà di nuovo. Con STOP puoi smettere in ogni momento.",
    },
    "consent": {
        "de": "Ich möchte vom Trainings-Coach von {studio} Nachrichten auf WhatsApp bekommen; mit STOP endet das.",
        "en": "I want to get messages from the training coach of {studio} on WhatsApp; STOP ends it.",
        "es": "Quiero recibir mensajes del coach de entrenamiento de {studio} por WhatsApp; con STOP termina.",
        "fr": "Je veux recevoir sur WhatsApp les messages du coach d'entraînement de {studio} ; STOP y met fin.",
        "it": "Voglio ricevere su WhatsApp i messaggi del coach di allenamento di {studio}; STOP li termina.",
    },
    "confirmed": {
        "de": "Danke für deine Bestätigung! Dein Coach von {studio} meldet sich ab jetzt bei dir. Mit STOP beendest "
        "du das jederzeit.",
        "en": "Thank you for confirming! Your coach from {studio} will be in touch. Send STOP at any time to end it.",
        "es": "¡Gracias por confirmar! Tu coach de {studio} te escribirá desde ahora. Con STOP lo terminas cuando "
        "quieras.",
        "fr": "Merci pour ta confirmation ! Ton coach de {studio} t'écrira désormais. Envoie STOP à tout moment pour "
        "arrêter.",
        "it": "Grazie per la conferma! Il tuo coach di {studio} ti scriverà da adesso. Con STOP puoi smettere "
        "quando vuoi.",
    },
    "we_answer": {
        "de": "Danke für deine Nachricht! Das Team von {studio} liest sie und meldet sich bei dir.",
        "en": "Thank you for your message! The team of {studio} will read it and get back to you.",
        "es": "¡Gracias por tu mensaje! El equipo de {studio} lo leerá y te responderá.",
        "fr": "Merci pour ton message ! L'équipe de {studio} le lira et te répondra.",
        "it": "Grazie per il tuo messaggio! Il team di {studio} lo leggerà e ti risponderà.",
    },
    "person_comes": {
        "de": "Gerne. Ich gebe dich an das Team von {studio} weiter, ein Mensch meldet sich bei dir.",
        "en": "Of course. I am handing you over to the team of {studio}, a person will get back to you.",
        "es": "Claro. Te paso con el equipo de {studio}; una persona te responderá.",
        "fr": "Bien sûr. Je te confie à l'équipe de {studio}, une personne te répondra.",
        "it": "Certo. Ti passo al team di {studio}, ti risponderà una persona.",
    },
    "care": {
        "de": "Danke, dass du mir das schreibst. Dabei soll dir ein Mensch helfen, ich gebe es an das Team weiter. "
        "Wenn es dringend ist, "
        "ruf bitte die 112 an oder die Telefonseelsorge: 0800 1110111.",
        "en": "Thank you for telling me. A person should help you with this, so I am passing it on to the team. If "
        "it is urgent, "
        "please call 112 or your local help line.",
        "es": "Gracias por contármelo. Con esto debe ayudarte una persona; se lo paso al equipo. Si es urgente, "
        "llama al 112 "
        "o a una línea de ayuda.",
        "fr": "Merci de me l'avoir dit. Une personne doit t'aider, je transmets à l'équipe. Si c'est urgent, "
        "appelle le 112 "
        "ou une ligne d'écoute.",
        "it": "Grazie per avermelo scritto. Qui deve aiutarti una persona, lo passo al team. Se è urgente, chiama "
        "il 112 "
        "o una linea di ascolto.",
    },
    "disclosure": {
        "de": "Ich bin der digitale Coach (eine KI) von {studio}. Schreib MENSCH für das Team, STOP zum Beenden.",
        "en": "I am the digital coach (an AI) of {studio}. Write HUMAN for the team, STOP to end.",
        "es": "Soy el coach digital (una IA) de {studio}. Escribe PERSONA para el equipo, STOP para terminar.",
        "fr": "Je suis le coach numérique (une IA) de {studio}. Écris HUMAIN pour l'équipe, STOP pour arrêter.",
        "it": "Sono il coach digitale (una IA) di {studio}. Scrivi UMANO per il team, STOP per smettere.",
    },
    "nudge": {
        "de": "Hallo {first_name}, wann passt dir diese Woche dein nächstes Training bei {studio}? Sag mir einen "
        "Tag, dann planen wir es zusammen.",
        "en": "Hello {first_name}, when does your next training at {studio} suit you this week? Name a day and we "
        "plan it together.",
        "es": "Hola {first_name}, ¿cuándo te viene bien entrenar esta semana en {studio}? Dime un día y lo "
        "planeamos juntos.",
        "fr": "Bonjour {first_name}, quand ton prochain entraînement chez {studio} te convient-il cette semaine ? "
        "Dis-moi un jour.",
        "it": "Ciao {first_name}, quando ti va bene il prossimo allenamento da {studio} questa settimana? Dimmi un "
        "giorno.",
    },
    "friend": {"de": "du", "en": "there", "es": "amigo", "fr": "à toi", "it": "a te"},
}


_PARTS: Final[dict[str, dict[str, str]]] = {
    "noted": {
        "de": "Notiert: {what}. Stimmt etwas nicht, schreib es mir einfach.",
        "en": "Noted: {what}. If something is wrong, just write to me.",
        "es": "Anotado: {what}. Si algo no es correcto, escríbeme.",
        "fr": "C'est noté : {what}. Si quelque chose ne va pas, écris-moi.",
        "it": "Annotato: {what}. Se qualcosa non va, scrivimi pure.",
    },
    "not_noted": {
        "de": "So kann ich das leider nicht einstellen, es bleibt alles wie bisher. Sag es mir gern anders oder frag "
        "unser Team.",
        "en": "I cannot set it like that, so nothing has changed. Tell me in other words, or ask our team.",
        "es": "Así no puedo ajustarlo, de momento todo sigue igual. Dímelo de otra forma o pregunta a nuestro equipo.",
        "fr": "Je ne peux pas le régler ainsi, rien n'a changé. Dis-le-moi autrement ou demande à notre équipe.",
        "it": "Così non posso impostarlo, tutto resta come prima. Dimmelo in un altro modo o chiedi al nostro team.",
    },
    "frequency_daily": {
        "de": "Nachrichten täglich",
        "en": "messages daily",
        "es": "mensajes cada día",
        "fr": "un message par jour",
        "it": "messaggi ogni giorno",
    },
    "frequency_3x_week": {
        "de": "Nachrichten dreimal die Woche",
        "en": "messages three times a week",
        "es": "mensajes tres veces por semana",
        "fr": "un message trois fois par semaine",
        "it": "messaggi tre volte a settimana",
    },
    "frequency_weekly": {
        "de": "Nachrichten einmal die Woche",
        "en": "messages once a week",
        "es": "mensajes una vez por semana",
        "fr": "un message une fois par semaine",
        "it": "messaggi una volta a settimana",
    },
    "frequency_bi-weekly": {
        "de": "Nachrichten alle zwei Wochen",
        "en": "messages every two weeks",
        "es": "mensajes cada dos semanas",
        "fr": "un message toutes les deux semaines",
        "it": "messaggi ogni due settimane",
    },
    "only_on": {
        "de": "nur {days}",
        "en": "only {days}",
        "es": "solo {days}",
        "fr": "seulement {days}",
        "it": "solo {days}",
    },
    "any_day": {
        "de": "an jedem Tag",
        "en": "on any day",
        "es": "cualquier día",
        "fr": "n'importe quel jour",
        "it": "in qualsiasi giorno",
    },
    "at_time": {
        "de": "gegen {time}",
        "en": "around {time}",
        "es": "hacia las {time}",
        "fr": "vers {time}",
        "it": "verso le {time}",
    },
    "pause": {
        "de": "Pause bis einschließlich {day}",
        "en": "a pause up to and including {day}",
        "es": "pausa hasta el {day} incluido",
        "fr": "pause jusqu'au {day} inclus",
        "it": "pausa fino al {day} compreso",
    },
    "go_on": {
        "de": "die Pause ist zu Ende",
        "en": "the pause is over",
        "es": "la pausa ha terminado",
        "fr": "la pause est terminée",
        "it": "la pausa è finita",
    },
}
"""What a sentence about a person's own wishes is put together from."""


def language_or_default(language: str) -> str:
    """Return the language when we speak it, else German."""
    return language if language in _TEXTS["stopped"] else "de"


def say(name: str, language: str, *, studio: str, first_name: str = "") -> str:
    """Return a fixed sentence in the person's language. Raises KeyError for an unknown name."""
    known = language_or_default(language)
    greeted = first_name or _TEXTS["friend"][known]
    return _TEXTS[name][known].format(studio=studio, first_name=greeted)


def called(first_name: str, language: str) -> str:
    """Return what to call a person in a template: WhatsApp refuses empty parameters."""
    return first_name or _TEXTS["friend"][language_or_default(language)]


def part(name: str, language: str, **given: str) -> str:
    """Return a piece of a sentence about a person's wishes. Raises KeyError for an unknown name."""
    return _PARTS[name][language_or_default(language)].format(**given)
