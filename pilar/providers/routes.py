"""Which workspace an id of a provider belongs to. Webhooks find their workspace here, never in what they claim."""

from uuid import UUID

from django.utils.translation import gettext as _

from pilar.backplane.tenancy import atomic
from pilar.kernel.problems import Conflict
from pilar.providers.models import ProviderRoute


def bind(provider: str, kind: str, external_id: str, workspace_id: UUID) -> None:
    """Bind an id to a workspace; binding it again to the same one changes nothing.

    Raises Conflict when it belongs to another workspace, without telling which.
    """
    with atomic():
        row = ProviderRoute(provider=provider, kind=kind, external_id=external_id, workspace_id=workspace_id)
        ProviderRoute.objects.bulk_create([row], ignore_conflicts=True)
        owner = find(provider, kind, external_id)
    if owner != workspace_id:
        raise Conflict(
            _("This account is already connected to another studio. Disconnect it there first."), code="already_bound"
        )


def find(provider: str, kind: str, external_id: str) -> UUID | None:
    """Return the workspace of an id, or None for one we do not know."""
    with atomic():
        found = ProviderRoute.objects.filter(provider=provider, kind=kind, external_id=external_id)
        return found.values_list("workspace_id", flat=True).first()


def external_ids(provider: str, kind: str, workspace_id: UUID) -> list[str]:
    """Return the ids of that kind bound to the workspace, the newest first."""
    with atomic():
        found = ProviderRoute.objects.filter(provider=provider, kind=kind, workspace_id=workspace_id)
        return list(found.order_by("-created_at").values_list("external_id", flat=True))


def external_id(provider: str, kind: str, workspace_id: UUID) -> str | None:
    """Return the newest id of that kind bound to the workspace, or None."""
    return next(iter(external_ids(provider, kind, workspace_id)), None)


def release(provider: str, kind: str, external_id: str, workspace_id: UUID) -> None:
    """Free an id that the workspace has given up."""
    with atomic():
        ProviderRoute.objects.filter(
            provider=provider, kind=kind, external_id=external_id, workspace_id=workspace_id
        ).delete()


def release_all(workspace_id: UUID) -> None:
    """Free every id of a workspace that is being erased."""
    with atomic():
        ProviderRoute.objects.filter(workspace_id=workspace_id).delete()
