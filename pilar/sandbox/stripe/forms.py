"""Bodies and queries with brackets: `line_items[0][price]=…` becomes nested hashes."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qsl

from pilar.sandbox.stripe.errors import StripeError

Json = dict[str, Any]
MAX_DEPTH = 12


def parse(encoded: str) -> Json:
    """Lists stay hashes with digits as keys; `schema.Rule` knows where a list belongs.

    Raises:
        StripeError: 400, the brackets do not match or one name is both a value and a hash.
    """
    tree: Json = {}
    for name, value in parse_qsl(encoded, keep_blank_values=True):
        head, *rest = _parts(name)
        _put(tree, [head, *rest], value, name)
    return tree


def _parts(name: str) -> list[str]:
    match = re.fullmatch(r"([^\[\]]+)((?:\[[^\[\]]*\])*)", name)
    if match is None:
        raise StripeError(f"Invalid parameter name: {name}", param=name)
    return [match[1], *re.findall(r"\[([^\[\]]*)\]", match[2])][:MAX_DEPTH]


def _put(tree: Json, parts: list[str], value: str, name: str) -> None:
    node = tree
    for part in parts[:-1]:
        child = node.setdefault(part or str(len(node)), {})
        if not isinstance(child, dict):
            raise StripeError(f"Invalid object: {name} is given as a value and as a hash", param=name)
        node = child
    node[parts[-1] or str(len(node))] = value
