"""What the studios and their money show operators, and what a search finds: people, studios, Stripe's ids."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.urls import reverse
from django.utils.translation import gettext as _

from pilar.kernel import money
from pilar.kernel.console import Cell, Drawing, Found, Table, Tile, as_uuid, list_of
from pilar.ui import words
from workspaces.models import Membership, SignUp, Subscription, User, Workspace

SHOWN = 10
LATE = ("past_due", "unpaid", "incomplete")
STUDIOS = "workspaces_workspace"
Status = Workspace.Status


def studios(now: datetime) -> Drawing:
    """Studios by their standing, the new ones of a week, and what they pay a month."""
    counts = dict(Workspace.objects.values_list("status").annotate(Count("pk")))
    tiles = [_standing(state, counts.get(state, 0)) for state in (Status.ACTIVE, Status.PENDING, Status.SUSPENDED)]
    new = Workspace.objects.filter(created_at__gt=now - timedelta(days=7)).count()
    return Drawing([*tiles, Tile(_("New within a week"), new, list_of(STUDIOS)), *_money()])


def _standing(state: Status, count: int) -> Tile:
    return Tile(state.label, count, list_of(STUDIOS, status__exact=state), bad=state == Status.SUSPENDED and count > 0)


def _money() -> list[Tile]:
    table = "workspaces_subscription"
    standing = Subscription.objects.aggregate(
        paid=Sum("plan__price_cents", filter=Q(status="active")),
        trials=Count("pk", filter=Q(status="trialing")),
        late=Count("pk", filter=Q(status__in=LATE)),
    )
    monthly = money.cents(standing["paid"] or 0)
    return [
        Tile(_("Paid a month, net"), monthly, list_of(table, status__exact="active")),
        Tile(_("In their trial"), standing["trials"], list_of(table, status__exact="trialing")),
        Tile(
            _("Payment is late"),
            standing["late"],
            list_of(table, status__in=",".join(LATE)),
            bad=bool(standing["late"]),
        ),
    ]


def of_studio(workspace_id: UUID, _now: datetime) -> Drawing:
    """A studio's plan, what Stripe says of it, and its people."""
    studio = Workspace.objects.select_related("plan").get(pk=workspace_id)
    paid = Subscription.objects.first()
    tiles = [
        Tile(_("Standing"), studio.get_status_display(), bad=studio.status == Status.SUSPENDED),
        Tile(_("Plan"), studio.plan.name),
        Tile(
            _("Subscription"),
            words.word("subscription", paid.status) if paid else "–",
            bad=bool(paid and paid.status in LATE),
        ),
        Tile(_("Country"), studio.country, note=studio.timezone),
    ]
    people = Membership.objects.filter(workspace_id=workspace_id).select_related("user").order_by("created_at")[:SHOWN]
    rows = [
        [
            Cell(one.user.email, reverse("admin:workspaces_user_change", args=[one.user_id])),
            Cell(one.get_role_display()),
        ]
        for one in people
    ]
    return Drawing(tiles, Table((_("Person"), _("Role")), rows, _("Nobody has claimed this studio yet.")))


def find(term: str) -> Iterator[Found]:
    """Find studios by id or name, people by address, and both by Stripe's ids."""
    wanted = as_uuid(term)
    by_name = Q(pk=wanted) if wanted else Q(name__icontains=term)
    for studio in Workspace.objects.filter(by_name).order_by("name")[:SHOWN]:
        yield Found(_("studio"), studio.name, reverse("workspaces:console_studio", args=[studio.pk]))
    people = User.objects.filter(pk=wanted) if wanted else User.objects.filter(email__icontains=term)
    found = list(people.order_by("email")[:SHOWN])
    homes = dict(Membership.objects.filter(user__in=found).values_list("user_id", "workspace_id"))
    for person in found:
        url = reverse("admin:workspaces_user_change", args=[person.pk])
        yield Found(_("person"), person.email, url, homes.get(person.pk))
    for paid in Subscription.objects.filter(Q(stripe_customer_id=term) | Q(stripe_subscription_id=term))[:SHOWN]:
        url = reverse("admin:workspaces_subscription_change", args=[paid.pk])
        yield Found(
            _("subscription"),
            f"{paid.stripe_subscription_id} ({words.word('subscription', paid.status)})",
            url,
            paid.workspace_id,
        )
    for sign_up in SignUp.objects.filter(stripe_session_id=term)[:1]:
        url = reverse("admin:workspaces_signup_change", args=[sign_up.pk])
        yield Found(_("purchase"), sign_up.email, url)
