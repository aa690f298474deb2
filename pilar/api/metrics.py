"""Figures for Prometheus, for the platform's own token or from the networks of METRICS_NETWORKS.

Labels never name a workspace or a person.
"""

import os
from hmac import compare_digest
from ipaddress import ip_address

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from pilar.api import client
from pilar.backplane.metrics import QueueCollector

REQUESTS = Histogram(
    "pilar_http_request_seconds",
    "Time to answer a request",
    ["method", "route", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 5, 10),
)


REGISTRY.register(QueueCollector())


@require_GET
def metrics(request: HttpRequest) -> HttpResponse:
    """Serve what this process counted, or all web processes together when they share a folder. 404 for strangers."""
    if not (_holds_token(request) or _is_near(request)):
        raise Http404
    registry: CollectorRegistry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        registry.register(QueueCollector())
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _holds_token(request: HttpRequest) -> bool:
    scheme, _space, token = request.headers.get("Authorization", "").partition(" ")
    secret: str = settings.CRON_SECRET
    is_bearer = bool(secret) and scheme.lower() == "bearer"
    return is_bearer and compare_digest(token.strip().encode("utf-8", "replace"), secret.encode())


def _is_near(request: HttpRequest) -> bool:
    try:
        address = ip_address(client.address(request))
    except ValueError:
        return False
    return any(address in network for network in settings.METRICS_NETWORKS)
