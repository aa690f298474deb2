"""Where a page may send its forms: ours, and Stripe's own pages for those that lead to a payment."""

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

STRIPE = "https://api.stripe.com"
STRIPE_PAGES = ("https://checkout.stripe.com", "https://billing.stripe.com")

View = Callable[..., HttpResponse]
Policy = Mapping[str, Collection[str]]


def payment_hosts() -> tuple[str, ...]:
    """Return where Stripe's hosted pages are; a Stripe at another address (the sandbox) serves them itself."""
    base = settings.STRIPE_API_BASE
    if base == STRIPE:
        return STRIPE_PAGES
    parts = urlsplit(base)
    return (f"{parts.scheme}://{parts.netloc}",)


def changed(directives: Policy) -> Policy:
    """Return the product's policy with some directives in place of its own."""
    usual: Policy = settings.SECURE_CSP
    return {**usual, **directives}


def leads_to_payment(view: View) -> View:
    """Let the page's forms end on Stripe's pages: browsers hold redirects of a form against `form-action` too."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        policy = changed({"form-action": [CSP.SELF, *payment_hosts()]})
        return csp_override(policy)(view)(request, *args, **kwargs)

    return inner
