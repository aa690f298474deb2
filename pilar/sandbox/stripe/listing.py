"""Lists, searches and `expand`, as every v1 resource has them."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

from pilar.sandbox.stripe.errors import StripeError, invalid, missing
from pilar.sandbox.stripe.state import State

Json = dict[str, Any]
Keep = Callable[[Json], bool]
DEFAULT_LIMIT = 10
LARGEST_LIMIT = 100


def paged(things: Iterable[Json], params: Json, *, url: str, equal: tuple[str, ...] = ()) -> Json:
    """One page, newest first. `equal` names the filters that compare a field with the parameter.

    Raises:
        StripeError: 400 for a limit outside 1 to 100, or a cursor that is not in the list.
    """
    wanted = {name: params[name] for name in equal if name in params}
    created = params.get("created")
    rows = (
        thing
        for thing in things
        if all(thing.get(name) == value for name, value in wanted.items()) and in_range(thing["created"], created)
    )
    page, more = _cut(rows, params)
    return {"object": "list", "data": page, "has_more": more, "url": url}


def _cut(rows: Iterable[Json], params: Json) -> tuple[list[Json], bool]:
    limit = limit_of(params)
    if "starting_after" in params:
        rows = _after(rows, params["starting_after"])
    if "ending_before" in params:
        before = _before(rows, params["ending_before"])
        return before[-limit:], len(before) > limit
    page = list(islice(rows, limit + 1))
    return page[:limit], len(page) > limit


def limit_of(params: Json) -> int:
    limit = params.get("limit", DEFAULT_LIMIT)
    if not 1 <= limit <= LARGEST_LIMIT:
        raise invalid(f"This limit must be between 1 and {LARGEST_LIMIT}.", "limit")
    return int(limit)


def _after(rows: Iterable[Json], cursor: str) -> Iterable[Json]:
    remaining = iter(rows)
    for row in remaining:
        if row["id"] == cursor:
            return remaining
    raise missing("object", cursor, param="starting_after", status=400)


def _before(rows: Iterable[Json], cursor: str) -> list[Json]:
    seen: list[Json] = []
    for row in rows:
        if row["id"] == cursor:
            return seen
        seen.append(row)
    raise missing("object", cursor, param="ending_before", status=400)


def in_range(moment: int, wanted: Any) -> bool:
    """`created` is a moment or a hash of gt, gte, lt, lte."""
    if wanted is None:
        return True
    if isinstance(wanted, int):
        return moment == wanted
    compare: dict[str, Callable[[int], bool]] = {
        "gt": lambda limit: moment > limit,
        "gte": lambda limit: moment >= limit,
        "lt": lambda limit: moment < limit,
        "lte": lambda limit: moment <= limit,
    }
    return all(compare[name](limit) for name, limit in wanted.items())


TERM = re.compile(
    r"""\s*(-?)([a-z_.]+)(?:\[["']([^"']+)["']\])?\s*(:|~|>|<|>=|<=)\s*(?:"([^"]*)"|'([^']*)'|(\d+))\s*"""
)


def search(things: Iterable[Json], params: Json, *, url: str) -> Json:
    """Stripe's search language as far as equality, `~`, and AND or OR between terms.

    Raises:
        StripeError: 400, the query cannot be read.
    """
    query = params["query"]
    joined_by_or = bool(re.search(r"\s+OR\s+", query))
    terms = [_term(part) for part in re.split(r"\s+(?:AND|OR)\s+", query)]
    combine = any if joined_by_or else all
    start = int(params.get("page") or 0)
    limit = limit_of(params)
    hits = [thing for thing in things if combine(term(thing) for term in terms)]
    more = len(hits) > start + limit
    return {
        "object": "search_result",
        "data": hits[start : start + limit],
        "has_more": more,
        "next_page": str(start + limit) if more else None,
        "url": url,
    }


def _term(written: str) -> Keep:
    match = TERM.fullmatch(written)
    if match is None:
        raise invalid(f"Search query could not be parsed near '{written}'.", "query")
    negate, name, key, operator = match[1] == "-", match[2], match[3], match[4]
    wanted = next(value for value in match.groups()[4:] if value is not None)

    def keep(thing: Json) -> bool:
        field = thing.get(name)
        value = (field or {}).get(key) if key else field
        return _compare(value, operator, wanted) != negate

    return keep


def _compare(value: Any, operator: str, wanted: str) -> bool:
    if value is None:
        return False
    if operator == "~":
        return wanted.lower() in str(value).lower()
    if operator == ":":
        return str(value).lower() == wanted.lower()
    if not wanted.isdigit() or not isinstance(value, int):
        raise invalid("Only numbers can be compared by size.", "query")
    return {"created": in_range(value, {{">": "gt", "<": "lt"}.get(operator, "gte"): int(wanted)})}["created"]


MAX_EXPAND_DEPTH = 4


def expanded(state: State, result: Json, paths: list[str]) -> Json:
    """The result with ids replaced by objects where `expand` asks for it.

    Raises:
        StripeError: 400, deeper than four levels.
    """
    if not paths:
        return result
    result = copy.deepcopy(result)
    for path in paths:
        parts = path.split(".")
        if len(parts) > MAX_EXPAND_DEPTH:
            raise StripeError("You cannot expand more than 4 levels of a property", param="expand")
        _expand(state, result, parts)
    return result


def _expand(state: State, node: Any, parts: list[str]) -> None:
    if not parts:
        return
    if isinstance(node, list):
        for child in node:
            _expand(state, child, parts)
        return
    name, *rest = parts
    if not isinstance(node, dict) or name not in node:
        raise StripeError(f"This property cannot be expanded ({name}).", param="expand")
    found = state.find(node[name]) if isinstance(node[name], str) else None
    if found is not None:
        node[name] = copy.deepcopy(found)
    _expand(state, node[name], rest)
