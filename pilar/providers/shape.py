"""How we read a provider's answer: what we rely on, and nothing else."""

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Shape(BaseModel):
    """What we rely on in an answer; anything else may change without our noticing.

    A null is as good as a field that is absent, and an id may come as a number: providers do not always do as they say.
    """

    model_config = ConfigDict(extra="ignore", frozen=True, coerce_numbers_to_str=True)

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {name: value for name, value in data.items() if value is not None}
