"""Which parameters a call takes, read from the request types of Stripe's own SDK.

Those types are generated from Stripe's OpenAPI document for the API version we pin, so that the
simulator refuses an unknown or mistyped parameter at any depth without a list of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

import typing_extensions
from stripe import _request_options
from stripe._request_options import RequestOptions

from pilar.sandbox.stripe.errors import StripeError, invalid

Json = dict[str, Any]
MARKERS = (Required, NotRequired, typing_extensions.Required, typing_extensions.NotRequired)
# The types inherit the SDK's request options, whose annotations need the names of their own module.
INHERITED = {**vars(_request_options), "StripeContext": object}
MAX_METADATA = 50
MAX_KEY = 40
MAX_VALUE = 500


@dataclass
class Rule:
    """What one parameter may be; several kinds at once when the API allows them."""

    enum: tuple[Any, ...] = ()
    text: bool = False
    whole: bool = False
    decimal: bool = False
    flag: bool = False
    mapping: bool = False
    item: Rule | None = None
    struct: type | None = None
    clearable: bool = False

    def check(self, value: Any, path: str) -> Any:
        """The value as Python has it.

        Raises:
            StripeError: 400, the value does not fit; `param` names the place.
        """
        if isinstance(value, list):
            return self._check_list(value, path)
        if isinstance(value, dict):
            return self._check_hash(value, path)
        return self._check_scalar(value, path)

    def _check_list(self, values: list[Any], path: str) -> Any:
        if self.item is None:
            raise invalid(f"Invalid {self._name()}: {path} is an array", path)
        return [self.item.check(value, f"{path}[{index}]") for index, value in enumerate(values)]

    def _check_hash(self, value: Json, path: str) -> Any:
        if self.item is not None and all(key.isdigit() for key in value):
            ordered = [value[key] for key in sorted(value, key=int)]
            return self._check_list(ordered, path)
        if self.struct is not None:
            return check(self.struct, value, path)
        if self.mapping:
            return _check_metadata(value, path)
        raise invalid(f"Invalid {self._name()}: {path} is a hash", path)

    def _check_scalar(self, value: Any, path: str) -> Any:
        if value == "":
            return self._check_empty(path)
        if isinstance(value, bool):
            value = "true" if value else "false"
        written = str(value)
        if self.flag and written in ("true", "false"):
            return written == "true"
        if (self.whole or self.decimal) and re.fullmatch(r"-?\d{1,18}", written):
            return int(written)
        if self.decimal and re.fullmatch(r"-?\d+(\.\d+)?", written):
            return written
        if written in self.enum or self.text:
            return written
        raise self._refusal(written, path)

    def _check_empty(self, path: str) -> str:
        if self.clearable:
            return ""
        message = (
            f"You passed an empty string for '{path}'. We assume empty values are an attempt to unset a "
            f"parameter; however '{path}' cannot be unset. You should remove '{path}' from your request or "
            "supply a non-empty value."
        )
        raise invalid(message, path, "parameter_invalid_empty")

    def _refusal(self, written: str, path: str) -> StripeError:
        if self.enum:
            choices = ", ".join(map(str, self.enum[:-1])) + f", or {self.enum[-1]}"
            return invalid(f"Invalid {path}: must be one of {choices.removeprefix(', or ')}", path)
        if self.whole:
            return invalid(f"Invalid integer: {written}", path, "parameter_invalid_integer")
        return invalid(f"Invalid {self._name()}: {written}", path)

    def _name(self) -> str:
        if self.flag:
            return "boolean"
        if self.struct is not None or self.mapping:
            return "object"
        return "array" if self.item is not None else "string"


def check(struct: type, given: Json, path: str = "") -> Json:
    """Compare a hash of parameters with its type.

    Raises:
        StripeError: 400 for a parameter that is unknown, missing or of the wrong type.
    """
    rules, required = _rules(struct)
    for name in given:
        if name not in rules:
            raise invalid(f"Received unknown parameter: {_join(path, name)}", _join(path, name), "parameter_unknown")
    for name in required:
        if name not in given:
            place = _join(path, name)
            raise invalid(f"Missing required param: {place}.", place, "parameter_missing")
    return {name: rules[name].check(value, _join(path, name)) for name, value in given.items()}


def _join(path: str, name: str) -> str:
    return f"{path}[{name}]" if path else name


@cache
def _rules(struct: type) -> tuple[dict[str, Rule], tuple[str, ...]]:
    hints = get_type_hints(struct, localns=INHERITED, include_extras=True)
    names = [name for name in hints if name not in RequestOptions.__annotations__]
    rules = {name.rstrip("_"): _rule([hints[name]]) for name in names}
    rules |= BEYOND_SDK.get(struct.__name__, {})
    required = tuple(name for name in names if name in getattr(struct, "__required_keys__", ()))
    return rules, required


def _rule(hints: Iterable[Any]) -> Rule:
    rule = Rule()
    for hint in _flat(hints):
        if hint in _SCALARS:
            _SCALARS[hint](rule)
        elif get_origin(hint) in (Literal, typing_extensions.Literal):
            values = get_args(hint)
            rule.clearable = rule.clearable or "" in values
            rule.enum += tuple(value for value in values if value != "")
        elif get_origin(hint) is list:
            rule.item = _rule(get_args(hint))
        elif get_origin(hint) is dict:
            rule.mapping = True
        elif hasattr(hint, "__required_keys__"):
            rule.struct = hint
    # An "open" enumeration in the SDK is a closed one on the server of the pinned version.
    rule.text = rule.text and not rule.enum
    return rule


def _flat(hints: Iterable[Any]) -> Iterable[Any]:
    for hint in hints:
        if get_origin(hint) in (Union, UnionType, *MARKERS):
            yield from _flat(get_args(hint))
        else:
            yield hint


# Documented for the API, absent from the SDK's types.
BEYOND_SDK = {
    "AccountLinkCreateParamsUseCaseAccountOnboarding": {
        "configurations": Rule(item=Rule(enum=("customer", "merchant", "recipient")))
    }
}


def _set(name: str) -> Callable[[Rule], None]:
    return lambda rule: setattr(rule, name, True)


_SCALARS: dict[Any, Callable[[Rule], None]] = {
    str: _set("text"),
    int: _set("whole"),
    bool: _set("flag"),
    float: _set("decimal"),
    Decimal: _set("decimal"),
}


def _check_metadata(given: Json, path: str) -> dict[str, str]:
    if len(given) > MAX_METADATA:
        raise invalid(f"You can have at most {MAX_METADATA} keys in metadata.", path)
    for key, value in given.items():
        if not isinstance(value, str):
            raise invalid(f"Invalid string: {value}", _join(path, key))
        if len(key) > MAX_KEY:
            raise invalid(f"Metadata keys can have up to {MAX_KEY} characters.", _join(path, key))
        if len(value) > MAX_VALUE:
            raise invalid(f"Metadata values can have up to {MAX_VALUE} characters, got {len(value)}.", path)
    return dict(given)
