"""What Meta decides about a template is believed unless we have seen newer news."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from pilar.backplane.tenancy import atomic, tenant
from pilar.providers.events import WhatsAppTemplate
from pilar.providers.models import MessageTemplate
from pilar.providers.whatsapp import templates
from tests.factories import WorkspaceFactory

pytestmark = pytest.mark.django_db
LOOKED = datetime(2026, 11, 28, 12, 0, 1, 800_000, tzinfo=UTC)


@pytest.fixture
def studio() -> UUID:
    studio: UUID = WorkspaceFactory().pk
    with tenant(studio), atomic():
        MessageTemplate.objects.create(
            name="nudge", language="de", category="MARKETING", status="PENDING", status_at=LOOKED
        )
    return studio


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (LOOKED.replace(microsecond=0), "APPROVED"),
        (LOOKED.replace(microsecond=0) - timedelta(seconds=1), "PENDING"),
        (LOOKED + timedelta(minutes=5), "APPROVED"),
    ],
    ids=["in the same whole second", "before we looked", "afterwards"],
)
def test_a_review_counts_unless_we_looked_later(studio: UUID, told: datetime, status: str) -> None:
    with tenant(studio):
        templates.note(WhatsAppTemplate(name="nudge", language="de", event="APPROVED", at=told))
        with atomic():
            assert MessageTemplate.objects.get().status == status
