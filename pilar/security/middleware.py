"""What the browser may do with our answers: keep none that are somebody's own, and in the admin run what unfold needs.

The policy of the staff-only admin is one of two named exceptions (docs/security.md): unfold needs `eval` and inline style.
"""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override

from pilar.security.csp import changed

ADMIN = {
    "script-src": [CSP.SELF, CSP.UNSAFE_EVAL],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "frame-src": [CSP.SELF],
}


class OwnAnswers:
    """Whoever brings a session gets nothing that may be kept, whichever library drew the page; what says more for
    itself keeps that.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.SESSION_COOKIE_NAME in request.COOKIES:
            response.headers.setdefault("Cache-Control", "private, no-store")
        return response


class AdminPolicy:
    """Loosens script and style for signed-in operators on the admin's own pages, and for nobody and nothing else.

    A view with a policy of its own keeps it: the preview of letters is stricter.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(reverse("admin:index")) or not request.user.is_staff:
            return self.get_response(request)
        response = self.get_response(request)
        if hasattr(response, "_csp_config"):
            return response
        return csp_override(changed(ADMIN))(lambda _request: response)(request)
