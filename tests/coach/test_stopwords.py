"""Stopping in five languages, in the words people use; and what is no stop."""

import pytest

from coach.stopwords import Wish, begins_with_yes, wish_of

STOP = """
STOP|Stopp|stop!|STOPP!!!|stopp bitte|ok stop|Stopp das mal bitte|abmelden|Abmelden bitte|ENDE|abbestellen|Abmeldung
austragen
Bitte keine Nachrichten mehr|keine weiteren Nachrichten mehr|Keine Werbung mehr!|Schreib mir nicht mehr
schreibt mir bitte nicht mehr
Meldet mich ab|melde mich bitte ab|Ich will keine Nachrichten mehr|ich möchte nichts mehr von euch hören
Hör auf mir zu schreiben
Hört endlich auf zu schreiben|Kein Bock mehr|Lass mich in Ruhe|Nehmt mich aus dem Verteiler
Ich widerrufe hiermit meine Einwilligung
Bitte Newsletter abbestellen|löscht bitte meine Nummer|Lösch mich|nicht mehr kontaktieren
Könnt ihr mich bitte abmelden?|Coach abbestellen
unsubscribe|Unsubscribe me please|Stop texting me|please stop sending messages|don't text me|Do not contact me
never message me
no more messages|remove me from your list|I want to unsubscribe|I'd like to opt out|opt out|take me off
leave me alone|CANCEL|quit|end
BAJA|Darme de baja|quiero darme de baja|No quiero más mensajes|no quiero recibir mensajes|Deja de escribirme
no me escribas más|basta|¡Para!
no más mensajes|dejen de molestar|Déjame en paz|retiro mi consentimiento|Parar|no me manden más
arrêt|ARRETER|Arrêtez de m'envoyer des messages|Ne m'écrivez plus|je veux me désabonner|désabonner|désinscription
plus de messages
Je ne veux plus recevoir de messages|désinscrivez-moi|ça suffit|laissez-moi tranquille|arrête d'envoyer
je retire mon consentement
fermati|Non scrivetemi più|non mi scrivere più|non voglio più messaggi|Non voglio ricevere messaggi|cancellami
disiscrivimi|smettila
vorrei cancellarmi|basta messaggi|smettete di scrivermi|lasciami in pace|revoco il consenso|Annulla|disiscrivi
toglietemi dalla lista
Stop promotions
ＳＴＯＰ|S T O P|S.T.O.P.|*STOP*|🛑 Stop 🛑|Schluss jetzt!|nimm mich aus der Liste|Stoppt das|Bitte stoppt die Nachrichten
¡Basta ya!|parad|ya no quiero mensajes|fermatevi|Lasciatemi in pace
"""
NO_STOP = """
Wann hört das Training auf?|Ich kann heute nicht mehr|Bis wann kann ich meinen Vertrag kündigen?
Ich komme morgen nicht mehr zum Kurs
Keine Ahnung|Was für ein Ende!  Aber es war gut, danke dir dafür|Das Training am Ende der Woche passt mir gut|Hallo
When does the class end?
Can I cancel my class tomorrow?|I can't stop smiling after that workout with you|No pain, no gain|I am fine
¿Para qué sirve este ejercicio?
No quiero entrenar hoy porque llueve|Je ne peux plus marcher après hier|C'est la fin de la semaine alors on y va
Alla fine è andata bene
Non posso venire domani|Ich habe keine Lust mehr auf Laufband, lieber Kurse|Schreib mir morgen|weiter so
Nein, lieber Mittwoch
A b c|U 2?
"""


def phrases(block: str) -> list[str]:
    return [phrase.strip() for phrase in block.replace("\n", "|").split("|") if phrase.strip()]


@pytest.mark.parametrize("text", phrases(STOP))
def test_a_wish_to_stop_is_understood(text: str) -> None:
    assert wish_of(text) is Wish.STOP


@pytest.mark.parametrize("text", phrases(NO_STOP))
def test_other_words_are_no_stop(text: str) -> None:
    assert wish_of(text) is not Wish.STOP


@pytest.mark.parametrize("text", ["START", "Wieder anmelden", "alta", "unstop", "reprendre", "riprendi"])
def test_a_wish_to_start_again_is_understood(text: str) -> None:
    assert wish_of(text) is Wish.START


@pytest.mark.parametrize(
    "text", ["Ja", "JA!", "ja, gerne", "👍", "Yes please", "Sí", "d'accord", "Va bene", "Ich bestätige"]
)
def test_agreement_is_understood(text: str) -> None:
    assert wish_of(text) is Wish.AGREE


@pytest.mark.parametrize(
    "text", ["Ja, ich bin dabei!", "Yes, I do", "Sí, claro que sí", "Oui bien sûr", "Certo, volentieri"]
)
def test_a_sentence_may_begin_with_yes(text: str) -> None:
    assert begins_with_yes(text)


@pytest.mark.parametrize("text", ["Jahrelang war ich faul", "Was ist das?", "Nein", "Silvester komme ich"])
def test_other_beginnings_are_no_yes(text: str) -> None:
    assert not begins_with_yes(text)


@pytest.mark.parametrize(
    "text",
    ["Mensch", "Kann ich mit einem Menschen sprechen?", "talk to a human", "hablar con una persona", "operatore"],
)
def test_a_wish_for_a_person_is_understood(text: str) -> None:
    assert wish_of(text) is Wish.PERSON


@pytest.mark.parametrize("text", ["", "   ", "...", "?" * 5000, "\u0000"])
def test_nothing_is_nothing(text: str) -> None:
    assert wish_of(text) is None
