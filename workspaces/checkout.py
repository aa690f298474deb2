"""Buying a plan: a sign-up is written first, then Stripe's page is made for it, so that a payment always finds its
buyer.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel.problems import Conflict, Problem
from pilar.providers.stripe import checkout
from workspaces import billing
from workspaces.models import Plan, SignUp, Subscription, User
from workspaces.models.user import normal_email
from workspaces.places import COUNTRIES

SESSION_LIVES = timedelta(hours=23)
"""Stripe's page expires after 24 hours; one of ours that is younger is shown again instead of making another."""


@dataclass(frozen=True, slots=True)
class Order:
    """What somebody wants to buy. `workspace_id` is set when an existing studio buys again."""

    plan: str
    email: str
    studio: str
    country: str = "DE"
    language: str = "de"
    affiliate: str = ""
    user: User | None = None
    workspace_id: UUID | None = None


def plans() -> list[Plan]:
    """Return what is offered, cheapest first."""
    return list(Plan.objects.filter(is_offered=True))


def begin(order: Order, *, now: datetime) -> str:
    """Return the address of Stripe's payment page for an order. Must be called outside `atomic()`.

    Raises Problem for an unknown plan or country, Conflict when the studio has a subscription, ProviderError for
    Stripe.
    """
    _check(order)
    sign_up = _reusable(order, now) or _write(order, now)
    if sign_up.checkout_url:
        return sign_up.checkout_url
    former = _former(order)
    session = checkout.create_session(
        plan=order.plan,
        email=sign_up.email,
        customer=former.stripe_customer_id if former else "",
        reference=str(sign_up.pk),
        metadata=_metadata(sign_up),
        success_url=f"{settings.PUBLIC_BASE_URL}/checkout/return?session_id={{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{settings.PUBLIC_BASE_URL}/checkout?cancelled=1&plan={order.plan}",
        idempotency_key=f"checkout:{sign_up.pk}:1",
        trial_days=0 if former else sign_up.plan.trial_days,
        locale=sign_up.language,
    )
    url = session.url or ""
    SignUp.objects.filter(pk=sign_up.pk).update(stripe_session_id=session.id, checkout_url=url)
    return url


def _check(order: Order) -> None:
    if not Plan.objects.filter(pk=order.plan, is_offered=True).exists():
        fields = {"plan": _("Choose one of the plans that are offered.")}
        raise Problem(_("There is no such plan."), code="unknown_plan", fields=fields)
    if order.country not in COUNTRIES:
        fields = {"country": _("Choose one of: %(countries)s.") % {"countries": ", ".join(COUNTRIES)}}
        raise Problem(_("We do not serve this country yet."), code="unknown_country", fields=fields)
    if order.workspace_id is None:
        return
    with tenant(order.workspace_id):
        if billing.is_served(billing.subscription()):
            raise Conflict(
                _("This studio has a subscription. Change it in Settings > Plan and billing."),
                code="already_subscribed",
            )


def _former(order: Order) -> Subscription | None:
    """The studio's ended subscription, when it had one: it stays the same customer and has had its trial."""
    if order.workspace_id is None:
        return None
    with tenant(order.workspace_id):
        return billing.subscription()


def _reusable(order: Order, now: datetime) -> SignUp | None:
    """A second click must not make a second purchase; only for people we know, as an address alone proves nothing."""
    if order.user is None:
        return None
    rows = SignUp.objects.filter(
        user=order.user,
        plan_id=order.plan,
        studio=order.studio,
        state=SignUp.State.OPEN,
        created_at__gt=now - SESSION_LIVES,
    )
    same = rows.filter(workspace_id=order.workspace_id) if order.workspace_id else rows.filter(workspace=None)
    return same.select_related("plan").order_by("created_at").first()


def _write(order: Order, now: datetime) -> SignUp:
    with atomic():
        return SignUp.objects.create(
            email=normal_email(order.email),
            studio=order.studio,
            country=order.country,
            language=order.language,
            affiliate=order.affiliate,
            plan=Plan.objects.get(pk=order.plan),
            user=order.user,
            workspace_id=order.workspace_id,
            created_at=now,
        )


def _metadata(sign_up: SignUp) -> dict[str, str]:
    data = {
        "signup": str(sign_up.pk),
        "plan": sign_up.plan_id,
        "studio": sign_up.studio,
        "country": sign_up.country,
        "affiliate": sign_up.affiliate,
    }
    return {name: value for name, value in data.items() if value}
