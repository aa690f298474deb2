"""The public site: what the product is and costs, how it treats data, who runs it.

These pages carry no script, no token and no nonce, so that a browser may keep them and only ask whether they have changed.
"""

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.safestring import SafeString
from django.utils.translation import check_for_language, get_language
from django.views.decorators.http import conditional_page, require_http_methods, require_safe

from pilar.api import client, throttling
from pilar.kernel import clock
from pilar.security.csp import leads_to_payment
from workspaces import checkout, price_example, questions_and_answers
from workspaces import contact as questions
from workspaces.models import Plan
from workspaces.pages.base import public_page
from workspaces.pages.forms import ContactForm, PriceForm

PAGES = ("landing", "features", "pricing", "security", "faq")
LEGAL = ("imprint", "privacy", "terms", "processing", "withdrawal")
OFFERED_LANGUAGES = ("de", "en", "es", "fr", "it")
View = Callable[..., HttpResponse]


def kept(view: View) -> View:
    """Let the browser keep the page and ask whether it changed; `?lang=` chooses the language for good addresses."""

    @wraps(view)
    def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        chosen = request.GET.get("lang", "")
        language = chosen if chosen in dict(settings.LANGUAGES) and check_for_language(chosen) else get_language()
        with translation.override(language):
            response = view(request, *args, **kwargs)
            response.headers["Content-Language"] = language or settings.LANGUAGE_CODE
        response.headers.setdefault("Cache-Control", "private, no-cache")
        return response

    return conditional_page(inner)


def _address(path: str, language: str = "") -> str:
    return settings.PUBLIC_BASE_URL + path + (f"?lang={language}" if language else "")


def _common(path: str) -> dict[str, Any]:
    """What the head of every page names: its own address, and the same page in the other languages."""
    return {
        "canonical": _address(path, get_language() or ""),
        "alternates": [(code, _address(path, code)) for code in OFFERED_LANGUAGES],
        "default_address": _address(path),
        "og_image": settings.PUBLIC_BASE_URL + static("img/og.png"),
        "operator": settings.OPERATOR,
    }


def as_json_ld(data: dict[str, Any]) -> SafeString:
    """Structured data for search engines; `<` is escaped, so that no text in it can end the element."""
    return SafeString(
        json.dumps({"@context": "https://schema.org", **data}, ensure_ascii=False).replace("<", "\\u003c")
    )


def _structured(name: str, plans: list[Plan]) -> dict[str, Any]:
    if name == "faq":
        answers = [
            {
                "@type": "Question",
                "name": str(entry.question),
                "acceptedAnswer": {"@type": "Answer", "text": str(entry.answer)},
            }
            for entry in questions_and_answers.ALL
        ]
        return {"@type": "FAQPage", "mainEntity": answers}
    offers = [
        {"@type": "Offer", "name": plan.name, "price": f"{plan.price_cents / 100:.2f}", "priceCurrency": plan.currency}
        for plan in plans
    ]
    return {
        "@type": "SoftwareApplication",
        "name": "PILAR AUTOPILOT",
        "applicationCategory": "BusinessApplication",
        "operatingSystem": "Web",
        "url": _address("/"),
        "offers": offers,
    }


@require_safe
@kept
@public_page
@leads_to_payment
def page(request: HttpRequest, name: str) -> HttpResponse:
    """One page of the site."""
    plans = checkout.plans()
    context = _common(reverse(f"workspaces:{name}")) | {
        "plans": plans,
        "questions": questions_and_answers.ALL,
        "structured": as_json_ld(_structured(name, plans)),
        "each": price_example.CENTS_A_MESSAGE,
    }
    if name == "pricing":
        context |= _reckoned(request, plans)
    return render(request, f"marketing/{name}.html", context)


def _reckoned(request: HttpRequest, plans: list[Plan]) -> dict[str, Any]:
    """What a month costs the studio that the visitor describes; a usual one as long as nothing sensible was said."""
    form = PriceForm(request.GET) if PriceForm.base_fields.keys() & request.GET.keys() else PriceForm()
    given = form.cleaned_data if form.is_valid() else {name: field.initial for name, field in form.fields.items()}
    return {"reckon_form": form, "example": price_example.reckon(plans, **given)}


@require_safe
@kept
@public_page
def legal(request: HttpRequest, name: str) -> HttpResponse:
    """Imprint, privacy, terms: a template for each language, of which the German one binds."""
    language = get_language() or settings.LANGUAGE_CODE
    return render(request, f"marketing/legal/{language}/{name}.html", _common(reverse(f"workspaces:legal_{name}")))


@require_http_methods(["GET", "HEAD", "POST"])
@public_page
def contact(request: HttpRequest) -> HttpResponse:
    """A question from somebody who is not a customer yet. A machine that fills in what people cannot see is thanked too."""
    form = ContactForm(request.POST or None)
    if request.method == "POST":
        throttling.guard("contact:5/hour", client.address(request))
        if form.is_valid():
            given = form.cleaned_data
            if not given.pop("website"):
                questions.ask(**given, now=clock.now())
            return redirect(reverse("workspaces:contact") + "?sent")
    context = _common(reverse("workspaces:contact")) | {"form": form, "sent": "sent" in request.GET}
    return render(request, "marketing/contact.html", context, status=422 if form.is_bound else 200)


@require_safe
@conditional_page
@public_page
def sitemap(request: HttpRequest) -> HttpResponse:
    """The pages that a search engine should know, each in its languages."""
    paths = [reverse(f"workspaces:{name}") for name in (*PAGES, "contact", *(f"legal_{name}" for name in LEGAL))]
    pages = [
        {"address": _address(path), "alternates": [(c, _address(path, c)) for c in OFFERED_LANGUAGES]} for path in paths
    ]
    return render(request, "marketing/sitemap.xml", {"pages": pages}, content_type="application/xml")


@require_safe
@public_page
def robots(request: HttpRequest) -> HttpResponse:
    """Everything public may be read; what belongs to somebody is of no use to a search engine."""
    shut = (
        "/dashboard",
        "/accounts/",
        "/admin/",
        "/api/",
        "/checkout/return",
        "/claim/",
        "/invitation/",
        "/onboarding",
        "/setup",
    )
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in shut), f"Sitemap: {_address('/sitemap.xml')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")
