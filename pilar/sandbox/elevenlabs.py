"""ElevenLabs: the list of voices from which a studio chooses one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from pilar.sandbox.faults import operation

if TYPE_CHECKING:
    from pilar.sandbox.state import World

Voice = dict[str, object]


def _voice(voice_id: str, name: str, gender: str, language: str, accent: str) -> Voice:
    return {
        "voice_id": voice_id,
        "name": name,
        "category": "premade",
        "labels": {"gender": gender, "language": language, "accent": accent, "use_case": "conversational"},
        "preview_url": "",
        "verified_languages": [{"language": language, "accent": accent}],
    }


def _catalogue() -> list[Voice]:
    return [
        _voice("sbxVoiceLena00000001", "Lena", "female", "de", "standard"),
        _voice("sbxVoiceJonas0000002", "Jonas", "male", "de", "standard"),
        _voice("sbxVoiceMira00000003", "Mira", "female", "de", "austrian"),
        _voice("sbxVoiceEmma00000004", "Emma", "female", "en", "british"),
        _voice("sbxVoiceLiam00000005", "Liam", "male", "en", "american"),
        _voice("sbxVoiceLucia0000006", "Lucía", "female", "es", "peninsular"),
        _voice("sbxVoiceChloe0000007", "Chloé", "female", "fr", "parisian"),
        _voice("sbxVoiceMarco0000008", "Marco", "male", "it", "standard"),
    ]


@dataclass
class State:
    voices: list[Voice] = field(default_factory=_catalogue)

    def summary(self) -> dict[str, object]:
        return {"voices": len(self.voices)}


def routes(world: World) -> list[Route]:
    return [
        Route("/v2/voices", operation("elevenlabs", "voices.list")(list_voices)),
        Route("/v1/voices", operation("elevenlabs", "voices.list")(list_voices)),
        Route("/v1/voices/{voice_id}", operation("elevenlabs", "voices.get")(get_voice)),
        Route("/v1/user", operation("elevenlabs", "user.get")(get_user)),
    ]


def _error(status: int, word: str, message: str) -> JSONResponse:
    return JSONResponse({"detail": {"status": word, "message": message}}, status_code=status)


def _refused(request: Request) -> JSONResponse | None:
    world: World = request.app.state.world
    if request.headers.get("xi-api-key") == world.settings.elevenlabs_api_key:
        return None
    return _error(401, "invalid_api_key", "Invalid API key")


async def list_voices(request: Request) -> Response:
    """`GET /v2/voices?search=&page_size=&next_page_token=`; the token is the position to go on at."""
    refusal = _refused(request)
    if refusal:
        return refusal
    try:
        size = int(request.query_params.get("page_size", "10"))
        start = int(request.query_params.get("next_page_token") or 0)
    except ValueError:
        return _error(422, "invalid_parameters", "page_size and next_page_token must be what the API gave")
    if not 1 <= size <= 100:
        return _error(422, "invalid_parameters", "page_size must be between 1 and 100")
    search = request.query_params.get("search", "").lower()
    world: World = request.app.state.world
    found = [voice for voice in world.voices.voices if search in str(voice["name"]).lower()]
    more = start + size < len(found)
    return JSONResponse(
        {
            "voices": found[start : start + size],
            "has_more": more,
            "total_count": len(found),
            "next_page_token": str(start + size) if more else None,
        }
    )


async def get_voice(request: Request) -> Response:
    refusal = _refused(request)
    if refusal:
        return refusal
    world: World = request.app.state.world
    wanted = request.path_params["voice_id"]
    for voice in world.voices.voices:
        if voice["voice_id"] == wanted:
            return JSONResponse(voice)
    return _error(404, "voice_not_found", f"A voice with voice_id {wanted} was not found.")


async def get_user(request: Request) -> Response:
    refusal = _refused(request)
    if refusal:
        return refusal
    subscription = {"tier": "creator", "character_count": 0, "character_limit": 100_000, "status": "active"}
    return JSONResponse({"user_id": "sandbox", "subscription": subscription})
