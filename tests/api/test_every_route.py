"""The route ring: every route of the product names who may call it, and a table says what each caller gets."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from pilar.api.access import RuleView
from pilar.kernel.principal import Role

pytestmark = pytest.mark.thorough
OPEN = {
    "healthz": "liveness",
    "readyz": "readiness",
    "metrics": "the token or a network of METRICS_NETWORKS; checked by its own tests",
    "api/schema": "the API's description",
    "api/docs": "the API's description",
    "ui/theme": "a cookie",
    "ui/sidebar": "a cookie",
    "ui/language": "a cookie",
    "ui/gallery": "staff, or while developing; checked by its own tests",
    "api/webhooks/stripe": "the signature is the credential",
    "api/webhooks/whatsapp": "the signature is the credential",
    "^api/webhooks/twilio/(?P<kind>voice|sms|status)/(?P<workspace_id>[0-9a-fA-F-]{36})$": "the signature",
    "api/provisioning/whatsapp/webhook/verify": "the signature is the credential",
}
"""Routes without a rule of ours, each with the reason."""
FOREIGN = ("accounts/", "admin/")
"""Libraries that guard their own doors: allauth and the admin, which is for staff only."""


@dataclass(frozen=True)
class Route:
    path: str
    view: Any

    @property
    def rules(self) -> Any:
        return getattr(self.view, "view_class", None) or getattr(self.view, "cls", None)


def routes(patterns: Any = None, prefix: str = "") -> Iterator[Route]:
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry.url_patterns, path)
        elif isinstance(entry, URLPattern) and not path.startswith(FOREIGN):
            yield Route(path, entry.callback)


ALL = list(routes())
API = [route for route in ALL if route.rules and issubclass(route.rules, RuleView)]


def test_the_guard_finds_routes() -> None:
    assert len(API) > 15
    assert len(ALL) > len(API) + 20


def test_every_route_names_its_rule_or_is_listed_as_open_with_a_reason() -> None:
    silent = {route.path for route in ALL if route not in API and not hasattr(route.view, "page_role")}
    assert silent - set(OPEN) == set()


def test_no_entry_of_the_open_list_is_stale() -> None:
    assert set(OPEN) - {route.path for route in ALL} == set()


@pytest.mark.parametrize("route", API, ids=lambda route: route.path)
def test_every_method_of_the_api_has_a_rule(route: Route) -> None:
    offered = {name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(route.rules, name)}
    assert offered <= set(route.rules.access), route.path


def test_every_scope_that_a_rule_asks_for_can_be_given_to_a_key() -> None:
    from workspaces.api_keys import SCOPES

    asked = {rule.scope for route in API for rule in route.rules.access.values() if rule.scope}
    assert asked - set(SCOPES) == set()


def test_no_rule_lets_everybody_who_is_signed_in_do_something_by_accident() -> None:
    wide = {
        (route.path, method)
        for route in API
        for method, rule in route.rules.access.items()
        if rule.role is None and not rule.public and hasattr(route.rules, method.lower())
    }
    assert wide == {("api/billing/checkout", "POST")}


def test_system_routes_are_not_open_to_members() -> None:
    system = [rule for route in API for rule in route.rules.access.values() if rule.role is Role.SYSTEM]
    assert system
    assert not any(rule.public for rule in system)
