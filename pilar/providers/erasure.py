"""What webhooks and the call log know of a person, cleared."""

from pilar.backplane import sql
from pilar.backplane.tenancy import current
from pilar.kernel.erasure import Cleared, Traces
from pilar.providers.models import ProviderCall, ProviderRoute

# A delivery belongs to the studio when it was resolved to it, or names one of its numbers or accounts. Only the
# person's own studio is touched: the same number may be a member elsewhere.
_OURS = """
(workspace_id = %(workspace)s OR (workspace_id IS NULL AND encode(body, 'escape') LIKE ANY(%(routes)s)))
AND encode(body, 'escape') ~ %(pattern)s
"""
_PROCESSED = f"UPDATE autopilot_receipt SET body = '', headers = '{{}}' WHERE processed_at IS NOT NULL AND {_OURS}"
_WAITING = f"SELECT count(*) FROM autopilot_receipt WHERE processed_at IS NULL AND {_OURS}"


def webhooks(traces: Traces) -> Cleared:
    """Empty the stored deliveries that name the person; those not worked off yet are looked at again.

    The row stays, so that a repeated delivery is still known as one.
    """
    routes = ProviderRoute.objects.filter(workspace_id=current()).values_list("external_id", flat=True)
    given = {
        "workspace": current(),
        "routes": [f"%{external_id}%" for external_id in routes],
        "pattern": traces.pattern,
    }
    return Cleared(sql.run(_PROCESSED, given), left=int(sql.value(_WAITING, given)))


def call_log(traces: Traces) -> Cleared:
    """Empty what providers said in refusals that name the person."""
    return Cleared(ProviderCall.objects.filter(message__regex=traces.pattern).update(message=""))
