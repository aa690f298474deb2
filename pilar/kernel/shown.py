"""What rooms give to the pages that mix them: lines of the command palette, what waits for a person, how the day went."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from pilar.kernel.principal import Principal, Role


class Text(Protocol):
    """A text, or one that is translated when it is shown."""

    def __str__(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Command:
    """A page to open, or with `fields` something to do: they are posted to `url`.

    `words` are other words that people type for it. `when` runs in the studio's scope and a transaction.
    """

    name: str
    label: Text
    icon: str
    url: Callable[[], str]
    role: Role = Role.VIEWER
    words: Text = ""
    fields: Mapping[str, str] | None = None
    order: int = 50
    when: Callable[[], bool] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of the palette."""

    title: str
    url: str
    note: str = ""
    icon: str = ""
    fields: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """Says what things of one kind are called and where they are: `find` takes their ids and leaves out what is gone.

    It runs in the studio's scope and a transaction. The activity is told with it: whom a sentence is about.
    """

    name: str
    find: Callable[[Collection[str]], Mapping[str, Hit]]


@dataclass(frozen=True, slots=True)
class Ask:
    """What somebody looks for. `text` is empty when the palette was just opened: then the recent things are wanted."""

    principal: Principal
    text: str
    now: datetime
    most: int


@dataclass(frozen=True, slots=True)
class Search:
    """Finds things of one kind; `find` runs in the studio's scope and a transaction."""

    name: str
    title: Text
    find: Callable[[Ask], list[Hit]]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Need:
    """Something that waits for a person of the studio, one tap away."""

    text: str
    url: str
    action: str
    tone: str = "wait"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Needs:
    """Finds what waits in one room, in the studio's scope and a transaction; a small `order` is urgent.

    Only who holds at least `role` is told. `stops`: while any of it waits the autopilot stands still, and the dot in the
    header is red.
    """

    name: str
    find: Callable[[UUID, datetime], list[Need]]
    role: Role = Role.VIEWER
    order: int = 50
    stops: bool = False


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence about the day, empty when there is nothing to say; in the studio's scope and a transaction."""

    name: str
    say: Callable[[UUID, datetime], str]
    order: int = 50


@dataclass(frozen=True, slots=True)
class Widget:
    """A part of a page: `context` runs in the studio's scope and an open transaction.

    `every` is how many seconds it is asked for again. A `late` one is not waited for: the page comes without it and
    loads it by itself.
    """

    name: str
    template: str
    context: Callable[[UUID, datetime], dict[str, object]]
    order: int = 50
    every: int = 30
    late: bool = False
    role: Role = Role.VIEWER
    ghost: str = "lines"
