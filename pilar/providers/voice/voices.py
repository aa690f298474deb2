"""ElevenLabs: which voices there are. Choosing one means storing its id (providers.md 4.3)."""

import json
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from pilar.kernel.errors import ContactFailure, NotConfigured, ProviderError
from pilar.providers import calls, transport
from pilar.providers.classification import failure, garbage, retry_after
from pilar.providers.shape import Shape

PROVIDER = "elevenlabs"
PAGE = 100


class Language(Shape):
    language: str
    accent: str | None = None


class Voice(Shape):
    voice_id: str
    name: str
    category: str = ""
    labels: dict[str, Any] = {}
    preview_url: str | None = None
    verified_languages: list[Language] | None = None


class _Page(Shape):
    voices: list[Voice]
    has_more: bool = False
    next_page_token: str | None = None


def list_voices(*, search: str = "") -> list[Voice]:
    """Fetch the first hundred voices of our account that fit `search`. Raises as `calls.call` does."""
    if not settings.ELEVENLABS_API_KEY:
        raise NotConfigured(PROVIDER, _("ELEVENLABS_API_KEY is not set, so no voice can be chosen yet."))
    params = {"page_size": PAGE} | ({"search": search} if search else {})
    return calls.call(PROVIDER, "voices.list", lambda: _fetch(params).voices, read=True)


def _fetch(params: dict[str, Any]) -> _Page:
    headers = {"xi-api-key": settings.ELEVENLABS_API_KEY}
    answer = transport.request("GET", f"{settings.ELEVENLABS_BASE_URL}/v2/voices", headers=headers, params=params)
    if answer.status != 200:
        raise _refused(answer)
    return _Page.model_validate_json(answer.body)


def _refused(answer: transport.Answer) -> ProviderError | ContactFailure:
    try:
        body = json.loads(answer.body)
    except ValueError as error:
        body = None
        if answer.status < 400:
            return garbage(PROVIDER, error, status=answer.status)
    detail = body.get("detail") if isinstance(body, dict) else None
    detail = detail if isinstance(detail, dict) else {}
    return failure(
        PROVIDER,
        None,
        message=str(detail.get("message") or f"HTTP {answer.status}"),
        code=str(detail.get("status") or ""),
        status=answer.status,
        retry_after=retry_after(answer.headers),
    )
