"""Message catalogues without the gettext programs: extraction, update and compilation with Babel.

Templates are first turned into gettext calls by Django's own `templatize`. Source strings are English; every other
language must be complete, with the placeholders of its source.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

LANGUAGES = ("de", "es", "fr", "it")

_ROOMS = ("pilar", "workspaces", "provisioning", "coach", "health", "affiliates")
_NOT_OURS = ("migrations", "sandbox", "locale")
_KEYWORDS: dict[str, Any] = {
    **DEFAULT_KEYWORDS,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
_UNDATED = datetime(2026, 1, 1, tzinfo=UTC)


def _sources(root: Path) -> Iterator[Path]:
    for room in _ROOMS:
        yield from (path for path in sorted((root / room).rglob("*.py")) if not set(path.parts) & set(_NOT_OURS))
    yield from (path for path in sorted((root / "templates").rglob("*")) if path.suffix in (".html", ".txt"))


def _as_python(path: Path) -> bytes:
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return text.encode()
    calls = templatize(text, origin=str(path))
    return "\n".join(line.strip() for line in calls.splitlines()).encode()


def extracted(root: Path) -> Catalog:
    """Collect every marked string of the project's Python and templates."""
    found = Catalog()
    for path in _sources(root):
        for _line, message, _comments, context in extract("python", BytesIO(_as_python(path)), keywords=_KEYWORDS):
            if message and message[0]:
                found.add(message, context=context)
    return found


def _file(folder: Path, language: str, suffix: str) -> Path:
    return folder / language / "LC_MESSAGES" / f"django.{suffix}"


def stored(folder: Path, language: str) -> Catalog:
    """Read a language's translations; an empty catalogue when there is no file yet."""
    path = _file(folder, language, "po")
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as lines:
        return read_po(lines, locale=language)


def updated(source: Catalog, folder: Path, language: str) -> Catalog:
    """Take over the translations whose source still exists; never guess one from a similar string."""
    known = stored(folder, language)
    result = Catalog(
        locale=language,
        header_comment="# Translations of PILAR. Written by `manage.py translations`; edit only the msgstr lines.",
        project="PILAR",
        version="1",
        creation_date=_UNDATED,
        revision_date=_UNDATED,
        fuzzy=False,
    )
    for message in source:
        if not message.id:
            continue
        old = known.get(message.id, message.context)
        fits = old is not None and isinstance(old.id, str) == isinstance(message.id, str)
        result.add(message.id, old.string if old and fits else None, context=message.context)
    return result


def untranslated(catalogue: Catalog) -> list[str]:
    """Source strings without a translation (for plurals: without one of its forms)."""
    return [str(message.id) for message in catalogue if message.id and not _is_translated(message)]


def _is_translated(message: Message) -> bool:
    return all(message.string) if isinstance(message.string, (list, tuple)) else bool(message.string)


def po_bytes(catalogue: Catalog) -> bytes:
    """The text form, sorted and without line numbers, so that it changes only when a string does."""
    out = BytesIO()
    write_po(out, catalogue, width=120, no_location=True, sort_output=True, omit_header=False)
    return out.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The compiled form that Django reads."""
    out = BytesIO()
    write_mo(out, catalogue)
    return out.getvalue()


def write(source: Catalog, folder: Path) -> dict[str, int]:
    """Update and compile every language; return how many strings each still lacks."""
    missing = {}
    for language in LANGUAGES:
        catalogue = updated(source, folder, language)
        missing[language] = len(untranslated(catalogue))
        _file(folder, language, "po").parent.mkdir(parents=True, exist_ok=True)
        _file(folder, language, "po").write_bytes(po_bytes(catalogue))
        _file(folder, language, "mo").write_bytes(mo_bytes(catalogue))
    return missing


def complaints(source: Catalog, folder: Path) -> list[str]:
    """What `--check` refuses: a stale file, a gap, a placeholder that is not the source's. One sentence each."""
    wrong = []
    for language in LANGUAGES:
        catalogue = updated(source, folder, language)
        wrong += [f"{language}: no translation of “{text}”" for text in untranslated(catalogue)]
        wrong += [f"{language}: {error}: “{message.id}”" for message, errors in catalogue.check() for error in errors]
        for suffix, content in (("po", po_bytes(catalogue)), ("mo", mo_bytes(catalogue))):
            path = _file(folder, language, suffix)
            if not path.exists() or path.read_bytes() != content:
                wrong.append(f"{language}: django.{suffix} is stale, run manage.py translations")
    return wrong
