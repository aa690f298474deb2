"""The call log is kept for a month."""

from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel import clock
from pilar.kernel.switchboard import Empty, Work
from pilar.providers.models import ProviderCall

AT_ONCE = 5000


def forget_old_calls(work: Work[Empty]) -> dict[str, int]:
    """Delete calls older than their retention, some thousands at a time."""
    too_old, deleted = clock.now() - ProviderCall.retention, 0
    with all_tenants("retention of the call log"):
        while True:
            with atomic():
                ids = list(ProviderCall.objects.filter(at__lt=too_old).values_list("id", flat=True)[:AT_ONCE])
                ProviderCall.objects.filter(id__in=ids).delete()
            deleted += len(ids)
            if len(ids) < AT_ONCE:
                return {"deleted": deleted}
