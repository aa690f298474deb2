"""Inputs and answers of this room's routes."""

import base64
import binascii
import json
import re
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework import serializers

from pilar.api.json import storable
from pilar.api.serializers import Strict
from pilar.kernel import zones
from workspaces.api_keys import SCOPES
from workspaces.models import ApiKey, Invitation, StudioDocument
from workspaces.models.access import MemberRole
from workspaces.places import COUNTRIES

LONGEST_OPENING_HOURS = 4000


class NewApiKey(Strict):
    name = serializers.CharField(max_length=80)
    role = serializers.ChoiceField(choices=MemberRole.choices, default=MemberRole.OWNER.value)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=SCOPES), max_length=len(SCOPES), required=False, default=list
    )


class ApiKeyShown(serializers.ModelSerializer[ApiKey]):
    class Meta:
        model = ApiKey
        fields = ("id", "name", "prefix", "role", "scopes", "created_at", "last_used_at")


class ApiKeyCreated(ApiKeyShown):
    """`apiKey` is shown this once."""

    api_key = serializers.CharField(read_only=True)

    class Meta(ApiKeyShown.Meta):
        fields = (*ApiKeyShown.Meta.fields, "workspace_id", "api_key")  # type: ignore[assignment]


class NewInvitation(Strict):
    email = serializers.EmailField(max_length=254)
    role = serializers.ChoiceField(choices=MemberRole.choices, default=MemberRole.COACH.value)


class InvitationShown(serializers.ModelSerializer[Invitation]):
    class Meta:
        model = Invitation
        fields = ("id", "email", "role", "invited_by", "expires_at", "created_at")


class NewCheckout(Strict):
    plan = serializers.CharField(max_length=20)
    studio = serializers.CharField(max_length=120, required=False)
    country = serializers.ChoiceField(choices=COUNTRIES, required=False)


class Redirection(serializers.Serializer[Any]):
    url = serializers.URLField(help_text="Send the browser there.")


class TimeWindow(Strict):
    start = serializers.TimeField(input_formats=["%H:%M"])
    end = serializers.TimeField(input_formats=["%H:%M", "24:00"])

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and data.get("end") == "24:00":
            data = data | {"end": "23:59"}
        return super().to_internal_value(data)


class StudioDetails(Strict):
    name = serializers.CharField(max_length=120)
    legal_name = serializers.CharField(max_length=200)
    street = serializers.CharField(max_length=200)
    postal_code = serializers.CharField(max_length=20)
    city = serializers.CharField(max_length=120)
    country = serializers.ChoiceField(choices=COUNTRIES)
    register_number = serializers.CharField(max_length=60, required=False, allow_blank=True)
    vat_id = serializers.RegexField(r"^[A-Z]{2}[A-Z0-9]{2,13}$", required=False, allow_blank=True)
    website = serializers.URLField(max_length=300, required=False, allow_blank=True)
    representative_name = serializers.CharField(max_length=150)
    representative_email = serializers.EmailField()
    opening_hours = serializers.DictField(child=serializers.JSONField(), required=False)
    goals = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    tone = serializers.CharField(max_length=200, required=False, allow_blank=True)
    language = serializers.CharField(max_length=5, required=False)
    timezone = serializers.CharField(max_length=64, required=False)
    time_window = TimeWindow(required=False)

    def validate_opening_hours(self, value: dict[str, Any]) -> dict[str, Any]:
        if len(json.dumps(value)) > LONGEST_OPENING_HOURS:
            raise serializers.ValidationError(_("The opening hours are too long."))
        return value

    def validate_language(self, value: str) -> str:
        language = value.lower()
        if language not in dict(settings.LANGUAGES):
            raise serializers.ValidationError(
                _("Choose one of: %(languages)s.") % {"languages": ", ".join(_languages())}
            )
        return language

    def validate_timezone(self, value: str) -> str:
        if value not in zones.known():
            raise serializers.ValidationError(_("There is no such time zone. Send a name such as Europe/Berlin."))
        return value


def _languages() -> list[str]:
    return [code for code, _name in settings.LANGUAGES]


class StudioCompleted(serializers.Serializer[Any]):
    workspace_id = serializers.UUIDField()
    version = serializers.IntegerField()
    status = serializers.CharField(help_text="Where the workspace stands: pending, active, suspended")


_UNSAFE_NAME = re.compile(r"[\x00-\x1f/\\]")


class NewDocument(Strict):
    """As JSON: `content` is the file in base64. As multipart: the file is in `file`."""

    kind = serializers.ChoiceField(choices=StudioDocument.Kind.choices)
    filename = serializers.CharField(max_length=150, required=False)
    content_type = serializers.CharField(max_length=50, required=False)
    content = serializers.CharField(required=False, max_length=14_000_000, trim_whitespace=True)
    file = serializers.FileField(required=False)

    def validate_filename(self, value: str) -> str:
        return _UNSAFE_NAME.sub("_", value)

    def validate_content(self, value: str) -> bytes:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise serializers.ValidationError(_("Send the file in base64.")) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("file" in attrs) == ("content" in attrs):
            raise serializers.ValidationError({"content": [_("Send either content in base64, or a file.")]})
        return attrs


def uploaded(attrs: dict[str, Any]) -> tuple[str, bytes]:
    """Return name and content of a validated upload, whichever way it came."""
    given = attrs.get("file")
    if given is None:
        return attrs.get("filename") or attrs["kind"], attrs["content"]
    name = storable(str(given.name))[:150]
    return attrs.get("filename") or _UNSAFE_NAME.sub("_", name) or attrs["kind"], given.read()


class DocumentShown(serializers.ModelSerializer[StudioDocument]):
    class Meta:
        model = StudioDocument
        fields = ("id", "kind", "filename", "content_type", "size", "uploaded_at")
