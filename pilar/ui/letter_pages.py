"""The operators' preview: each letter in each language, as HTML and as text, with invented contents."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.csp import CSP
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from pilar.providers.email.rendering import Rendered
from pilar.providers.email.rendering import render as draw
from pilar.ui.letter_samples import samples

ONLY_STYLES: dict[str, Any] = {
    "default-src": [CSP.NONE],
    "style-src": [CSP.UNSAFE_INLINE],
    "img-src": ["data:"],
    "frame-ancestors": [CSP.SELF],
    "sandbox": True,
}
"""A letter brings its styles with it and may do nothing: no script, no form, no foreign host."""


def preview(request: HttpRequest) -> HttpResponse:
    """Show one letter beside the list of all."""
    name, language = request.GET.get("letter", "claim"), request.GET.get("language", "de")
    context = {
        **admin.site.each_context(request),
        "title": _("Letters"),
        "letters": [(one, _letter(one, language).subject) for one in samples()],
        "languages": settings.LANGUAGES,
        "name": name,
        "language": language,
        "letter": _letter(name, language),
    }
    return render(request, "admin/letters/preview.html", context)


@xframe_options_sameorigin
@csp_override(ONLY_STYLES)
def frame(request: HttpRequest) -> HttpResponse:
    """The HTML of a letter, for the frame of the preview."""
    return HttpResponse(_letter(request.GET.get("letter", ""), request.GET.get("language", "")).html)


def _letter(name: str, language: str) -> Rendered:
    values = samples().get(name)
    if values is None or language not in dict(settings.LANGUAGES):
        raise Http404
    return draw(name.partition(":")[0], values, language=language)
