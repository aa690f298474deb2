"""What Prometheus sees of the providers."""

from prometheus_client import Counter, Histogram

CALLS = Counter("pilar_provider_calls", "Calls to providers by how they ended", ["provider", "operation", "outcome"])
SECONDS = Histogram(
    "pilar_provider_call_seconds",
    "How long providers took to answer",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 45),
)
BREAKERS = Counter("pilar_provider_breaker_opened", "Breakers that opened", ["provider", "scope"])
WEBHOOKS = Counter("pilar_webhooks", "Webhooks received by outcome", ["provider", "outcome"])
