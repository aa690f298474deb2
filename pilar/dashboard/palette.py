"""The command palette: pages, actions, members, chats, all in one list, within the reader's studio and role."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from unicodedata import combining, normalize

from pilar.kernel import switchboard
from pilar.kernel.principal import Principal
from pilar.kernel.shown import Ask, Command, Hit

MOST_COMMANDS, USUAL_COMMANDS, MOST_OF_A_KIND, RECENT_OF_A_KIND = 8, 5, 6, 3
LONGEST = 80


def groups(principal: Principal, text: str, now: datetime) -> list[dict[str, Any]]:
    """Return what fits `text`, grouped: commands first, then what the rooms find.

    Without a text: the usual commands and what was last in use. Runs in the studio's scope and a transaction.
    """
    wanted = text[:LONGEST].strip()
    ask = Ask(principal, wanted, now, MOST_OF_A_KIND if wanted else RECENT_OF_A_KIND)
    searches = sorted(switchboard.searches.values(), key=lambda search: search.order)
    found = [{"title": str(search.title), "hits": search.find(ask)} for search in searches]
    return [group for group in ({"title": "", "hits": commands(principal, wanted)}, *found) if group["hits"]]


def commands(principal: Principal, text: str) -> list[Hit]:
    """Return the commands of the reader's role whose label or other words begin with every word of `text`."""
    mine = [entry for entry in switchboard.commands.values() if principal.at_least(entry.role)]
    words = plain(text).split()
    fitting = sorted((entry for entry in mine if _fits(entry, words)), key=lambda entry: _rank(entry, words))
    most = MOST_COMMANDS if words else USUAL_COMMANDS
    return [_hit(entry) for entry in _possible(fitting)][:most]


def plain(text: str) -> str:
    """Lower case without accents, so that "Uber" finds "Über"."""
    return "".join(letter for letter in normalize("NFKD", text.casefold()) if not combining(letter))


def _fits(entry: Command, words: list[str]) -> bool:
    known = plain(f"{entry.label} {entry.words}").split()
    return all(any(one.startswith(word) for one in known) for word in words)


def _rank(entry: Command, words: list[str]) -> tuple[bool, int, str]:
    label = plain(str(entry.label))
    return (bool(words) and not label.startswith(words[0]), entry.order, label)


def _possible(entries: Iterable[Command]) -> Iterable[Command]:
    return (entry for entry in entries if entry.when is None or entry.when())


def _hit(entry: Command) -> Hit:
    return Hit(str(entry.label), entry.url(), icon=entry.icon, fields=entry.fields)
