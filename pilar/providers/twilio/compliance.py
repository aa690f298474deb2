"""The papers for German numbers: end user, address, documents, bundle (providers.md 2.3).

They must be those of the studio. Each thing carries a name of ours, so that it is found before another is made.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from twilio.base.version import Version
from twilio.http.response import Response

from pilar.providers import transport
from pilar.providers.twilio.client import Shape, TwilioAccount, address, request

MOST_ITEMS = 200
UPLOAD_URL = "https://numbers-upload.twilio.com/v2/RegulatoryCompliance/SupportingDocuments"


class Regulation(Shape):
    sid: str
    friendly_name: str
    requirements: dict[str, Any] = {}


class Paper(Shape):
    """An end user, an address or a document."""

    sid: str
    friendly_name: str | None = None
    status: str | None = None
    failure_reason: str | None = None


class Bundle(Shape):
    """`status`: draft, pending-review, in-review, twilio-approved, twilio-rejected, provisionally-approved."""

    sid: str
    status: str
    friendly_name: str | None = None
    failure_reason: str | None = None

    @property
    def approved(self) -> bool:
        return self.status in ("twilio-approved", "provisionally-approved")

    @property
    def under_review(self) -> bool:
        return self.status in ("pending-review", "in-review")


class Evaluation(Shape):
    status: str
    results: list[dict[str, Any]] = []

    @property
    def compliant(self) -> bool:
        return self.status == "compliant"

    def failures(self) -> list[str]:
        """Return Twilio's reasons, one sentence for each field that does not fit."""
        found = []
        for result in self.results:
            fields = result.get("invalid") or []
            found += [str(one.get("failure_reason") or one.get("friendly_name")) for one in fields]
            if not fields and result.get("passed") is False:
                found.append(str(result.get("failure_reason") or result.get("friendly_name")))
        return found


class Assignment(Shape):
    sid: str
    object_sid: str


@dataclass(frozen=True, slots=True)
class File:
    """A PDF, JPEG or PNG of at most 5 MB."""

    name: str
    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class PostalAddress:
    customer_name: str
    street: str
    postal_code: str
    city: str
    country: str
    region: str = ""


type Papers = Any
"""The SDK's `regulatory_compliance` resource, which is not typed to any use."""


def _one[S: Shape](account: TwilioAccount, operation: str, shape: type[S], run: Callable[[Papers], Any]) -> S:
    return request(
        account, operation, lambda client: shape.model_validate(run(client.numbers.v2.regulatory_compliance))
    )


def _all[S: Shape](account: TwilioAccount, operation: str, shape: type[S], run: Callable[[Papers], Any]) -> list[S]:
    return request(
        account,
        operation,
        lambda client: [shape.model_validate(one) for one in run(client.numbers.v2.regulatory_compliance)],
        read=True,
    )


def _oldest[S: Paper | Bundle](rows: Iterable[S], friendly_name: str) -> S | None:
    """Twilio lists the newest first; after a crash two may bear one name, and the first made counts."""
    found = [one for one in rows if one.friendly_name == friendly_name]
    return found[-1] if found else None


def regulation(
    account: TwilioAccount, *, country: str, number_type: str = "local", end_user_type: str = "business"
) -> Regulation | None:
    """Return what the country asks for, or None where nothing is asked."""
    wanted = {"iso_country": country, "number_type": number_type, "end_user_type": end_user_type}
    rows = _all(
        account,
        "regulations.list",
        Regulation,
        lambda papers: papers.regulations.list(include_constraints=True, **wanted),
    )
    return rows[0] if rows else None


def find_end_user(account: TwilioAccount, friendly_name: str) -> Paper | None:
    """Return the end user of that name, the oldest one."""
    rows = _all(account, "end_users.list", Paper, lambda papers: papers.end_users.list(limit=MOST_ITEMS))
    return _oldest(rows, friendly_name)


def create_end_user(account: TwilioAccount, *, friendly_name: str, attributes: Mapping[str, str]) -> Paper:
    """Create the business as an end user. The names of the attributes come from the regulation."""
    wanted = {"friendly_name": friendly_name, "type": "business", "attributes": dict(attributes)}
    return _one(account, "end_users.create", Paper, lambda papers: papers.end_users.create(**wanted))


def find_address(account: TwilioAccount, friendly_name: str) -> Paper | None:
    """Return the address of that name, the oldest one."""
    rows = request(
        account,
        "addresses.list",
        lambda client: [
            Paper.model_validate(one) for one in client.addresses.list(friendly_name=friendly_name, limit=MOST_ITEMS)
        ],
        read=True,
    )
    return _oldest(rows, friendly_name)


def create_address(account: TwilioAccount, *, friendly_name: str, at: PostalAddress) -> Paper:
    """Create an address. ProviderError 21628 when Twilio cannot validate it: the studio must correct it."""
    return request(
        account,
        "addresses.create",
        lambda client: Paper.model_validate(
            client.addresses.create(
                customer_name=at.customer_name,
                street=at.street,
                city=at.city,
                region=at.region or at.city,
                postal_code=at.postal_code,
                iso_country=at.country,
                friendly_name=friendly_name,
            )
        ),
    )


def find_document(account: TwilioAccount, friendly_name: str) -> Paper | None:
    """Return the document of that name, the oldest one."""
    rows = _all(
        account,
        "supporting_documents.list",
        Paper,
        lambda papers: papers.supporting_documents.list(limit=MOST_ITEMS),
    )
    return _oldest(rows, friendly_name)


def create_document(
    account: TwilioAccount, *, friendly_name: str, kind: str, attributes: Mapping[str, Any], file: File | None = None
) -> Paper:
    """Create a supporting document, with its file where there is one."""
    if file is not None:
        form = {"FriendlyName": friendly_name, "Type": kind, "Attributes": json.dumps(dict(attributes))}
        return request(account, "supporting_documents.upload", lambda _client: _upload(account, form, file))
    wanted = {"friendly_name": friendly_name, "type": kind, "attributes": dict(attributes)}
    return _one(
        account, "supporting_documents.create", Paper, lambda papers: papers.supporting_documents.create(**wanted)
    )


def find_bundle(account: TwilioAccount, friendly_name: str) -> Bundle | None:
    """Return the bundle of that name, the oldest one."""
    rows = _all(
        account,
        "bundles.list",
        Bundle,
        lambda papers: papers.bundles.list(friendly_name=friendly_name, limit=MOST_ITEMS),
    )
    return _oldest(rows, friendly_name)


def create_bundle(
    account: TwilioAccount, *, friendly_name: str, email: str, regulation_sid: str, status_callback: str = ""
) -> Bundle:
    """Create an empty bundle in draft. `email` gets Twilio's mail about it."""
    wanted = {"friendly_name": friendly_name, "email": email, "regulation_sid": regulation_sid}
    if status_callback:
        wanted["status_callback"] = status_callback
    return _one(account, "bundles.create", Bundle, lambda papers: papers.bundles.create(**wanted))


def items(account: TwilioAccount, bundle_sid: str) -> dict[str, str]:
    """Return the assigned things as {object sid: assignment sid}."""
    rows = _all(
        account,
        "item_assignments.list",
        Assignment,
        lambda papers: papers.bundles(bundle_sid).item_assignments.list(limit=MOST_ITEMS),
    )
    return {one.object_sid: one.sid for one in rows}


def assign(account: TwilioAccount, bundle_sid: str, object_sid: str) -> None:
    """Put one thing into the bundle; look at `items` first, since Twilio refuses a second time."""
    _one(
        account,
        "item_assignments.create",
        Assignment,
        lambda papers: papers.bundles(bundle_sid).item_assignments.create(object_sid=object_sid),
    )


def unassign(account: TwilioAccount, bundle_sid: str, assignment_sid: str) -> None:
    """Take one thing out of a bundle in draft."""
    request(
        account,
        "item_assignments.delete",
        lambda client: (
            client.numbers.v2.regulatory_compliance.bundles(bundle_sid).item_assignments(assignment_sid).delete()
        ),
    )


def evaluate(account: TwilioAccount, bundle_sid: str) -> Evaluation:
    """Let Twilio's rules judge the bundle before people do."""
    return _one(account, "bundles.evaluate", Evaluation, lambda papers: papers.bundles(bundle_sid).evaluations.create())


def submit(account: TwilioAccount, bundle_sid: str) -> Bundle:
    """Hand the bundle to Twilio's reviewers; their answer takes days."""
    return set_status(account, bundle_sid, "pending-review")


def set_status(account: TwilioAccount, bundle_sid: str, status: str) -> Bundle:
    """Move the bundle, e.g. back to `draft` after a rejection."""
    return _one(account, "bundles.update", Bundle, lambda papers: papers.bundles(bundle_sid).update(status=status))


def status(account: TwilioAccount, bundle_sid: str) -> Bundle:
    """Fetch the bundle; callbacks are only a hint."""
    return request(
        account,
        "bundles.fetch",
        lambda client: Bundle.model_validate(client.numbers.v2.regulatory_compliance.bundles(bundle_sid).fetch()),
        read=True,
    )


def _upload(account: TwilioAccount, form: dict[str, str], file: File) -> Paper:
    """The SDK cannot send files, so this one call is ours."""
    url, headers = address(UPLOAD_URL)
    parts = {"File": (file.name, file.content, file.content_type)}
    answer = transport.request("POST", url, headers=headers, data=form, files=parts, auth=(account.sid, account.token))
    if answer.status >= 400:
        response = Response(answer.status, answer.body.decode("utf-8", errors="replace"))
        raise Version.exception("POST", UPLOAD_URL, response, "The document was refused")
    return Paper.model_validate_json(answer.body)
