"""What every input of the API has in common: nothing unknown is accepted, nothing is guessed."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from pilar.api.json import camel

WORKSPACE_FIELD = "workspace_id"
"""Read by the door itself, which holds it against the caller's own."""


class Strict(serializers.Serializer[Any]):
    """Refuses fields that the operation does not know: a misspelt name must not be silently without effect.

    Numbers are no texts either: DRF alone would store 5 as "5".
    """

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            unknown = [str(name) for name in data if name not in self.fields and name != WORKSPACE_FIELD]
            wrong = {camel(name): [_("There is no such field.")] for name in unknown}
            wrong |= {camel(name): [reason] for name, reason in self._numbers(data)}
            if wrong:
                raise serializers.ValidationError(wrong)
        return super().to_internal_value(data)

    def _numbers(self, data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        for name, field in self.fields.items():
            values = [data.get(name)]
            if isinstance(field, serializers.ListField) and isinstance(values[0], list):
                field, values = field.child, values[0]
            if isinstance(field, serializers.CharField) and any(isinstance(one, int | float) for one in values):
                yield name, str(field.error_messages["invalid"])


def checked(serializer: type[serializers.Serializer[Any]], data: Any) -> dict[str, Any]:
    """Return the validated input. Raises ValidationError, which becomes a 400 naming the fields."""
    filled = serializer(data=data)
    filled.is_valid(raise_exception=True)
    return dict(filled.validated_data)
