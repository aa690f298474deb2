"""Which of the five languages a text is in. Small and certain rather than clever: None when in doubt."""

import re

LANGUAGES = ("de", "en", "es", "fr", "it")
_WORD = re.compile(r"[^\W\d_]+")
_COMMON = {
    "de": """
        ich du er sie es wir ihr und oder aber nicht kein keine ist sind war habe hast hat mit für auf dem den
        der die das ein eine wie was wann wo warum kann kannst möchte bitte danke heute morgen dein deine mein
        meine dich dir mich mir zu zum zur noch auch schon gerne hallo training trainieren geht wird bei im am
        von vom uns euch wenn dann gut alles klar
    """,
    "en": """
        i you he she it we they and or but not no is are was have has had with for on the a an how what when
        where why can could would please thanks thank today tomorrow your my me to at of from this that will
        do does did still also already hello hi great gladly if then good let us our in there be
    """,
    "es": """
        yo tú tu él ella nosotros y o pero no es son era he has ha con para por en el la los las un una cómo
        qué cuándo dónde puedo puedes quiero favor gracias hoy mañana mi te me se de del al también ya hola
        muy bien entrenamiento si entonces nos cuando como que está estoy
    """,
    "fr": """
        je tu il elle nous vous et ou mais ne pas non est sont était ai as a avec pour sur dans le la les un
        une des comment que quoi quand où peux veux merci aujourd hui demain ton ta mon ma te me se de du au
        aussi déjà bonjour salut très bien si alors ce cette qui plaît entraînement
    """,
    "it": """
        io tu lui lei noi voi e o ma non è sono era ho hai ha con per su nel il lo la gli le un una come cosa
        quando dove posso puoi vorrei grazie oggi domani tuo tua mio mia ti mi si di del al anche già ciao
        molto bene se allora che sei allenamento prego favore
    """,
}
_VOCABULARY = {language: frozenset(words.split()) for language, words in _COMMON.items()}


def detect(text: str) -> str | None:
    """Return the language of a text, or None when it is too short or undecided."""
    words = [word.lower() for word in _WORD.findall(text)]
    scores = sorted(
        ((sum(word in known for word in words), language) for language, known in _VOCABULARY.items()), reverse=True
    )
    (best, language), (second, _) = scores[0], scores[1]
    return language if best >= 2 and best >= second + 2 else None
