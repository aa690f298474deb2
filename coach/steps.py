"""The coach's part of the provisioning pipeline: its defaults, written once and found again after a crash."""

from typing import Any

from django.utils.text import slugify

from coach import config, onboarding, template_upkeep
from coach.agent import agents
from coach.models import CalendarEventType, FollowupTemplate
from coach.texts import language_or_default
from pilar.backplane.tenancy import atomic
from pilar.kernel import clock
from pilar.kernel.steps import Done, StepContext
from workspaces.models import Workspace

ACTOR = "provisioning"
CALENDAR_TYPES = (
    ("trial_session", {"de": "Probetraining", "en": "Trial session", "es": "Entrenamiento de prueba",
                       "fr": "Séance d'essai", "it": "Allenamento di prova"}, 60, 15),
    ("check_in_talk", {"de": "Trainings-Check", "en": "Training check", "es": "Revisión del entrenamiento",
                       "fr": "Bilan d'entraînement", "it": "Verifica dell'allenamento"}, 30, 10),
    ("personal_training", {"de": "Personal Training", "en": "Personal training", "es": "Entrenamiento personal",
                           "fr": "Coaching personnel", "it": "Personal training"}, 60, 15),
)  # fmt: skip


def _chosen(step: StepContext, part: str) -> dict[str, Any]:
    """What the studio's defaults say about one part; the step before hands them on (rooms of one floor do not meet)."""
    found: dict[str, Any] = step.results.get("workspace_creation", {}).get("defaults", {}).get(part, {})
    return found


def default_ai_agent(step: StepContext) -> Done:
    """Give the studio its agent configuration and first rules."""
    chosen = _chosen(step, "ai_agent")
    changes = {name: chosen[name] for name in ("provider", "model", "system_prompt", "policies") if chosen.get(name)}
    with atomic():
        language = language_or_default(Workspace.objects.get(pk=step.workspace_id).language)
        changes["policies"] = {"language": language} | changes.get("policies", {})
        return Done(agents.ensure_defaults(changes=changes, actor=ACTOR, now=clock.now()))


def training_logic(step: StepContext) -> Done:
    """Give the studio its coach configuration, from its onboarding where it said something."""
    followups = _chosen(step, "followups")
    schedule = followups.get("schedule", {})
    with atomic():
        # Locked, so that what the studio says at this moment is either read here or taken over by `coach.onboarding`.
        studio = Workspace.objects.select_for_update().get(pk=step.workspace_id)
        changes: dict[str, Any] = {"language": language_or_default(studio.language)}
        changes |= {name: schedule[name] for name in ("frequency", "window_start", "window_end") if schedule.get(name)}
        changes["enabled"] = followups.get("enabled", True)
        settings = config.first_version(changes=changes | onboarding.told(onboarding.newest(1)), actor=ACTOR)
    return Done({"frequency": settings.frequency, "window": f"{settings.window_start}-{settings.window_end}"})


def followup_templates(step: StepContext) -> Done:
    """Write down which message templates the studio wants; handing them in for review is the WhatsApp step's work."""
    with atomic():
        template_upkeep.write_missing()
        return Done({"templates": FollowupTemplate.objects.filter(active=True).count()})


def calendar_defaults(step: StepContext) -> Done:
    """Give the studio the usual kinds of appointment, and those its defaults name."""
    chosen = _chosen(step, "calendar")
    with atomic():
        language = language_or_default(Workspace.objects.get(pk=step.workspace_id).language)
        rows = [
            CalendarEventType(key=key, title=titles[language], minutes=minutes, buffer_minutes=buffer)
            for key, titles, minutes, buffer in CALENDAR_TYPES
        ]
        rows += [
            CalendarEventType(
                key=slugify(entry["name"])[:40],
                title=entry["name"],
                minutes=entry["minutes"],
                buffer_minutes=chosen.get("buffer_time", 15),
            )
            for entry in chosen.get("event_types", [])
            if entry["name"] not in {row.title for row in rows}
        ]
        CalendarEventType.objects.bulk_create(rows, ignore_conflicts=True)
        return Done({"event_types": CalendarEventType.objects.filter(active=True).count()})
