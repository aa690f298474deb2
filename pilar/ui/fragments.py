"""Parts of pages that a page asks for again every few seconds.

A part carries no `hx-` attributes: the element around it, in the page, does. So a part needs no nonce, and the browser
may keep it and ask only whether it changed.
"""

import hashlib
import re
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags

_CHANGES_EVERY_TIME = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')


def fragment(request: HttpRequest, template: str, context: dict[str, Any], *, finished: bool = False) -> HttpResponse:
    """Render a polled part with an ETag, or answer 304 when the reader has it already.

    With `finished` the browser is told to load the whole page once more, which ends the polling.
    """
    body = render_to_string(template, context, request)
    etag = '"' + hashlib.sha256(_CHANGES_EVERY_TIME.sub("", body).encode()).hexdigest()[:32] + '"'
    known = etag in parse_etags(request.headers.get("If-None-Match", ""))
    response = HttpResponseNotModified() if known and not finished else HttpResponse(body)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    patch_vary_headers(response, ["Cookie", "Accept-Language"])
    if finished:
        response["HX-Refresh"] = "true"
    return response
