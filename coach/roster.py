"""The list of members: searched, narrowed, counted and sorted. Saved under a name it is a segment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Count, Exists, F, Func, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from coach.models import CheckIn, CoachingState, Consent, Conversation, Lead, Message, Segment
from pilar.backplane import audit
from pilar.backplane.tenancy import savepoint
from pilar.kernel.problems import Conflict, NotFound, Problem

CONSENTS = ("consented", "pending", "missing", "stopped")
SORTS = {"newest": "-pk", "oldest": "pk", "name": "name"}
SILENT_DAYS = (14, 30, 90)
MOST_SILENT_DAYS = 3650
MOST_SEGMENTS = 50
_WORDS = 5


@dataclass(frozen=True, slots=True)
class Filter:
    """What the list is narrowed to; an empty one is everybody."""

    q: str = ""
    consent: str = ""
    language: str = ""
    tag: str = ""
    source: str = ""
    silent: int = 0
    paused: bool = False
    never: bool = False
    sort: str = "newest"

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "Filter":
        """Read a query string or a saved filter; what makes no sense is no filter."""
        text = {
            name: str(given.get(name, "")).replace("\x00", "").strip() for name in ("q", "language", "tag", "source")
        }
        consent, sort, silent = (str(given.get(name, "")) for name in ("consent", "sort", "silent"))
        return cls(
            q=text["q"][:100],
            consent=consent if consent in CONSENTS else "",
            language=text["language"][:2],
            tag=text["tag"][:40],
            source=text["source"][:40],
            silent=_days(silent),
            paused=str(given.get("paused", "")) in ("1", "True"),
            never=str(given.get("never", "")) in ("1", "True"),
            sort=sort if sort in SORTS else "newest",
        )

    def query(self) -> dict[str, str]:
        """Return what of it differs from everybody, as the page's address has it."""
        plain = asdict(Filter())
        return {
            name: str(int(value) if isinstance(value, bool) else value)
            for name, value in asdict(self).items()
            if value != plain[name]
        }

    @property
    def is_narrow(self) -> bool:
        return replace(self, sort="newest") != Filter()


def _days(text: str) -> int:
    """Return a number of days up to ten years; 0, which does not narrow, for anything else."""
    is_short_number = text.isascii() and text.isdigit() and len(text) <= 4
    return int(text) if is_short_number and int(text) <= MOST_SILENT_DAYS else 0


def rows(wanted: Filter, *, now: datetime) -> QuerySet[Lead]:
    """Return the people that fit, in no order yet."""
    found = searched(wanted.q)
    exact = {"language": wanted.language, "source": wanted.source}
    found = found.filter(**{name: value for name, value in exact.items() if value})
    if wanted.tag:
        found = found.filter(tags__contains=[wanted.tag])
    if wanted.consent:
        found = found.filter(_consent(wanted.consent))
    if wanted.silent:
        found = found.filter(_silent(wanted.silent, now))
    if wanted.paused:
        found = found.filter(_paused(now))
    return found.filter(_never()) if wanted.never else found


def searched(q: str) -> QuerySet[Lead]:
    """Return the people in whose name, number or e-mail address each word stands; numbers in any notation."""
    found = Lead.objects.all()
    digits = "".join(filter(str.isdigit, q))
    if len(digits) >= 4 and not any(map(str.isalpha, q)):
        return found.filter(search__contains=digits.lstrip("0"))
    for word in q.lower().split()[:_WORDS]:
        found = found.filter(search__contains=word)
    return found


def _open_consents(condition: Q) -> QuerySet[Consent]:
    open_ones = Consent.objects.filter(lead=OuterRef("pk"), purpose=Consent.Purpose.COACHING, withdrawn_at=None)
    return open_ones.filter(condition)


def _consent(state: str) -> Q:
    """The same judgement as `consents.standing_of`, over many people at once."""
    active = Q(status=Lead.Status.ACTIVE)
    proven = ~Q(source="") & ~Q(wording="") & Q(at__isnull=False)
    given, some = Exists(_open_consents(Q(confirmed_at__isnull=False) | proven)), Exists(_open_consents(Q()))
    match state:
        case "consented":
            return active & Q(given)
        case "pending":
            return active & Q(some) & ~Q(given)
        case "missing":
            return active & ~Q(some)
    return Q(status=Lead.Status.OPTED_OUT)


def _silent(days: int, now: datetime) -> Q:
    since = now - timedelta(days=days)
    wrote = Conversation.objects.filter(lead=OuterRef("pk"), last_inbound_at__gte=since)
    return Q(~Exists(wrote), created_at__lt=since)


def _never() -> Q:
    sent = Message.objects.filter(lead=OuterRef("pk"), direction=Message.Direction.OUT)
    return Q(~Exists(sent))


def _paused(now: datetime) -> Q:
    return Q(paused_until__gt=now)


def gone_quiet(*, now: datetime) -> QuerySet[Any]:
    """Return who agreed, is not on a pause and has written nothing for 14 days; whose last word is nearest comes first.

    Each has `last_word_at`, `last_visit_at` (both may be None) and `unanswered`, the messages since the last word.
    """
    words = Conversation.objects.filter(lead=OuterRef("pk")).values("last_inbound_at")[:1]
    visits = CheckIn.objects.filter(lead=OuterRef("pk")).order_by("-at").values("at")[:1]
    nudges = CoachingState.objects.filter(lead=OuterRef("pk")).values("unanswered")[:1]
    silent = rows(Filter(consent="consented", silent=SILENT_DAYS[0]), now=now).exclude(_paused(now)).exclude(_never())
    return silent.annotate(
        last_word_at=Subquery(words), last_visit_at=Subquery(visits), unanswered=Coalesce(Subquery(nudges), 0)
    ).order_by(F("last_word_at").desc(nulls_last=True), "-pk")


@dataclass(frozen=True, slots=True)
class Counts:
    """How many people each chip leads to."""

    total: int
    states: dict[str, int]
    languages: dict[str, int]
    sources: dict[str, int]
    tags: dict[str, int]


def counts(wanted: Filter, *, now: datetime) -> Counts:
    """Count what each chip would show of what the search found; four queries, whatever the number of people."""
    found = searched(wanted.q)
    chips = {name: _consent(name) for name in CONSENTS} | {"paused": _paused(now), "never": _never()}
    chips |= {f"silent{days}": _silent(days, now) for days in SILENT_DAYS}
    states = found.aggregate(total=Count("pk"), **{name: Count("pk", filter=chip) for name, chip in chips.items()})
    total = states.pop("total")
    tag = Func(F("tags"), function="jsonb_array_elements_text", output_field=TextField())
    tags = found.annotate(tag=tag).values_list("tag").annotate(n=Count("pk")).order_by("-n", "tag")[:30]
    return Counts(total, states, _grouped(found, "language"), _grouped(found, "source"), dict(tags))


def _grouped(found: QuerySet[Lead], name: str) -> dict[str, int]:
    return dict(found.values_list(name).annotate(n=Count("pk")).order_by("-n"))


def segments() -> list[Segment]:
    """Return the saved filters by name."""
    return list(Segment.objects.order_by("name")[:MOST_SEGMENTS])


def save_segment(*, name: str, wanted: Filter, actor: str) -> Segment:
    """Save a filter under a name. Raises Problem for an empty one, Conflict for a name that is taken."""
    name = " ".join(name.replace("\x00", "").split())[:60]
    if not name or not wanted.is_narrow:
        text = _("Choose a filter first, and give it a name.")
        raise Problem(text, code="validation_failed", fields={"name": text})
    if Segment.objects.count() >= MOST_SEGMENTS:
        raise Conflict(_("You have 50 saved filters. Delete one first."))
    try:
        with savepoint():
            segment = Segment.objects.create(name=name, filter=wanted.query(), created_by=actor)
    except IntegrityError as error:
        raise Conflict(_("A saved filter has this name already. Choose another one.")) from error
    audit.record(actor, "segment.saved", "Segment", segment.pk)
    return segment


def delete_segment(segment_id: UUID, *, actor: str) -> None:
    """Forget a saved filter; nobody in it is touched. Raises NotFound."""
    deleted, _rows = Segment.objects.filter(pk=segment_id).delete()
    if not deleted:
        raise NotFound
    audit.record(actor, "segment.deleted", "Segment", segment_id)
