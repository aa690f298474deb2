"""The people and the studio that a newcomer finds in the sandbox."""

from datetime import datetime, time
from uuid import UUID

from allauth.account.models import EmailAddress

from workspaces import founding, studio
from workspaces.models import Plan, User
from workspaces.models.access import MemberRole
from workspaces.studio import Particulars

OWNER = "owner@demo.pilar.test"
PARTNER = "partner@demo.pilar.test"
OPERATOR = "admin@demo.pilar.test"
WORKSPACE = UUID("01900000-0000-7000-8000-00000000d340")
ACTOR = "demo"
STUDIO = Particulars(
    name="Eisenwerk Köln",
    legal_name="Eisenwerk Fitness GmbH",
    street="Aachener Straße 12",
    postal_code="50674",
    city="Köln",
    country="DE",
    register_number="HRB 12345",
    website="https://eisenwerk.example",
    representative_name="Olivia Eigner",
    representative_email=OWNER,
    goals="Regelmäßiges Training und Motivation",
    tone="motivierend und freundlich",
    window_start=time(9),
    window_end=time(18),
)


def seed(*, password: str, now: datetime) -> None:
    """Make the demo's people and studio, or bring their password up to date. Safe to repeat.

    The studio then pays and is set up like any other: see `provisioning/demo_studio.py`.
    """
    owner = _person(OWNER, "Olivia Eigner", password)
    _person(PARTNER, "Paula Partner", password)
    _person(OPERATOR, "Ada Betrieb", password, is_staff=True)
    founding.found(
        workspace_id=WORKSPACE,
        name=STUDIO.name,
        country=STUDIO.country,
        plan=Plan.objects.get(pk="PRO"),
        actor=ACTOR,
        now=now,
    )
    founding.admit(workspace_id=WORKSPACE, user=owner, role=MemberRole.OWNER, actor=ACTOR)
    studio.complete(workspace_id=WORKSPACE, particulars=STUDIO, actor=ACTOR, now=now)


def _person(email: str, name: str, password: str, *, is_staff: bool = False) -> User:
    person = User.objects.filter(email=email).first() or User.objects.create_user(email, name=name, is_staff=is_staff)
    if not person.check_password(password):
        person.set_password(password)
        person.save(update_fields=["password"])
    EmailAddress.objects.get_or_create(user=person, email=email, defaults={"verified": True, "primary": True})
    return person
