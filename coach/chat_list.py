"""Finding conversations: by who has the word, by window, by words, a page at a time (bounded, whatever the studio's size)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from coach.models import Conversation, Message
from coach.models.chats import WINDOW, WINDOW_MARGIN

PAGE = 40
MOST_AGAIN = 200
"""Rows that a list which is open on a screen asks for again at the most."""
SEARCHED_MESSAGES = 20_000
"""A search reads this many of the newest messages. Row-level security lets no text index help, so the number is the bound."""
_FOUND_BY_TEXT = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FILTERS = ("waiting", "unread", "human", "ai", "open")


@dataclass(frozen=True, slots=True)
class Row:
    """One conversation with its newest message, and the message in which the searched words stand, if one was searched."""

    conversation: Conversation
    last: Message | None
    found: Message | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some conversations, the latest first. `next` is where the following ones begin; empty after the last."""

    rows: list[Row]
    next: str

    @property
    def bottom(self) -> str:
        """The cursor of the last row: asking again down to it shows the same rows and what has come since."""
        return cursor(self.rows[-1].conversation) if self.rows else ""


def counts(*, now: datetime) -> dict[str, int]:
    """Count the conversations of each filter, in one query."""
    conditions = {name: Count("pk", filter=_condition(name, now)) for name in FILTERS}
    found: dict[str, int] = _started().aggregate(all=Count("pk"), **conditions)
    return found


def page(*, now: datetime, words: str = "", chosen: str = "", after: str = "", until: str = "") -> Page:
    """Return conversations that match, latest first: one page from `after` on, or all from the top down to `until`.

    An unknown filter or a broken cursor is none.
    """
    rows = _started().select_related("lead")
    if chosen in FILTERS:
        rows = rows.filter(_condition(chosen, now))
    found = _by_text(words) if words else {}
    if words:
        rows = rows.filter(_named(words) | Q(pk__in=list(found)))
    start, end = _place(after), _place(until)
    if start:
        at, pk = start
        rows = rows.filter(Q(last_message_at__lt=at) | Q(last_message_at=at, pk__lt=pk))
    if end:
        at, pk = end
        rows = rows.filter(Q(last_message_at__gt=at) | Q(last_message_at=at, pk__gte=pk))
    return _page(rows, found, most=MOST_AGAIN if end else PAGE)


def _page(rows: QuerySet[Conversation], found: dict[UUID, Message], *, most: int) -> Page:
    newest = Message.objects.filter(conversation=OuterRef("pk")).order_by("-at", "-id").values("pk")[:1]
    ordered = rows.annotate(last_id=Subquery(newest)).order_by("-last_message_at", "-id")
    got = list(ordered[: most + 1])
    kept = got[:most]
    last = Message.objects.in_bulk([row.last_id for row in kept if row.last_id])
    shown = [Row(row, last.get(row.last_id), found.get(row.pk)) for row in kept]
    return Page(shown, cursor(kept[-1]) if len(got) > most else "")


def cursor(conversation: Conversation) -> str:
    """Return a conversation's place in the list as a short text."""
    at = conversation.last_message_at or _EPOCH
    return f"{(at - _EPOCH) // timedelta(microseconds=1):x}-{conversation.pk.hex}"


def _place(text: str) -> tuple[datetime, UUID] | None:
    microseconds, _dash, pk = text.partition("-")
    try:
        return _EPOCH + timedelta(microseconds=int(microseconds, 16)), UUID(pk)
    except (ValueError, OverflowError):
        return None


def _started() -> QuerySet[Conversation]:
    return Conversation.objects.filter(last_message_at__isnull=False)


def _condition(name: str, now: datetime) -> Q:
    if name == "unread":
        return Q(unread__gt=0)
    if name == "open":
        told = Q(window_closed_at=None) | Q(window_closed_at__lte=F("last_inbound_at")) | Q(window_closed_at__gt=now)
        return Q(last_inbound_at__gt=now - WINDOW + WINDOW_MARGIN) & told
    return Q(owner=name)


def _named(words: str) -> Q:
    digits = "".join(sign for sign in words if sign.isdigit() or sign == "+")
    by_name = Q(lead__name__icontains=words)
    number = digits.removeprefix("0") if digits.startswith("0") else digits
    return by_name | Q(lead__phone__contains=number) if len(number) > 2 else by_name


def _by_text(words: str) -> dict[UUID, Message]:
    """The newest matching message of each conversation, among the newest messages of the studio."""
    recent = Message.objects.order_by("-at", "-id").values("pk")[:SEARCHED_MESSAGES]
    matching = Message.objects.filter(pk__in=recent, body__icontains=words).order_by("-at", "-id")
    found: dict[UUID, Message] = {}
    for message in matching[:_FOUND_BY_TEXT]:
        found.setdefault(message.conversation_id, message)
    return found
