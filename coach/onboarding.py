"""What the studio says about itself in its onboarding becomes the coach's configuration.

At set-up all of it; afterwards only what it has just changed, so that settings made elsewhere stay as they are.
"""

from typing import Any

from coach import config
from pilar.backplane.tenancy import atomic, current
from pilar.kernel.switchboard import Happened, Outcome
from workspaces.facts import OnboardingCompleted
from workspaces.models import StudioProfile, Workspace

ACTOR = "onboarding"


def newest(count: int) -> list[StudioProfile]:
    """Return the newest versions of the studio's profile, newest first."""
    return list(StudioProfile.objects.order_by("-version")[:count])


def told(profiles: list[StudioProfile]) -> dict[str, Any]:
    """Return what the first of the profiles says to the coach, as fields of its configuration."""
    if not profiles:
        return {}
    profile = profiles[0]
    found: dict[str, Any] = {"tone": profile.tone[:100]} if profile.tone else {}
    if profile.goals:
        found["goal"] = profile.goals[:300]
    if profile.window_start and profile.window_end and profile.window_start < profile.window_end:
        found |= {"window_start": f"{profile.window_start:%H:%M}", "window_end": f"{profile.window_end:%H:%M}"}
    return found


def take_over(event: Happened[OnboardingCompleted]) -> Outcome:
    """Event handler: put what this version of the profile changed into the configuration, if set-up has written one already.

    Which fields changed, this version says; what they say now, the newest: so the order of two versions does not matter.
    """
    with atomic():
        Workspace.objects.select_for_update().get(pk=current())
        version = event.payload.version
        this, before = (told(list(StudioProfile.objects.filter(version=number))) for number in (version, version - 1))
        newest_words = told(newest(1))
        changes = {name: newest_words.get(name, value) for name, value in this.items() if before.get(name) != value}
        written, _settings = config.latest()
        if not written or not changes:
            return {"changed": []}
        config.save(changes=changes, actor=ACTOR)
    return {"changed": sorted(changes)}
