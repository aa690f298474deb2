"""Every path the simulated Twilio answers, with the operation name that faults know it by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pilar.sandbox.faults import operation
from pilar.sandbox.twilio import accounts, bundles, calls, messages, numbers, papers, senders
from pilar.sandbox.twilio.door import Handler, TwilioError, open_call, render

if TYPE_CHECKING:
    from pilar.sandbox.state import World

API = "/2010-04-01/Accounts"
RULES = "/v2/RegulatoryCompliance"
BUNDLE = RULES + "/Bundles/{bundle}"
SENDERS = "/v2/Channels/Senders"


class Way(NamedTuple):
    """One method on one path; ``admin`` marks what standard API keys may not touch."""

    method: str
    path: str
    name: str
    handler: Handler
    admin: bool = False


def collection(
    path: str,
    name: str,
    *,
    make: Handler | None = None,
    find: Handler | None = None,
    item: str = "/{sid}",
    fetch: Handler | None = None,
    update: Handler | None = None,
    delete: Handler | None = None,
    admin: bool = False,
) -> list[Way]:
    """The usual ways of a resource: create and list on its path, fetch, update and delete on each item's."""
    tail = ".json" if path.startswith(API) else ""
    ways = (
        ("POST", path + tail, "create", make),
        ("GET", path + tail, "list", find),
        ("GET", path + item + tail, "fetch", fetch),
        ("POST", path + item + tail, "update", update),
        ("DELETE", path + item + tail, "delete", delete),
    )
    return [Way(method, at, f"{name}.{verb}", does, admin) for method, at, verb, does in ways if does]


WAYS: list[Way] = [
    *collection(
        API, "accounts", make=accounts.create, find=accounts.find, item="/{account}",
        fetch=accounts.fetch, update=accounts.update, admin=True,
    ),
    *collection(
        f"{API}/{{account}}/Keys", "keys", make=accounts.create_key, find=accounts.list_keys,
        fetch=accounts.fetch_key, update=accounts.update_key, delete=accounts.delete_key, admin=True,
    ),
    *collection(
        "/v1/Keys", "iam.keys", make=accounts.iam_create_key, find=accounts.iam_list_keys, admin=True,
    ),
    Way("GET", f"{API}/{{account}}/AvailablePhoneNumbers.json", "available_phone_numbers.countries", numbers.countries),
    Way("GET", f"{API}/{{account}}/AvailablePhoneNumbers/{{country}}.json", "available_phone_numbers.country",
        numbers.country),
    Way("GET", f"{API}/{{account}}/AvailablePhoneNumbers/{{country}}/{{kind}}.json", "available_phone_numbers.list",
        numbers.search),
    *collection(
        f"{API}/{{account}}/IncomingPhoneNumbers", "incoming_phone_numbers", make=numbers.buy, find=numbers.find,
        fetch=numbers.fetch, update=numbers.update, delete=numbers.release,
    ),
    *collection(
        f"{API}/{{account}}/Addresses", "addresses", make=papers.create_address, find=papers.find_addresses,
        fetch=papers.fetch_address, update=papers.update_address, delete=papers.delete_address,
    ),
    *collection(
        f"{API}/{{account}}/Messages", "messages", make=messages.send, find=messages.find, fetch=messages.fetch,
    ),
    *collection(f"{API}/{{account}}/Calls", "calls", find=calls.find, fetch=calls.fetch),
    *collection(f"{RULES}/Regulations", "regulations", find=bundles.list_regulations, fetch=bundles.fetch_regulation),
    *collection(
        f"{RULES}/EndUsers", "end_users", make=papers.create_end_user, find=papers.find_end_users,
        fetch=papers.fetch_end_user, update=papers.update_end_user, delete=papers.delete_end_user,
    ),
    *collection(
        f"{RULES}/SupportingDocuments", "supporting_documents", make=papers.create_document,
        find=papers.find_documents, fetch=papers.fetch_document, update=papers.update_document,
        delete=papers.delete_document,
    ),
    *collection(
        f"{RULES}/Bundles", "bundles", make=bundles.create, find=bundles.find, fetch=bundles.fetch,
        update=bundles.update, delete=bundles.delete,
    ),
    *collection(
        f"{BUNDLE}/ItemAssignments", "item_assignments", make=bundles.assign, find=bundles.list_items,
        fetch=bundles.fetch_item, delete=bundles.remove_item,
    ),
    *collection(
        f"{BUNDLE}/Evaluations", "evaluations", make=bundles.run_evaluation, find=bundles.list_evaluations,
        fetch=bundles.fetch_evaluation,
    ),
    Way("POST", f"{BUNDLE}/Clones", "clones.create", bundles.clone),
    *collection(
        SENDERS, "senders", make=senders.create, find=senders.find, fetch=senders.fetch, update=senders.update,
        delete=senders.delete,
    ),
]  # fmt: skip


def endpoint(world: World, way: Way) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        try:
            return render(way.handler(await open_call(world, request, account_admin=way.admin)))
        except TwilioError as error:
            return render((error.status, error.body()))

    return answer


def routes(world: World) -> list[Route]:
    return [Route(way.path, operation("twilio", way.name)(endpoint(world, way)), methods=[way.method]) for way in WAYS]
