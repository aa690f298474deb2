"""How the API knows its callers: a workspace's key, the platform's token, or a signed-in member."""

from hmac import compare_digest
from typing import Any
from uuid import UUID

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from pilar.kernel import clock
from pilar.kernel.principal import SYSTEM, Principal
from workspaces import api_keys, directory
from workspaces.middleware import visit_of


def _bearer(request: Request) -> str:
    scheme, _space, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


class _ByHeader(BaseAuthentication):
    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class ApiKeyAuthentication(_ByHeader):
    """`Authorization: Bearer pilar_<prefix>_<secret>`."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        token = _bearer(request)
        if not token.startswith(api_keys.MARK):
            return None
        caller = api_keys.recognize(token, now=clock.now())
        if caller is None:
            raise AuthenticationFailed(
                _("This API key is unknown or revoked. Create a new one in Settings > Autopilot.")
            )
        return None, caller


class SystemAuthentication(_ByHeader):
    """`Authorization: Bearer $CRON_SECRET`. Without a configured secret it admits nobody."""

    def authenticate(self, request: Request) -> tuple[Any, Principal] | None:
        token = _bearer(request)
        if not token:
            return None
        secret = settings.CRON_SECRET
        if not secret or not compare_digest(token.encode("utf-8", "replace"), secret.encode()):
            raise AuthenticationFailed(
                _("This token is not valid. Send an API key as `Authorization: Bearer pilar_…`.")
            )
        return None, SYSTEM

    def knows(self, workspace_id: UUID) -> bool:
        """Say whether there is such a studio; the API's own floor cannot look for itself."""
        return directory.exists(workspace_id)


class MemberSessionAuthentication(SessionAuthentication):
    """A signed-in person in the studio they chose; writes need the CSRF token."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        visit = visit_of(request._request)
        if visit.user is None:
            return None
        self.enforce_csrf(request)
        return visit.user, visit.principal
