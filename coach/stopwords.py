"""What people write to stop, to start again, to agree, and to reach a person: judged by rule, before any AI (reliability S8).

Five languages. A wish to stop is honoured when it is the whole message, or when a phrase that cannot mean anything else
is in it; "wann hört das Training auf" is not one.
"""

import re
import unicodedata
from enum import StrEnum


class Wish(StrEnum):
    STOP = "stop"
    START = "start"
    AGREE = "agree"
    REFUSE = "refuse"
    PERSON = "person"


_WHOLE: dict[Wish, str] = {
    Wish.STOP: """
        stop|stopp|stop!|stopall|stop all|unsubscribe|opt out|optout|opt-out|cancel|end|quit|abmelden|abmeldung|abbestellen|
        ende|beenden|austragen|schluss|aufhoeren|hoer auf|hoert auf|lass mich in ruhe|lasst mich in ruhe|kein bock mehr|
        keine lust mehr|keine nachrichten|keine nachrichten mehr|kein kontakt mehr|loeschen|abo beenden|nicht mehr schreiben|
        stopp jetzt|schluss jetzt|leave me alone|no more|no more messages|stop it|stop texting|stop messaging|remove me|enough|
        baja|darme de baja|alto|parar|para|parad|paren|cancelar|basta|basta ya|ya basta|
        no mas|no mas mensajes|dejame en paz|anular|detener|
        arret|arreter|arretez|arrete|desabonner|desinscrire|desinscription|desabonnement|fin|stopper|ca suffit|
        plus de messages|laissez-moi tranquille|laisse moi tranquille|laisse-moi tranquille|
        fermati|fermatevi|ferma|smetti|smettila|lasciatemi in pace|cancella|cancellami|disiscrivi|disiscrivimi|annulla|annullare|
        niente messaggi|niente piu messaggi|lasciami in pace|cancellazione|stop promotions|stop marketing""",
    Wish.START: """
        start|starten|unstop|anmelden|wieder anmelden|weiter|wieder starten|subscribe|resume|begin|
        alta|iniciar|empezar|reanudar|comenzar|commencer|demarrer|reprendre|debut|inizia|iniziare|riprendi|avvia|riattiva""",
    Wish.AGREE: """
        ja|ja gerne|ja bitte|ja klar|jo|jep|klar|gerne|einverstanden|bestaetigen|ich bestaetige|bestaetigt|ok|okay|
        passt|ich stimme zu|stimme zu|yes|yes please|yep|sure|agree|i agree|confirm|confirmed|i confirm|
        si|claro|vale|de acuerdo|acepto|confirmo|si por favor|oui|oui merci|d'accord|daccord|j'accepte|je confirme|confirmer|
        va bene|certo|d'accordo|accetto|confermo|conferma|si grazie|👍|✅""",
    Wish.REFUSE: """
        nein|nein danke|lieber nicht|ne|nee|no|no thanks|no thank you|nope|no gracias|non|non merci|no grazie""",
    Wish.PERSON: """
        mensch|mitarbeiter|mit einem menschen|mit einem menschen sprechen|mit mensch sprechen|team|berater|echter mensch|
        human|person|agent|a human|talk to a human|speak to a human|real person|humano|persona|una persona|agente|
        hablar con una persona|humain|une personne|conseiller|parler a un humain|umano|una persona reale|operatore|
        parlare con una persona""",
}
_INSIDE: dict[Wish, str] = {
    Wish.STOP: """
        keine (weiteren |werbe)?(nachrichten|nachricht|werbung|messages|mails|infos) mehr|(bitte |mich )abmelden|
        meld(e|et)? mich (bitte )?(sofort )?ab|schreib(t|en sie)? mir (bitte )?(nicht|nie|nichts) mehr|
        (hoer|hoert|hoeren sie) (bitte )?(endlich )?auf (mir )?(zu schreiben|mit den nachrichten|mit dem schreiben)|
        nicht mehr (an)?schreiben|nicht mehr kontaktier|
        (newsletter|nachrichten|chat|coach) (bitte )?(abbestellen|abmelden|kuendigen|stoppen)|
        will(st)? (keine|nichts) (nachrichten )?mehr (von euch|von ihnen|bekommen|erhalten|hoeren)|
        moechte (keine|nichts) (nachrichten )?mehr (von euch|von ihnen|bekommen|erhalten|hoeren)|
        (widerrufe|widerruf) (hiermit )?(meine |die )?(einwilligung|zustimmung)|
        (nehmt?|nehmen sie|nimm) mich (bitte )?(aus|von) (der|dem|eurem|eurer) (liste|verteiler)|
        (stopp?(e|t|en sie)?|beende|beendet) (bitte )?(die|alle|diese) nachrichten|
        loesch(t|en sie)? (bitte )?(meine (nummer|daten)|mich)|
        stop (sending|texting|messaging|writing|contacting|the messages|these messages|all messages)|
        (do not|don't|dont|never) (ever )?(text|message|contact|write|write to) (me|us)|unsubscribe me|please unsubscribe|
        no more (messages|texts|ads)|take me off|remove me from|
        (want|like|wish) to (unsubscribe|opt out|stop receiving)|opt me out|withdraw my consent|
        no quiero (mas|recibir)|ya no quiero (mas )?mensajes|
        no me (escrib|mand|envi)\\w+ mas|deja(d|n)? de (escribir|mandar|enviar)\\w*|
        (dar(me|se)?|deme|dame) de baja|
        quiero (darme de baja|cancelar los mensajes)|no mas mensajes|dej(a|e)n? de molestar|retiro mi consentimiento|
        ne m'?\\s?(ecri|envoy|contact)\\w+ plus|arret(e|ez|er) (de m'|les messages|d'envoyer|vos messages)\\w*|
        plus (aucun|de) messages?|
        me desabonner|me desinscrire|desinscri(s|vez)[- ]moi|desabonn(e|ez)[- ]moi|je ne veux plus (de|recevoir)|
        retire mon consentement|
        non (mi )?(scriv|mand|invi|contatt)\\w* piu|non voglio (piu|ricevere)|smett(i|ete|etela) di (scriver|mandar)\\w+|
        basta messaggi|(vorrei|voglio) (disiscrivermi|cancellarmi)|toglietemi dalla|revoco il (mio )?consenso""",
    Wish.PERSON: """
        (mit|zu) (einem|einer|nem) (echten |richtigen )?(mensch|mitarbeiter|person|trainer)|echten menschen|
        (talk|speak|chat) (to|with) (a |an )?(real |actual )?(human|person|someone|staff|agent)|
        hablar con (una persona|alguien|un humano|un agente)|parler (a|avec) (un humain|quelqu'un|une personne|un conseiller)|
        parlare con (una persona|qualcuno|un operatore|un umano)""",
}
_SHORT = 4
_STOP_WORDS = frozenset(
    [
        "stop",
        "stopp",
        "stoppt",
        "stoppe",
        "stoppen",
        "unsubscribe",
        "abmelden",
        "abbestellen",
        "desabonner",
        "desinscrire",
        "disiscrivimi",
    ]
)
"""In a message of up to four words, one of these is enough: `ok stop`, `stopp das mal`."""
_POLITE = re.compile(
    r"\b(bitte|please|pls|por favor|s'?il (vous|te) plait|svp|per favore|danke|thanks|gracias|merci|grazie)\b"
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "’": "'", "´": "'", "`": "'"})


def _plain(text: str) -> str:
    """Lower case, umlauts written out, other accents dropped, wide and spaced letters as usual, no marks around."""
    lowered = unicodedata.normalize("NFC", text).lower().translate(_UMLAUTS)
    bare = "".join(c for c in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(c))
    kept = re.sub(r"[^\w\s'👍✅-]", " ", bare)
    plain = re.sub(r"\s+", " ", kept).strip(" -'_")
    return plain.replace(" ", "") if re.fullmatch(r"(\w ){2,}\w", plain) else plain


def _phrases(block: str) -> frozenset[str]:
    return frozenset(_plain(phrase) for phrase in block.replace("\n", " ").split("|") if phrase.strip())


def _pattern(block: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{re.sub(r'\s*\n\s*', '', block.strip())})")


_WHOLE_SETS = {wish: _phrases(block) for wish, block in _WHOLE.items()}
_INSIDE_PATTERNS = {wish: _pattern(block) for wish, block in _INSIDE.items()}


def wish_of(text: str) -> Wish | None:
    """Return what the person wants, if the message is such a wish; stopping comes before all others."""
    plain = _plain(text[:1000])
    if not plain:
        return None
    words = plain.split()
    if len(words) <= _SHORT and _STOP_WORDS & set(words):
        return Wish.STOP
    bare = re.sub(r"\s+", " ", _POLITE.sub(" ", plain)).strip()
    for wish, phrases in _WHOLE_SETS.items():
        if plain in phrases or bare in phrases:
            return wish
        if wish in _INSIDE_PATTERNS and _INSIDE_PATTERNS[wish].search(plain):
            return wish
    return None


_YES = re.compile(
    r"(?:ja|jo|jep|klar|gerne?|yes|yep|sure|ok|okay|si|claro|vale|oui|daccord|d'accord|certo|va bene|👍|✅)(?!\w)"
)


def begins_with_yes(text: str) -> bool:
    """Say whether a message agrees in its first word; asked only when we wait for a confirmation."""
    return bool(_YES.match(_plain(text[:200])))
