"""Tables as people have them: CSV of any program, read leniently and written so that no spreadsheet runs it as a formula."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from pilar.kernel.problems import Problem

MOST_ROWS = 10_000
MOST_COLUMNS = 60
_DELIMITERS = ";,\t"
_FORMULA = re.compile(r"^[=+\-@\t\r\n＝＋－＠]")
"""How a formula may begin; spreadsheets of some countries read the wide signs as the narrow ones."""
_NUMBER = re.compile(r"^[+-]?[\d ]+$")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of as many cells. `first_row` is the line in the file where the first row stands, from 1."""

    header: list[str]
    rows: list[list[str]]
    first_row: int = 2


def decoded(raw: bytes) -> str:
    """Return the file's text: UTF-8 (with Excel's mark or without), UTF-16, else Windows-1252. Raises Problem."""
    if raw.startswith((b"PK", b"\xd0\xcf\x11\xe0")):
        raise _unreadable(
            _("This is an Excel workbook. In Excel choose “Save as”, then “CSV UTF-8”, and upload that file.")
        )
    encodings = ["utf-16"] if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable(_("This file cannot be read as text. Save it as CSV and try again."))


def delimiter_of(text: str) -> str:
    """Return the sign between the cells: the most frequent one outside of quotes in the first line."""
    line = re.sub(r'"[^"]*"', "", text.lstrip().partition("\n")[0])
    return max(_DELIMITERS, key=line.count)


def parsed(text: str, delimiter: str) -> Table:
    """Split a text into cells. A first line with a number in it is no header. Raises Problem for none or too many rows."""
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _unreadable(_("This file cannot be read as a table. Save it as CSV and try again.")) from error
    cells = [[_clean(cell) for cell in line[:MOST_COLUMNS]] for line in lines]
    while cells and not any(cells[-1]):
        cells.pop()
    has_header = bool(cells) and not any(_looks_like_phone(cell) for cell in cells[0])
    rows = cells[1:] if has_header else cells
    if not rows:
        raise _unreadable(
            _("There is no row in this file. The first line names the columns, each further line is one member.")
        )
    if len(rows) > MOST_ROWS:
        raise _unreadable(_("This file has more than 10,000 rows. Split it and upload the parts one after the other."))
    width = max(len(row) for row in cells)
    header = cells[0] if has_header else []
    names = [*header, *[""] * (width - len(header))]
    titled = [name[:60] or _("Column %(number)s") % {"number": place} for place, name in enumerate(names, 1)]
    return Table(titled, [[*row, *[""] * (width - len(row))] for row in rows], 2 if has_header else 1)


def written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return a CSV that Excel opens with a double click: semicolons, a byte order mark, and no cell that is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)
    return "\ufeff" + out.getvalue()


def _harmless(cell: Any) -> str:
    text = "" if cell is None else str(cell)
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text


def _clean(cell: str) -> str:
    return cell.strip().removeprefix("'").strip()[:1000]


def _looks_like_phone(cell: str) -> bool:
    return len(re.sub(r"\D", "", cell)) >= 7 and not re.search(r"[A-Za-z]", cell)


def _unreadable(sentence: str) -> Problem:
    return Problem(sentence, code="validation_failed", fields={"file": sentence})


_WORDS = {
    "first_name": ("vorname", "first name", "firstname", "given name", "prénom", "prenom"),
    "last_name": ("nachname", "familienname", "last name", "lastname", "surname", "apellidos", "cognome"),
    "phone": (
        "telefon",
        "handy",
        "mobil",
        "phone",
        "whatsapp",
        "nummer",
        "telefono",
        "teléfono",
        "téléphone",
        "cellulare",
    ),
    "email": ("mail",),
    "language": ("sprache", "language", "langue", "idioma", "lingua"),
    "tags": ("tag", "gruppe", "group", "etikett", "kategorie", "category"),
    "consent_at": ("einwilligung", "zustimmung", "consent", "opt-in", "optin", "consentement", "consenso"),
    "name": ("name", "mitglied", "member", "kunde", "nombre", "nom"),
}
FIELDS = ("name", "first_name", "last_name", "phone", "email", "language", "tags", "consent_at")


def guessed(table: Table) -> dict[str, int]:
    """Guess which column is what: by its title, and for numbers and addresses by what is in it."""
    found: dict[str, int] = {}
    for place, title in enumerate(table.header):
        lowered = title.lower()
        field = next((field for field, words in _WORDS.items() if any(word in lowered for word in words)), "")
        if field and field not in found:
            found[field] = place
    sample = table.rows[:20]
    for field, fits in (("phone", _looks_like_phone), ("email", lambda cell: "@" in cell)):
        places = [place for place in range(len(table.header)) if place not in found.values()]
        best = max(places, key=lambda place: sum(fits(row[place]) for row in sample), default=None)
        if field not in found and best is not None and any(fits(row[best]) for row in sample):
            found[field] = best
    return found
