"""How the operators' admin looks and where its sidebar leads: by what operators do, not by the tables."""

from typing import Any

from django.templatetags.static import static
from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


def _link(title: Any, icon: str, route: str) -> dict[str, Any]:
    return {"title": title, "icon": icon, "link": reverse_lazy(route)}


def _jobs() -> dict[str, Any]:
    """The list alone: the queue and the dead letters, which lie below its address, have links of their own."""
    link = _link(pgettext_lazy("admin", "Jobs"), "list_alt", "admin:backplane_autopilotjob_changelist")
    return {**link, "active": lambda request: request.path == link["link"]}


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "PILAR",
    "SITE_HEADER": "PILAR",
    "SITE_SUBHEADER": _("for operators"),
    "SITE_ICON": lambda _request: static("img/favicon.svg"),
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("img/favicon.svg")}],
    "STYLES": [lambda _request: static("css/console.css")],
    "DASHBOARD_CALLBACK": "pilar.dashboard.console.front",
    "COLORS": {
        "primary": {
            "50": "oklch(0.97 0.02 190)",
            "100": "oklch(0.94 0.03 190)",
            "200": "oklch(0.89 0.05 190)",
            "300": "oklch(0.83 0.07 190)",
            "400": "oklch(0.76 0.09 190)",
            "500": "oklch(0.72 0.09 190)",
            "600": "oklch(0.44 0.07 190)",
            "700": "oklch(0.38 0.06 190)",
            "800": "oklch(0.32 0.05 190)",
            "900": "oklch(0.27 0.04 190)",
            "950": "oklch(0.21 0.03 190)",
        }
    },
    "SIDEBAR": {
        "navigation": [
            {
                "items": [
                    _link(_("Overview"), "dashboard", "admin:index"),
                    _link(_("The queue now"), "monitoring", "admin:backplane_queue"),
                    _link(_("Dead letters"), "report", "admin:backplane_dead"),
                    _link(_("Incidents"), "emergency", "admin:health_incident_changelist"),
                ]
            },
            {
                "title": _("Studios"),
                "separator": True,
                "items": [
                    _link(_("Studios"), "storefront", "admin:workspaces_workspace_changelist"),
                    _link(_("Set-ups"), "rocket_launch", "admin:provisioning_provisioningjob_changelist"),
                    _link(_("Subscriptions"), "credit_card", "admin:workspaces_subscription_changelist"),
                    _link(_("Invoices"), "receipt_long", "admin:workspaces_invoice_changelist"),
                    _link(_("Purchases"), "shopping_cart", "admin:workspaces_signup_changelist"),
                    _link(pgettext_lazy("admin", "People"), "group", "admin:workspaces_user_changelist"),
                    _link(_("Questions to us"), "mail", "admin:workspaces_contactrequest_changelist"),
                    _link(_("Letters"), "drafts", "admin:workspaces_user_letters"),
                ],
            },
            {
                "title": _("Engine"),
                "separator": True,
                "items": [
                    _jobs(),
                    _link(_("Events"), "bolt", "admin:backplane_autopilotevent_changelist"),
                    _link(_("Waits"), "hourglass", "admin:backplane_wait_changelist"),
                    _link(_("Effects"), "send", "admin:backplane_effect_changelist"),
                    _link(_("Webhooks"), "webhook", "admin:backplane_webhookreceipt_changelist"),
                    _link(_("Calls to providers"), "call_made", "admin:providers_providercall_changelist"),
                    _link(_("Connections"), "cable", "admin:providers_connection_changelist"),
                    _link(_("Prices"), "euro", "admin:providers_price_changelist"),
                    _link(_("Audit"), "history", "admin:backplane_auditlog_changelist"),
                ],
            },
        ],
    },
}
