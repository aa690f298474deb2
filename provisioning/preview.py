"""The phone beside the set-up: what a member will see, filled as the studio tells it and as the set-up gets there."""

from dataclasses import dataclass

from django.utils.translation import gettext as _

from workspaces import hours
from workspaces.models import StudioProfile
from workspaces.pages.onboarding_forms import SAMPLES


@dataclass(frozen=True, slots=True)
class Preview:
    """What is known so far; an empty text is not known yet. `number` is in international form."""

    studio: str
    number: str
    greeting: str
    sample: str
    saturday: str


def preview(profile: StudioProfile | None, *, studio: str, number: str) -> Preview:
    """Put together what the phone shows."""
    greeting = _("Hi Anna, this is the AI coach of %(studio)s. STOP is enough and I fall silent.") % {"studio": studio}
    sample = SAMPLES.get(profile.tone, "") if profile else ""
    return Preview(studio, number, greeting, str(sample), _saturday(profile))


def _saturday(profile: StudioProfile | None) -> str:
    week = hours.read(profile.opening_hours) if profile else {}
    if "sat" not in week:
        return ""
    spans = [_("from %(begin)s to %(end)s") % {"begin": begin, "end": end} for begin, end in week["sat"]]
    if not spans:
        return _("We are closed on Saturdays.")
    return _("On Saturdays we are open %(spans)s.") % {"spans": _(" and ").join(spans)}
