"""What members talk about and what the coach says to it, in the five languages of the studios."""

from __future__ import annotations

import re
from dataclasses import dataclass

# The small words that give a language away.
WORDS = {
    "de": """ich du er sie es wir ihr der die das den dem ein eine einen nicht und oder aber ist sind war bin hast habe
        hat mein meine dein deine mit für auf von zu zum zur im in am wann wie was wo wer warum heute morgen gestern
        bitte danke hallo guten tag moin servus kann kannst können könnte möchte will geht termin ja nein noch schon
        mal mir mich dir dich keine kein sehr gut schmerzen knie rücken kündigen preis kostet schreib""",
    "en": """i you he she it we they the a an not and or but is are was am have has my your with for on of to at when
        how what where who why today tomorrow yesterday please thanks thank hello hi hey can could would like want go
        appointment yes no still already me very good pain knee back cancel price cost does do write""",
    "es": """yo tú él ella nosotros el la los las un una no y o pero es son estoy tengo tiene mi tu con para en de del
        cuándo cómo qué dónde quién hoy mañana ayer por favor gracias hola puedo quiero cita sí muy bien dolor rodilla
        espalda cancelar precio cuesta escribe entrenar""",
    "fr": """je tu il elle nous vous le la les un une ne pas et ou mais est sont suis ai as mon ma ton avec pour sur de
        du quand comment quoi où qui pourquoi demain hier merci bonjour salut peux veux oui non très
        bien douleur genou dos annuler prix coûte écris rendez""",
    "it": """io tu lui lei noi il lo la gli un una non e o ma è sono ho hai mio mia tuo con per su di del quando come
        cosa dove chi perché oggi domani ieri grazie ciao posso voglio appuntamento sì molto bene dolore
        ginocchio schiena disdire prezzo costa scrivi allenarmi ti mi ci che team nostro più va bene da""",
}


# The days of the week as members name them.
DAYS = {
    "mon": r"montag|monday|lunes|lundi|luned",
    "tue": r"dienstag|tuesday|martes|mardi|marted",
    "wed": r"mittwoch|wednesday|mi[ée]rcoles|mercredi|mercoled",
    "thu": r"donnerstag|thursday|jueves|jeudi|gioved",
    "fri": r"freitag|friday|viernes|vendredi|venerd",
    "sat": r"samstag|sonnabend|saturday|s[áa]bado|samedi|sabato",
    "sun": r"sonntag|sunday|domingo|dimanche|domenica",
}


@dataclass(frozen=True)
class Intent:
    """One thing a member may want: words that show it, and an answer in each language."""

    name: str
    pattern: re.Pattern[str]
    says: dict[str, str]
    needs_human: bool = False


def _intent(name: str, words: str, de: str, en: str, es: str, fr: str, it: str, *, needs_human: bool = False) -> Intent:
    says = {"de": de, "en": en, "es": es, "fr": fr, "it": it}
    return Intent(name, re.compile(rf"\b(?:{words})", re.IGNORECASE), says, needs_human)


# The first that fits counts, so what must not be overlooked comes first.
INTENTS = (
    _intent(
        "opt_out",
        r"stopp?\b|abmelden|abbestellen|unsubscribe|keine nachrichten|darme de baja|désabonner|disiscri",
        "Verstanden, du bekommst von uns keine weiteren Nachrichten.",
        "Understood, you will not get any more messages from us.",
        "Entendido, no recibirás más mensajes nuestros.",
        "C'est compris, tu ne recevras plus de messages de notre part.",
        "Va bene, non riceverai più messaggi da noi.",
    ),
    _intent(
        "health",
        r"schmerz|verletz|knie|rücken|arzt|operation|schwanger|pain|hurt|injur|doctor|surgery|pregnan|dolor|lesi[oó]n|"
        r"rodilla|espalda|douleur|bless|genou|mal au|ginocchio|schiena|infortun|medico|médico|médecin",
        "Das tut mir leid zu hören. Bitte schone dich und lass das ärztlich abklären; unser Team meldet sich bei dir.",
        "I am sorry to hear that. Please take it easy and have it checked by a doctor; our team will get back to you.",
        "Lo siento mucho. Por favor, descansa y consúltalo con un médico; nuestro equipo se pondrá en contacto contigo.",
        "Je suis désolé de l'apprendre. Repose-toi et consulte un médecin ; notre équipe te contactera.",
        "Mi dispiace molto. Riposati e fallo vedere da un medico; il nostro team ti contatterà.",
        needs_human=True,
    ),
    _intent(
        "cancel",
        r"kündig|vertrag|beschwer|geld zurück|cancel|contra[ct]t|complain|refund|reembolso|résili|annul|rembours|"
        r"disdi|rimborso|queja|reclam",
        "Das klären wir am besten persönlich: Unser Team meldet sich bei dir.",
        "That is best settled in person: our team will get back to you.",
        "Eso es mejor hablarlo en persona: nuestro equipo se pondrá en contacto contigo.",
        "Le mieux est d'en parler de vive voix : notre équipe te contactera.",
        "È meglio parlarne di persona: il nostro team ti contatterà.",
        needs_human=True,
    ),
    _intent(
        "wishes",
        rf"(?:nur|only|solo|sólo|seulement|uniquement) (?:\w+ ){{0,2}}(?:{'|'.join(DAYS.values())})",
        "Klar, so machen wir das.",
        "Sure, that is how we do it.",
        "Claro, así lo hacemos.",
        "Bien sûr, faisons comme ça.",
        "Certo, facciamo così.",
    ),
    _intent(
        "human",
        r"mensch(?:en)?\b|mitarbeiter|persönlich|anrufen|human|real person|staff|call me|persona real|llamar|"
        r"une personne|appeler|persona vera|chiamare",
        "Gern, ich gebe dich an unser Team weiter.",
        "Of course, I will hand you over to our team.",
        "Claro, te paso con nuestro equipo.",
        "Bien sûr, je te mets en relation avec notre équipe.",
        "Certo, ti passo al nostro team.",
        needs_human=True,
    ),
    _intent(
        "price",
        r"preis|kost|teuer|rabatt|beitrag|price|cost|expensive|discount|fee|precio|cuesta|prix|coût|tarif|prezz",
        "Zu den Beiträgen berät dich unser Team gern persönlich. Soll sich jemand bei dir melden?",
        "Our team will gladly advise you on fees. Shall somebody get back to you?",
        "Nuestro equipo te informará con gusto sobre las cuotas. ¿Quieres que alguien te contacte?",
        "Notre équipe te renseignera volontiers sur les tarifs. Souhaites-tu être contacté ?",
        "Il nostro team ti informerà volentieri sulle quote. Vuoi che qualcuno ti contatti?",
    ),
    _intent(
        "nudge",
        r"schreib\b|write\b|escribe\b|écris\b|scrivi\b",
        "Dein nächstes Training wartet auf dich! An welchem Tag passt es dir diese Woche?",
        "Your next workout is waiting for you! Which day suits you this week?",
        "¡Tu próximo entrenamiento te espera! ¿Qué día te viene bien esta semana?",
        "Ton prochain entraînement t'attend ! Quel jour te convient cette semaine ?",
        "Il tuo prossimo allenamento ti aspetta! Quale giorno ti va bene questa settimana?",
    ),
    _intent(
        "booking",
        r"termin|buch|wann|uhrzeit|uhr\b|morgen\b|heute\b|woche|appointment|book|when|schedule|tomorrow|today|time\b|"
        r"cita\b|cu[aá]ndo|mañana|hoy\b|reserv|rendez|quand|demain|appuntamento|quando|domani|oggi\b|prenot",
        "Sehr gern! Welcher Tag und welche Uhrzeit passen dir am besten?",
        "With pleasure! Which day and time suit you best?",
        "¡Con mucho gusto! ¿Qué día y a qué hora te viene mejor?",
        "Avec plaisir ! Quel jour et quelle heure te conviennent le mieux ?",
        "Volentieri! Quale giorno e quale orario preferisci?",
    ),
    _intent(
        "thanks",
        r"dank|super|toll|klasse|perfekt|thank|great|awesome|perfect|gracias|genial|merci|parfait|grazie|ottimo",
        "Sehr gern! Weiter so, ich freue mich auf dein nächstes Training.",
        "You are welcome! Keep it up, I look forward to your next workout.",
        "¡De nada! Sigue así, espero tu próximo entrenamiento.",
        "Avec plaisir ! Continue ainsi, je me réjouis de ton prochain entraînement.",
        "Prego! Continua così, non vedo l'ora del tuo prossimo allenamento.",
    ),
    _intent(
        "motivation",
        r"müde|keine lust|motivation|schaff|faul|stress|tired|lazy|motivat|can'?t make|busy|cansad|fatigué|stanc",
        "Das kennt jeder. Fang klein an: Eine kurze Einheit reicht für heute. Wann magst du loslegen?",
        "Everybody knows that. Start small: a short session will do today. When would you like to start?",
        "A todos nos pasa. Empieza poco a poco: hoy basta una sesión corta. ¿Cuándo quieres empezar?",
        "Cela arrive à tout le monde. Commence doucement : une courte séance suffit. Quand veux-tu débuter ?",
        "Capita a tutti. Comincia con poco: oggi basta una sessione breve. Quando vuoi iniziare?",
    ),
    _intent(
        "progress",
        r"trainiert|geschafft|wiederholung|fortschritt|trained|managed|reps|progress|finished|entren[eé]|progrès|allenat",
        "Stark, das ist ein echter Fortschritt! Wie hat es sich angefühlt?",
        "Well done, that is real progress! How did it feel?",
        "¡Muy bien, eso es un verdadero avance! ¿Cómo te has sentido?",
        "Bravo, c'est un vrai progrès ! Comment t'es-tu senti ?",
        "Bravo, è un vero progresso! Come ti sei sentito?",
    ),
    _intent(
        "greeting",
        r"hallo|hi\b|hey|moin|servus|guten (?:tag|abend)|hello|good (?:morning|evening)|hola|bonjour|salut|ciao",
        "Hallo! Schön, von dir zu hören. Wie kann ich dich beim Training unterstützen?",
        "Hello! Good to hear from you. How can I support your training?",
        "¡Hola! Me alegro de saber de ti. ¿Cómo puedo ayudarte con tu entrenamiento?",
        "Bonjour ! Ravi de te lire. Comment puis-je t'aider dans ton entraînement ?",
        "Ciao! Che bello sentirti. Come posso aiutarti con il tuo allenamento?",
    ),
)
ANYTHING = _intent(
    "other",
    r"",
    "Danke für deine Nachricht! Erzähl mir gern mehr, dann finden wir das Passende für dein Training.",
    "Thank you for your message! Tell me a little more and we will find what suits your training.",
    "¡Gracias por tu mensaje! Cuéntame un poco más y encontraremos lo mejor para tu entrenamiento.",
    "Merci pour ton message ! Dis-m'en un peu plus et nous trouverons ce qui convient à ton entraînement.",
    "Grazie per il tuo messaggio! Raccontami di più e troveremo quello che fa per il tuo allenamento.",
)
