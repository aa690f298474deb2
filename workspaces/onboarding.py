"""The onboarding as one walk that can be left and gone on with anywhere: what is known, what is still asked, what is done.

Each step keeps its answers in the draft. As soon as the studio's particulars are whole they become a profile, so that the
set-up goes on while the owner answers the rest; later answers make later profiles.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from pilar.backplane.tenancy import atomic, tenant
from pilar.providers.stripe.shapes import CustomerDetails
from pilar.providers.whatsapp import client as whatsapp
from workspaces import hours, studio
from workspaces.models import OnboardingDraft, StudioDocument, StudioProfile, Workspace
from workspaces.studio import Particulars

PROOFS = {"DE": (StudioDocument.Kind.REGISTER_EXTRACT, StudioDocument.Kind.TRADE_LICENCE)}
"""What a country's regulator wants to see before a number is given out: one of these (providers.md section 2)."""
STEPS = ("studio", "address", "papers", "hours", "coach", "members", "whatsapp", "test")
TEXTS = (
    "name", "legal_name", "street", "postal_code", "city", "country", "representative_name", "representative_email",
    "register_number", "vat_id", "website", "goals", "tone",
)  # fmt: skip
NEEDED = TEXTS[:8]
LONGEST = 2000


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the walk stands. `done` are the steps that need nothing any more."""

    steps: tuple[str, ...]
    done: frozenset[str]

    @property
    def next(self) -> str:
        """The first step that is not done; the first of all when every one is."""
        return next((step for step in self.steps if step not in self.done), self.steps[0])

    @property
    def is_complete(self) -> bool:
        return self.done.issuperset(self.steps)

    def after(self, step: str) -> str:
        """The step behind this one, empty behind the last."""
        place = self.steps.index(step) + 1
        return self.steps[place] if place < len(self.steps) else ""

    def before(self, step: str) -> str:
        """The step in front of this one, empty in front of the first."""
        place = self.steps.index(step)
        return self.steps[place - 1] if place else ""


def progress(workspace: Workspace) -> Progress:
    """Return where the current workspace stands."""
    with atomic():
        draft = OnboardingDraft.objects.first()
        profile = StudioProfile.objects.order_by("-version").first()
        papers = list(StudioDocument.objects.only("kind"))
    done = set(draft.passed) if draft else set()
    if profile is not None:
        done |= {"studio", "address"}
    wanted = workspace.country in PROOFS
    if wanted and not lacking_papers(workspace.country, papers):
        done.add("papers")
    if whatsapp.own_connection():
        done.add("whatsapp")
    return Progress(tuple(step for step in STEPS if step != "papers" or wanted), frozenset(done))


def lacking_papers(country: str, papers: Iterable[StudioDocument]) -> tuple[StudioDocument.Kind, ...]:
    """Return the kinds of which one is still needed for a number of this country; none when one of them is there."""
    wanted = PROOFS.get(country, ())
    return () if {paper.kind for paper in papers} & set(wanted) else wanted


def known(workspace: Workspace, *, email: str = "", name: str = "") -> dict[str, Any]:
    """Return all that has been said so far, the newer of draft and profile winning, so that nothing is asked twice."""
    with atomic():
        draft = OnboardingDraft.objects.first()
        profile = StudioProfile.objects.order_by("-version").first()
    basis = {
        "name": workspace.name,
        "country": workspace.country,
        "language": workspace.language,
        "timezone": workspace.timezone,
        "representative_name": name,
        "representative_email": email,
    }
    layers = [(profile.created_at, _of_profile(profile))] if profile else []
    layers += [(draft.updated_at, draft.answers)] if draft else []
    values: dict[str, Any] = {}
    for _moment, layer in sorted(layers, key=lambda pair: pair[0]):
        values |= layer
    return values | {key: value for key, value in basis.items() if not values.get(key)}


def _of_profile(profile: StudioProfile) -> dict[str, Any]:
    values = {key: getattr(profile, key) for key in TEXTS} | hours.fields(profile.opening_hours)
    for key in ("window_start", "window_end"):
        moment: time | None = getattr(profile, key)
        values[key] = f"{moment:%H:%M}" if moment else ""
    return values


def keep(*, workspace_id: UUID, answers: dict[str, str], actor: str, now: datetime) -> None:
    """Keep answers as they are typed, right or wrong; nothing else follows from them yet."""
    with tenant(workspace_id), atomic():
        draft = _locked(workspace_id)
        _write(draft, answers, (), actor=actor, now=now)


def finish(
    *, workspace_id: UUID, step: str, answers: dict[str, Any] | None = None, actor: str, now: datetime
) -> StudioProfile | None:
    """Close a step with checked answers, or without any when it is left out. Returns the profile once it is whole."""
    with tenant(workspace_id), atomic():
        draft = _locked(workspace_id)
        _write(draft, answers or {}, (step,), actor=actor, now=now)
        workspace = Workspace.objects.get(pk=workspace_id)
        said = known(workspace)
        if not {"studio", "address"} <= progress(workspace).done or not all(said.get(key) for key in NEEDED):
            return None
        return studio.complete(
            workspace_id=workspace_id,
            particulars=_particulars(said),
            language=str(said.get("language", "")),
            timezone=str(said.get("timezone", "")),
            actor=actor,
            now=now,
        )


def _locked(workspace_id: UUID) -> OnboardingDraft:
    Workspace.objects.select_for_update().get(pk=workspace_id)
    return OnboardingDraft.objects.first() or OnboardingDraft()


def _write(
    draft: OnboardingDraft, answers: dict[str, Any], passed: Iterable[str], *, actor: str, now: datetime
) -> None:
    kept = {key: value[:LONGEST] if isinstance(value, str) else value for key, value in answers.items()}
    draft.answers = draft.answers | kept
    draft.passed = [*draft.passed, *(step for step in passed if step not in draft.passed)]
    draft.updated_by, draft.updated_at = actor, now
    draft.save()


def _particulars(said: dict[str, Any]) -> Particulars:
    week = {day: _day(said, day) for day in hours.DAYS if f"{day}_open" in said}
    texts = {key: str(said.get(key) or "") for key in TEXTS}
    return Particulars(
        **texts,
        opening_hours=week,
        window_start=_clock(said.get("window_start")),
        window_end=_clock(said.get("window_end")),
    )


def _day(said: dict[str, Any], day: str) -> list[list[str]]:
    if not said.get(f"{day}_open"):
        return []
    spans = [(said.get(f"{day}_from{place}"), said.get(f"{day}_to{place}")) for place in ("", "2")]
    return [[str(begin), str(end)] for begin, end in spans if begin and end]


def _clock(value: Any) -> time | None:
    try:
        return time.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def prefill(*, details: CustomerDetails | None, now: datetime) -> None:
    """Take over what the payer told Stripe, in the current workspace; what the studio has said itself stays."""
    if details is None or OnboardingDraft.objects.exists():
        return
    at = details.address or {}
    street = ", ".join(str(at[line]) for line in ("line1", "line2") if at.get(line))
    told = {
        "legal_name": details.name or "",
        "street": street,
        "postal_code": at.get("postal_code") or "",
        "city": at.get("city") or "",
        "vat_id": details.tax_number,
    }
    answers = {key: str(value)[:200] for key, value in told.items() if value}
    OnboardingDraft.objects.create(answers=answers, updated_by="stripe", updated_at=now)
