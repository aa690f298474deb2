"""A studio's message templates: written down at set-up, and kept to the newest wording afterwards.

Once an hour the platform looks which studios lack a wording of today and has some of them renewed, spread over the
hour; each studio once a version. A new wording is written beside the old one, which goes out until Meta has approved
the new (`agent.writer.template`), and the fact `coach.templates_renewed` has it handed in for review.
"""

import hashlib
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.utils.translation import gettext_noop

from coach import template_texts
from coach.models import FollowupTemplate
from pilar.backplane import activity, events, jobs
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Outcome, Work
from pilar.providers.models import MessageTemplate
from workspaces.models import Workspace

JOB = "coach.renew_templates"
RENEWED = "coach.templates_renewed"
A_ROUND = 120
"""Studios that one round orders; thousands are through within days, and Meta is not asked for all at once."""
ROUND = timedelta(hours=1)


def write_missing() -> list[str]:
    """Write down the wordings of today that the studio lacks, in the caller's transaction; return their names."""
    before = set(FollowupTemplate.objects.values_list("name", "language"))
    texts, wanted = [], []
    for text in template_texts.TEXTS:
        for language, body in text.bodies.items():
            footer = template_texts.FOOTERS[language]
            shared = {"name": text.name(language), "language": language, "category": template_texts.CATEGORY}
            params = list(template_texts.PARAMS)
            texts.append(FollowupTemplate(**shared, purpose=text.purpose, body=body, footer=footer, params=params))
            shape = template_texts.components(body, footer)
            wanted.append(MessageTemplate(**shared, components=shape, params=params))
    FollowupTemplate.objects.bulk_create(texts, ignore_conflicts=True)
    MessageTemplate.objects.bulk_create(wanted, ignore_conflicts=True)
    return [f"{row.name} ({row.language})" for row in texts if (row.name, row.language) not in before]


def _today() -> list[tuple[str, str]]:
    """Name and language of every wording that a studio should have."""
    return sorted((text.name(language), language) for text in template_texts.TEXTS for language in text.bodies)


def order(work: Work[Empty]) -> Outcome:
    """Job handler, for the platform: have studios renewed that lack a wording of today."""
    return {"ordered": order_renewals(now=clock.now())}


def order_renewals(*, now: datetime) -> int:
    """Order a renewal for the next studios that need one, spread over an hour. Returns how many.

    Studios that were never set up are left to their set-up, and what is suspended waits. A key for each set of wordings
    keeps a studio from being ordered twice.
    """
    today = _today()
    of_today = Q(*(Q(name=name, language=language) for name, language in today), _connector=Q.OR)
    version = hashlib.sha256(repr(today).encode()).hexdigest()[:12]
    with all_tenants("find the studios whose message templates are of an older wording"), atomic():
        texts = FollowupTemplate.objects.filter(workspace__status=Workspace.Status.ACTIVE).order_by()
        had = texts.values("workspace_id").annotate(fresh=Count("pk", filter=of_today)).filter(fresh__lt=len(today))
        behind = list(had.order_by("workspace_id").values_list("workspace_id", flat=True)[:A_ROUND])
        pace = ROUND / A_ROUND
        rows = [
            jobs.NewJob(studio, Empty(), f"templates:{version}", at=now + place * pace)
            for place, studio in enumerate(behind)
        ]
        return jobs.enqueue_many(JOB, rows)


def renew(_work: Work[Empty]) -> Outcome:
    """Job handler: write down what the studio lacks, and have it reviewed. Done again, nothing is left to do."""
    with atomic():
        names = write_missing()
        if names:
            events.publish(RENEWED, Empty(), key=f"{RENEWED}:{hashlib.sha256(repr(names).encode()).hexdigest()[:12]}")
            sentence = gettext_noop("%(count)s message templates have a new wording and go to Meta for review")
            activity.log("templates.renewed", sentence, {"count": len(names)})
    return {"written": names}
