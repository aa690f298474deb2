"""A payment becomes a studio: exactly one, however often and in whatever order Stripe tells of it.

Each part runs in a transaction of its own and finds what an earlier try left, so the job may be repeated after a
crash at
any line. The workspace takes the id of its sign-up: that makes founding it twice impossible without asking anybody.
"""

from datetime import datetime
from uuid import UUID

from pilar.backplane import events
from pilar.backplane.tenancy import all_tenants, atomic, tenant
from pilar.kernel.switchboard import Permanent
from pilar.providers import routes
from pilar.providers.stripe.shapes import CheckoutSession, CustomerDetails
from workspaces import billing, claims, facts, founding, invoices, onboarding
from workspaces.checkout import plans
from workspaces.models import Plan, SignUp
from workspaces.models.access import MemberRole
from workspaces.models.user import normal_email
from workspaces.places import USUAL, place

ACTOR = "stripe"
State = SignUp.State


def settle(session: CheckoutSession, *, now: datetime) -> UUID:
    """Found the studio of a paid session, mirror its subscription, and start its set-up. Returns the workspace.

    Must be called outside `atomic()`. Raises Permanent for a session that names no customer or subscription.
    """
    if not session.subscription or not session.customer:
        raise Permanent(f"The session {session.id} has no subscription")
    sign_up = sign_up_of(session, now=now)
    workspace_id = sign_up.workspace_id or sign_up.pk
    with all_tenants("a payment founds the studio it was made for"), tenant(workspace_id):
        with atomic():
            _found(sign_up.pk, session, now)
        # Events that came before the routes were bound found no studio; these fetches make up for them.
        billing.mirror(session.subscription, now=now)
        invoices.catch_up(session.customer)
        with atomic():
            _start(sign_up.pk, session, now)
    return workspace_id


def sign_up_of(session: CheckoutSession, *, now: datetime) -> SignUp:
    """Return the sign-up a session was made for, or write one for a payment link that we did not make."""
    with atomic():
        ours = _ours(session)
        if ours:
            if ours.stripe_session_id is None:
                SignUp.objects.filter(pk=ours.pk).update(stripe_session_id=session.id)
            return ours
        sign_up, _is_new = SignUp.objects.get_or_create(
            stripe_session_id=session.id, defaults=_particulars(session, now)
        )
        return sign_up


def _ours(session: CheckoutSession) -> SignUp | None:
    try:
        reference = UUID(session.client_reference_id or "")
    except ValueError:
        return None
    found = SignUp.objects.filter(pk=reference).first()
    return found if found and found.stripe_session_id in (None, session.id) else None


def _particulars(session: CheckoutSession, now: datetime) -> dict[str, object]:
    details = session.customer_details or CustomerDetails()
    if not session.email:
        raise Permanent(f"The session {session.id} has no e-mail address to which the studio could go")
    country = (session.metadata.get("country") or (details.address or {}).get("country") or USUAL)[:2].upper()
    return {
        "email": normal_email(session.email),
        "studio": (session.metadata.get("studio") or details.name or session.email)[:120],
        "country": country,
        "language": place(country).language,
        "affiliate": session.metadata.get("affiliate", "")[:80],
        "plan": _plan(session.metadata.get("plan", "")),
        "created_at": now,
    }


def _plan(code: str) -> Plan:
    return Plan.objects.filter(pk=code.upper()).first() or plans()[0]


def _found(sign_up_id: UUID, session: CheckoutSession, now: datetime) -> None:
    sign_up = SignUp.objects.select_for_update().select_related("plan").get(pk=sign_up_id)
    workspace_id = sign_up.workspace_id or sign_up.pk
    founding.found(
        workspace_id=workspace_id,
        name=sign_up.studio,
        country=sign_up.country,
        language=sign_up.language,
        plan=sign_up.plan,
        actor=ACTOR,
        now=now,
    )
    routes.bind("stripe", "customer", str(session.customer), workspace_id)
    routes.bind("stripe", "subscription", str(session.subscription), workspace_id)
    if sign_up.state not in (State.PAID, State.CLAIMED):
        sign_up.state, sign_up.paid_at = State.PAID, now
    sign_up.workspace_id = workspace_id
    sign_up.save(update_fields=["state", "paid_at", "workspace"])


def _start(sign_up_id: UUID, session: CheckoutSession, now: datetime) -> None:
    sign_up = SignUp.objects.select_for_update().get(pk=sign_up_id)
    onboarding.prefill(details=session.customer_details, now=now)
    payload = facts.ReadyToProvision(trigger="stripe")
    events.publish(facts.READY_TO_PROVISION, payload, key=f"ready:{session.id}")
    if sign_up.user is not None:
        founding.admit(
            workspace_id=sign_up.workspace_id or sign_up.pk, user=sign_up.user, role=MemberRole.OWNER, actor=ACTOR
        )
        sign_up.state, sign_up.claimed_at = State.CLAIMED, sign_up.claimed_at or now
        sign_up.save(update_fields=["state", "claimed_at"])
    elif sign_up.links_sent == 0:
        claims.send(sign_up, now=now)
