"""What the autopilot did, told to the studio's people as sentences."""

from typing import Any
from uuid import UUID

from django.db import models

from pilar.backplane import correlation, database_clock
from pilar.backplane.models import ActivityLog
from pilar.backplane.tenancy import atomic


def log(
    kind: str, summary_key: str, facts: dict[str, Any], *, subject: models.Model | tuple[str, UUID | str] | None = None
) -> ActivityLog:
    """Record what happened, in the caller's transaction. `summary_key` is an English source string that takes
    `facts`.
    """
    subject_type, subject_id = _named(subject)
    with atomic():
        return ActivityLog.objects.create(
            kind=kind,
            summary_key=summary_key,
            facts=facts,
            subject_type=subject_type,
            subject_id=subject_id,
            correlation_id=correlation.current(),
            at=database_clock.now(),
        )


def _named(subject: models.Model | tuple[str, UUID | str] | None) -> tuple[str, str]:
    if subject is None:
        return "", ""
    if isinstance(subject, models.Model):
        return str(subject._meta.model_name), str(subject.pk)
    return subject[0], str(subject[1])
