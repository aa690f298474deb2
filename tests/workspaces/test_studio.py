"""What the studio tells us, by the API and as plain functions."""

import base64
import json
from typing import Any

import pytest
from django.test import Client

from pilar.backplane.models import AutopilotEvent, TenantProfile
from pilar.backplane.tenancy import NoTenant, atomic, tenant
from pilar.kernel.problems import NotFound
from tests.workspaces.conftest import Shop, tell, the_studio
from tests.workspaces.world import World
from workspaces import billing, directory, studio
from workspaces.models import StudioDocument, StudioProfile, Subscription

pytestmark = [pytest.mark.django_db, pytest.mark.requests]

DETAILS = {
    "name": "Eisenwerk",
    "legalName": "Eisenwerk GmbH",
    "street": "Weg 1",
    "postalCode": "1010",
    "city": "Wien",
    "country": "AT",
    "registerNumber": "FN 1",
    "website": "https://eisenwerk.example",
    "representativeName": "Olivia",
    "representativeEmail": "olivia@studio.test",
    "openingHours": {"mon": ["06:00", "22:00"]},
    "goals": "Training",
    "tone": "freundlich",
    "language": "DE",
    "timezone": "Europe/Vienna",
    "timeWindow": {"start": "00:00", "end": "24:00"},
}
PDF = base64.b64encode(b"%PDF-1.7 extract").decode()


def post(world: World, path: str, body: Any, who: str = "owner") -> Any:
    return Client().post(path, json.dumps(body), content_type="application/json", headers=world.headers(who))


def events_of(world: World) -> list[str]:
    with tenant(world.workspace_id):
        return sorted(AutopilotEvent.objects.values_list("type", flat=True))


def test_the_details_are_stored_and_the_set_up_starts(world: World) -> None:
    answer = post(world, "/api/onboarding/complete", DETAILS)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    assert events_of(world) == ["onboarding.completed", "workspace.ready_to_provision"]


def test_the_workspace_takes_over_name_country_and_time_zone(world: World) -> None:
    post(world, "/api/onboarding/complete", DETAILS)
    workspace = directory.get(world.workspace_id)
    assert (workspace.name, workspace.country, workspace.timezone) == ("Eisenwerk", "AT", "Europe/Vienna")
    with tenant(world.workspace_id):
        assert TenantProfile.objects.get().timezone == "Europe/Vienna"


def test_the_same_details_again_change_nothing(world: World) -> None:
    versions = [post(world, "/api/onboarding/complete", DETAILS).json()["version"] for _ in range(2)]
    assert versions == [1, 1]
    assert events_of(world).count("onboarding.completed") == 1


def test_other_details_are_a_new_version(world: World) -> None:
    post(world, "/api/onboarding/complete", DETAILS)
    answer = post(world, "/api/onboarding/complete", DETAILS | {"city": "Graz"})
    assert answer.json()["version"] == 2
    assert studio.profile(world.workspace_id).city == "Graz"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("country", "XX"),
        ("vatId", "1"),
        ("website", "ftp:x"),
        ("timezone", "x"),
        ("timezone", "localtime"),
        ("language", "xx"),
        ("name", ""),
    ],
)
def test_a_wrong_detail_is_named_and_changes_nothing(world: World, field: str, value: str) -> None:
    answer = post(world, "/api/onboarding/complete", DETAILS | {field: value})
    assert (answer.status_code, list(answer.json()["fields"])) == (400, [field])
    assert events_of(world) == []


def test_before_the_onboarding_there_is_no_profile(world: World) -> None:
    with pytest.raises(NotFound):
        studio.profile(world.workspace_id)


def test_a_paper_in_base64_is_kept_once(world: World) -> None:
    body = {"kind": "register_extract", "filename": "a/b.pdf", "contentType": "application/pdf", "content": PDF}
    ids = {post(world, "/api/onboarding/documents", body).json()["id"] for _ in range(2)}
    assert len(ids) == 1
    with tenant(world.workspace_id), atomic():
        stored = StudioDocument.objects.get()
    assert (bytes(stored.content), stored.filename, stored.content_type) == (
        b"%PDF-1.7 extract",
        "a_b.pdf",
        "application/pdf",
    )


def test_a_paper_as_multipart_is_kept(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    file = SimpleUploadedFile("x.png", b"\x89PNG\r\n\x1a\n", "image/png")
    sent = {"kind": "identity", "file": file}
    answer = Client().post("/api/onboarding/documents", sent, headers=world.headers("owner"))
    assert (answer.status_code, answer.json()["contentType"]) == (201, "image/png")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "register_extract"}, 400),
        ({"kind": "nonsense", "content": PDF}, 400),
        ({"kind": "identity", "content": "???"}, 400),
        ({"kind": "identity", "content": base64.b64encode(b"<html>").decode()}, 415),
        ({"kind": "identity", "content": base64.b64encode(b"%PDF-" + b"x" * 5_300_000).decode()}, 413),
    ],
)
def test_what_is_no_paper_is_refused(world: World, body: Any, status: int) -> None:
    assert post(world, "/api/onboarding/documents", body).status_code == status
    with tenant(world.workspace_id), atomic():
        assert not StudioDocument.objects.exists()


def test_broken_multipart_is_refused(world: World) -> None:
    answer = Client().generic(
        "POST",
        "/api/onboarding/documents",
        b"--x\r\nnonsense",
        content_type="multipart/form-data; boundary=y",
        headers=world.headers("owner"),
    )
    assert answer.status_code == 400


def test_one_studio_does_not_see_anothers_papers(world: World) -> None:
    post(world, "/api/onboarding/documents", {"kind": "identity", "content": PDF}, who="outsider")
    listed = Client().get("/api/onboarding/documents", headers=world.headers("owner")).json()
    assert listed["items"] == []


@pytest.mark.parametrize("model", [Subscription, StudioProfile, StudioDocument])
def test_nothing_of_a_studio_is_read_without_saying_whose(world: World, model: Any) -> None:
    with pytest.raises(NoTenant):
        model.objects.count()


def test_a_subscription_is_its_studios_alone(shop: Shop, world: World) -> None:
    shop.pay_by_link()
    tell(shop.happened("checkout.session.completed")[0])
    mine = the_studio_of("Eisenwerk Köln")
    with tenant(mine), atomic():
        assert billing.subscription()
    with tenant(world.workspace_id), atomic():
        assert billing.subscription() is None
        assert not Subscription.objects.filter(workspace_id=mine).exists()


def the_studio_of(name: str) -> Any:
    from workspaces.models import Workspace

    return Workspace.objects.get(name=name).pk


def test_a_member_buys_by_the_api(shop: Shop, world: World) -> None:
    answer = post(world, "/api/billing/checkout", {"plan": "pro"})
    assert answer.status_code == 201
    assert "/checkout/cs_" in answer.json()["url"]


def test_a_studio_with_a_subscription_cannot_buy_a_second(shop: Shop) -> None:
    from tests.workspaces.factories import MembershipFactory

    shop.pay_by_link()
    tell(shop.happened("checkout.session.completed")[0])
    owner = MembershipFactory(workspace=the_studio()).user
    browser = Client()
    browser.force_login(owner, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = browser.post("/api/billing/checkout", {"plan": "PRO"}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (409, "already_subscribed")


def test_the_portal_opens_for_a_subscriber(shop: Shop) -> None:
    from tests.workspaces.factories import MembershipFactory

    shop.pay_by_link()
    tell(shop.happened("checkout.session.completed")[0])
    browser = Client()
    browser.force_login(
        MembershipFactory(workspace=the_studio()).user, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    answer = browser.post("/api/billing/portal", {}, content_type="application/json")
    assert (answer.status_code, "/portal/bps_" in answer.json()["url"]) == (201, True)


def test_when_stripe_is_down_buying_says_try_later_and_nothing_is_lost(shop: Shop, world: World) -> None:
    shop.sandbox.fault("stripe", "*", kind="status", status=500, count=9)
    answer = post(world, "/api/billing/checkout", {"plan": "PRO"})
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_unavailable")
    assert int(answer["Retry-After"]) > 0
