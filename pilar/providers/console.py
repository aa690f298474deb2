"""What the providers' calls show operators, and what a search finds by a provider's identifiers."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count, Q
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from pilar.kernel import switchboard
from pilar.kernel.console import Cell, Drawing, Found, Table, Wording, as_number, list_of, moment
from pilar.kernel.errors import ContactOutcome, ErrorClass
from pilar.providers.models import Breaker, Connection, GlobalBreaker, PhoneNumber, ProviderCall, ProviderRoute

SHOWN = 10
FINE = ("ok", "delivered")
_ERRORS: Mapping[str, str | Promise] = {
    ErrorClass.TRANSIENT_NETWORK: gettext_lazy("Network trouble"),
    ErrorClass.RATE_LIMITED: gettext_lazy("Too many at once"),
    ErrorClass.INTEGRATION_OFFLINE: gettext_lazy("Provider is down"),
    ErrorClass.THIRD_PARTY_AUTH_FAILED: gettext_lazy("Credentials refused"),
    ErrorClass.CONFIGURATION_ERROR: gettext_lazy("Wrongly set up"),
    ErrorClass.PROVISIONING_ERROR: gettext_lazy("Refused by the provider"),
}
_OUTCOMES: Mapping[str, str | Promise] = {
    "ok": gettext_lazy("Answered"),
    **_ERRORS,
    ContactOutcome.OPTED_OUT: gettext_lazy("The person said stop"),
    ContactOutcome.UNREACHABLE: gettext_lazy("Number not reachable"),
    ContactOutcome.WINDOW_CLOSED: gettext_lazy("Outside the 24 hours"),
    ContactOutcome.CAPPED: gettext_lazy("Held back by WhatsApp"),
}
_ROUTES: Mapping[str, str | Promise] = {
    "account_sid": gettext_lazy("Account"),
    "phone_number_id": gettext_lazy("WhatsApp number"),
    "waba_id": gettext_lazy("WhatsApp account"),
    "customer": gettext_lazy("Customer"),
    "subscription": gettext_lazy("Subscription"),
}
_CATEGORIES: Mapping[str, str | Promise] = {
    "MARKETING": gettext_lazy("Marketing"),
    "UTILITY": pgettext_lazy("template", "Service"),
    "AUTHENTICATION": pgettext_lazy("template", "Sign-in"),
}


wordings = [
    Wording.of("error_class", _ERRORS),
    Wording.of("outcome", _OUTCOMES),
    Wording.of("route", _ROUTES),
    Wording.of("template_category", _CATEGORIES),
]


def calls(now: datetime) -> Drawing:
    """The last hour of each provider, over all studios."""
    recent = ProviderCall.objects.filter(at__gt=now - timedelta(hours=1))
    figures = recent.values("provider").annotate(
        calls=Count("pk"), failed=Count("pk", filter=~Q(outcome__in=FINE)), average=Avg("milliseconds")
    )
    opened = dict(
        Breaker.objects.filter(open_until__gt=now).values_list("provider").annotate(studios=Count("workspace_id"))
    )
    shared = set(GlobalBreaker.objects.filter(open_until__gt=now).values_list("provider", flat=True))
    rows = [_row(entry, opened.get(entry["provider"], 0), shared) for entry in figures.order_by("provider")]
    columns = (_("Provider"), _("Calls"), _("Failed"), _("Average"), _("Open breakers"))
    return Drawing(table=Table(columns, rows, _("Nobody was called within the last hour.")))


def _row(entry: Mapping[str, Any], opened: int, shared: set[str]) -> list[Cell]:
    name = entry["provider"]
    everywhere = name in shared
    said = _("for everybody") if everywhere else _("%(count)s studios") % {"count": opened} if opened else "–"
    return [
        Cell(
            switchboard.wordings["provider"].word(name),
            list_of("providers_providercall", provider__exact=name),
        ),
        Cell(entry["calls"]),
        Cell(entry["failed"], bad=entry["failed"] * 20 > entry["calls"]),
        Cell(_("%(ms)s ms") % {"ms": round(entry["average"] or 0)}),
        Cell(said, bad=bool(opened) or everywhere),
    ]


def of_studio(_workspace_id: UUID, now: datetime) -> Drawing:
    """A studio's connections and its newest calls that did not end well."""
    held = {row.provider: row for row in Breaker.objects.filter(open_until__gt=now)}
    rows = [
        [
            Cell(row.get_provider_display(), reverse("admin:providers_connection_change", args=[row.pk])),
            Cell(row.get_status_display(), bad=row.status in ("disconnected", "degraded")),
            Cell(moment(row.last_success_at)),
            Cell(row.last_error[:120], bad=bool(row.last_error)),
            Cell(pgettext("breaker", "open") if row.provider in held else "–", bad=row.provider in held),
        ]
        for row in Connection.objects.order_by("provider")
    ]
    columns = (_("Connection"), _("State"), _("Last success"), _("Last error"), _("Breaker"))
    return Drawing(table=Table(columns, rows, _("Nothing is connected yet.")))


def find(term: str) -> Iterator[Found]:
    """Find whom a provider's identifier belongs to: an account, a number, a phone-number id; or one call by its id."""
    for route in ProviderRoute.objects.filter(external_id=term)[:SHOWN]:
        named = switchboard.wordings["provider"].word(route.provider), _ROUTES.get(route.kind, route.kind)
        title = f"{named[0]}, {named[1]}: {route.external_id}"
        url = reverse("admin:providers_providerroute_change", args=[route.pk])
        yield Found(_("identifier"), title, url, route.workspace_id)
    for number in PhoneNumber.objects.filter(e164=as_number(term))[:SHOWN]:
        url = reverse("admin:providers_phonenumber_change", args=[number.pk])
        yield Found(_("number of a studio"), number.e164, url, number.workspace_id)
