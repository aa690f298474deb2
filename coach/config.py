"""The coach's configuration: versioned rows inside, the specification's `whatsappCoach` shape outside."""

from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext as _

from coach.models import CoachConfig
from coach.schedule import Rhythm, TimeWindow
from coach.texts import language_or_default
from pilar.backplane import audit, jobs
from pilar.backplane.tenancy import savepoint
from pilar.kernel.problems import Conflict, Problem
from pilar.kernel.switchboard import Empty

LONGEST_PAUSE = timedelta(days=366)
_FREQUENCY_WORDS = {"3x/week": "3x_week", "3x-week": "3x_week", "biweekly": "bi-weekly", "bi_weekly": "bi-weekly"}


@dataclass(frozen=True, slots=True)
class CoachSettings:
    """The settings in force; the defaults are the specification's example."""

    target_audience: str = "Fitnessstudio-Mitglieder"
    goal: str = "Regelmäßiges Training und Motivation"
    frequency: str = CoachConfig.Frequency.WEEKLY
    window_start: str = "09:00"
    window_end: str = "18:00"
    tone: str = "motivierend und freundlich"
    language: str = "de"
    enabled: bool = True
    auto_reply: bool = True
    paused_until: datetime | None = None

    def is_on(self, now: datetime) -> bool:
        """Say whether the coach may write by itself at `now`."""
        return self.enabled and not self.pauses(now)

    def pauses(self, now: datetime) -> bool:
        """Say whether a pause that ends by itself still lasts."""
        return self.paused_until is not None and now < self.paused_until

    @property
    def window(self) -> TimeWindow:
        return TimeWindow.parse(self.window_start, self.window_end)

    @property
    def rhythm(self) -> Rhythm:
        return Rhythm(frequency=self.frequency, window=self.window)

    def document(self) -> dict[str, Any]:
        """Return the settings exactly as the specification writes them; a pause that ends by itself is said as well."""
        paused = {"pausedUntil": self.paused_until} if self.paused_until else {}
        return {
            "targetAudience": self.target_audience,
            "goal": self.goal,
            "frequency": self.frequency,
            "timeWindow": {"start": self.window_start, "end": self.window_end},
            "tone": self.tone,
            "language": self.language.upper(),
            "enabled": self.enabled,
            "autoReply": self.auto_reply,
            **paused,
        }


def current() -> CoachSettings:
    """Return the settings in force, or the defaults while none were saved."""
    return latest()[1]


def latest() -> tuple[int, CoachSettings]:
    """Return the settings in force with their version; version 0 are the defaults."""
    row = CoachConfig.objects.order_by("-version").first()
    if row is None:
        return 0, CoachSettings()
    return row.version, CoachSettings(**{name: getattr(row, name) for name in asdict(CoachSettings())})


def save(*, changes: dict[str, Any], actor: str) -> CoachSettings:
    """Write a new version with `changes` (field names of CoachSettings). An unchanged one is not written again.

    Raises Problem for values that make no sense, Conflict when somebody saved at the same moment.
    """
    version, before = latest()
    after = replace(before, **_checked(before, changes))
    if after == before and version:
        return after
    try:
        with savepoint():
            CoachConfig.objects.create(version=version + 1, created_by=actor, **asdict(after))
    except IntegrityError as error:
        raise Conflict(_("Somebody else has just changed these settings. Load them again.")) from error
    if _plan_of(before) != _plan_of(after):
        jobs.enqueue("coach.replan", Empty(), key=f"coach.replan:{version + 1}")
    audit.record(actor, "coach.config", "CoachConfig", str(version + 1), before=_plain(before), after=_plain(after))
    return after


def _plan_of(settings: CoachSettings) -> tuple[object, ...]:
    """What the planned messages depend on."""
    return settings.rhythm, settings.enabled, settings.paused_until


def _plain(settings: CoachSettings) -> dict[str, Any]:
    until = settings.paused_until
    return asdict(settings) | {"paused_until": until.isoformat() if until else None}


def pause(*, until: datetime | None, actor: str, now: datetime) -> CoachSettings:
    """Let the coach write nothing by itself, until an instant or (None) until somebody lets it go on.

    Raises Problem for an instant that has passed or is more than a year away.
    """
    if until is None:
        return save(changes={"enabled": False, "paused_until": None}, actor=actor)
    if not now < until < now + LONGEST_PAUSE:
        raise _wrong("pausedUntil", _("Choose a time within the next year."))
    return save(changes={"enabled": True, "paused_until": until}, actor=actor)


def go_on(*, actor: str) -> CoachSettings:
    """End every pause."""
    return save(changes={"enabled": True, "paused_until": None}, actor=actor)


def imagined(*, changes: dict[str, Any]) -> CoachSettings:
    """Return the settings as they would be with `changes`, without saving. Raises Problem for values that make no sense."""
    before = current()
    return replace(before, **_checked(before, changes))


def first_version(*, changes: dict[str, Any], actor: str) -> CoachSettings:
    """Write version 1, unless there is one already."""
    version, settings = latest()
    return settings if version else save(changes=changes, actor=actor)


def _checked(before: CoachSettings, changes: dict[str, Any]) -> dict[str, Any]:
    merged = dict(changes)
    if merged.get("enabled"):
        merged.setdefault("paused_until", None)
    if "frequency" in merged:
        merged["frequency"] = _FREQUENCY_WORDS.get(merged["frequency"], merged["frequency"])
        if merged["frequency"] not in CoachConfig.Frequency.values:
            raise _wrong("frequency", _("Choose daily, 3x_week, weekly or bi-weekly."))
    if "language" in merged:
        merged["language"] = str(merged["language"]).lower()[:2]
        if merged["language"] != language_or_default(merged["language"]):
            raise _wrong("language", _("Choose DE, EN, ES, FR or IT."))
    try:
        TimeWindow.parse(merged.get("window_start", before.window_start), merged.get("window_end", before.window_end))
    except ValueError as error:
        text = _("Give start and end as HH:MM, the end after the start; 24:00 is the end of the day.")
        raise _wrong("timeWindow", text) from error
    return merged


def _wrong(field: str, text: str) -> Problem:
    return Problem(text, code="validation_failed", fields={field: text})
