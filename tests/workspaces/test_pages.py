"""The pages of buying, claiming, onboarding and settings."""

import re
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from pilar.backplane.tenancy import atomic, tenant
from pilar.kernel import clock
from pilar.kernel.principal import Role
from pilar.kernel.shown import Widget
from tests.factories import WorkspaceFactory
from tests.mail import letters
from tests.workspaces.conftest import Shop
from tests.workspaces.factories import PASSWORD, MembershipFactory, SignUpFactory, UserFactory
from tests.workspaces.world import World
from workspaces import api_keys, claims, studio
from workspaces.models import ApiKey, Membership, SignUp, User

pytestmark = [pytest.mark.django_db, pytest.mark.requests]

PRIVATE = (
    "/dashboard",
    "/dashboard/head",
    "/dashboard/more",
    "/dashboard/settings/billing",
    "/dashboard/settings/autopilot",
    "/onboarding/studio",
    "/onboarding/address",
    "/onboarding/hours",
    "/onboarding/coach",
    "/onboarding/members",
    "/onboarding/papers",
    "/onboarding/test",
)
ADMIN_ONLY = PRIVATE[3:]


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


@pytest.mark.parametrize("path", ["/", "/pricing", "/checkout", "/checkout/return", "/checkout/return/status"])
def test_public_pages_are_open(path: str) -> None:
    assert Client().get(path).status_code == 200


def statuses(world: World, who: str, paths: tuple[str, ...] = PRIVATE) -> set[int]:
    browser = world.browser(who)
    return {browser.get(path).status_code for path in paths}


def test_private_pages_send_to_the_sign_in() -> None:
    assert [Client().get(path)["Location"] for path in PRIVATE] == [f"/accounts/login/?next={path}" for path in PRIVATE]


def test_the_owner_sees_every_page(world: World) -> None:
    assert statuses(world, "owner") == {200}


def test_a_coach_does_not_see_the_owners_pages(world: World) -> None:
    assert statuses(world, "coach", ADMIN_ONLY) == {403}


def test_who_has_no_studio_goes_to_the_plans(world: World) -> None:
    browser = world.browser("stranger")
    assert {browser.get(path)["Location"] for path in PRIVATE} == {"/checkout"}


def test_private_pages_are_not_kept(world: World) -> None:
    browser = world.browser("owner")
    kept = {path: browser.get(path)["Cache-Control"] for path in PRIVATE}
    assert [path for path, rule in kept.items() if "private" not in rule or "no-" not in rule] == []


def test_a_page_that_leads_to_payment_may_send_its_form_there(settings: Any) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:8001"
    assert "form-action 'self' http://127.0.0.1:8001;" in Client().get("/checkout")["Content-Security-Policy"]


def test_in_production_that_is_stripes_own(settings: Any) -> None:
    settings.STRIPE_API_BASE = "https://api.stripe.com"
    policy = Client().get("/pricing")["Content-Security-Policy"]
    assert "form-action 'self' https://checkout.stripe.com https://billing.stripe.com;" in policy


def test_other_pages_send_their_forms_to_us_only() -> None:
    assert "form-action 'self';" in Client().get("/accounts/login/")["Content-Security-Policy"]


def test_somebody_unknown_buys(shop: Shop) -> None:
    order = {"plan": "PRO", "studio": "Studio Ben", "email": "Ben@Studio.test", "country": "DE"}
    answer = Client().post("/checkout", order)
    assert answer.status_code == 303
    assert "/checkout/cs_" in answer["Location"]
    assert SignUp.objects.get().email == "ben@studio.test"


def test_somebody_known_is_asked_less(shop: Shop, world: World) -> None:
    answer = world.browser("stranger").post("/checkout", {"plan": "BASIC", "studio": "Mein Studio", "country": "AT"})
    assert answer.status_code == 303
    assert SignUp.objects.get().user == world.people["stranger"]


def test_an_incomplete_order_is_shown_again(shop: Shop) -> None:
    answer = Client().post("/checkout", {"plan": "PRO", "email": "x"})
    assert answer.status_code == 422
    assert not SignUp.objects.exists()


def test_without_stripe_nothing_can_be_bought_and_the_page_says_so(settings: Any) -> None:
    settings.STRIPE_SECRET_KEY = ""
    order = {"plan": "PRO", "studio": "Studio Ben", "email": "ben@studio.test", "country": "DE"}
    assert Client().post("/checkout", order).status_code == 503


@pytest.mark.parametrize(
    ("state", "shown"),
    [
        ("open", "processing"),
        ("paid", "claim"),
        ("claimed", "ready"),
        ("failed", "failed"),
        ("expired", "expired"),
        ("awaiting_payment", "debit"),
    ],
)
def test_the_return_page_follows_the_payment(state: str, shown: str) -> None:
    SignUpFactory(state=state, stripe_session_id="cs_1")
    answer = Client().get("/checkout/return/status?session_id=cs_1")
    assert answer.context["state"] == shown
    assert answer.headers.get("HX-Refresh") == (None if shown == "processing" else "true")


def claim_link() -> str:
    sign_up = SignUpFactory(workspace=WorkspaceFactory(status="pending"), state="paid", email="anna@studio.test")
    with tenant(sign_up.workspace_id), atomic():
        claims.send(sign_up, now=clock.now())
        mail = letters()[-1]
    found = re.search(r"/claim/[\w-]+", mail.text)
    assert found
    return found.group()


def test_the_claim_link_signs_its_holder_in() -> None:
    browser, link = Client(), claim_link()
    assert browser.get(link).context["state"] == "valid"
    answer = browser.post(link, {"name": "Anna", "password": PASSWORD})
    assert answer["Location"] == "/onboarding"
    assert browser.get("/onboarding")["Location"] == "/onboarding/studio"
    assert Membership.objects.get().role == "owner"


def test_a_weak_password_is_refused() -> None:
    link = claim_link()
    assert Client().post(link, {"name": "Anna", "password": "12345"}).status_code == 422
    assert not User.objects.exists()


def test_a_used_link_says_so() -> None:
    link = claim_link()
    Client().post(link, {"name": "Anna", "password": PASSWORD})
    answer = Client().get(link)
    assert (answer.status_code, answer.context["state"]) == (404, "used")


def test_a_known_address_is_sent_to_the_sign_in() -> None:
    UserFactory(email="anna@studio.test")
    link = claim_link()
    assert Client().get(link)["Location"] == f"/accounts/login/?next={link}"


def test_a_claim_link_is_not_kept_and_not_referred() -> None:
    answer = Client().get(claim_link())
    assert (answer["Cache-Control"], answer["Referrer-Policy"]) == ("no-store", "same-origin")


@pytest.mark.parametrize("email", ["nobody@studio.test", "anna@studio.test", "\x00", "x" * 900])
def test_asking_for_the_link_again_tells_nothing(email: str) -> None:
    claim_link()
    answer = Client().post("/claim/resend", {"email": email})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_a_paper_is_uploaded(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    paper = SimpleUploadedFile("auszug.pdf", b"%PDF-1.7 x", "application/pdf")
    answer = world.browser("owner").post("/onboarding/papers", {"kind": "register_extract", "file": paper})
    assert answer.status_code == 302
    with tenant(world.workspace_id):
        assert [document.filename for document in studio.documents()] == ["auszug.pdf"]


def test_a_paper_of_another_type_is_refused(world: World) -> None:
    from django.core.files.uploadedfile import SimpleUploadedFile

    paper = SimpleUploadedFile("page.html", b"<script>", "application/pdf")
    answer = world.browser("owner").post("/onboarding/papers", {"kind": "register_extract", "file": paper})
    assert answer.status_code == 422


def test_a_new_key_is_shown_once_after_the_password_was_given_again(world: World) -> None:
    browser = world.browser("owner")
    world.people["owner"].set_password(PASSWORD)
    world.people["owner"].save()
    browser.force_login(world.people["owner"], backend="allauth.account.auth_backends.AuthenticationBackend")
    asked = browser.post("/dashboard/settings/autopilot/keys/new", {"name": "desk", "role": "owner"})
    made = browser.post(asked["Location"], {"password": PASSWORD})
    shown = re.findall(r"pilar_[0-9a-f]{12}_[\w-]{43}", made.content.decode())
    assert len(shown) == 1
    assert shown[0] not in browser.get("/dashboard/settings/autopilot/keys").content.decode()


def test_a_new_key_needs_a_recent_sign_in(world: World) -> None:
    answer = world.browser("owner").post("/dashboard/settings/autopilot/keys/new", {"name": "desk", "role": "owner"})
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiKey.objects.filter(name="desk").exists()


def test_another_studios_key_cannot_be_revoked(world: World) -> None:
    foreign, _text = api_keys.create(workspace_id=world.foreign_id, name="x", role=Role.OWNER, actor="test")
    answer = world.browser("owner").post(f"/dashboard/settings/autopilot/keys/{foreign.pk}/revoke")
    assert answer.status_code == 404
    foreign.refresh_from_db()
    assert foreign.revoked_at is None


def test_one_works_in_the_studio_one_chose(world: World) -> None:
    second = MembershipFactory(user=world.people["owner"], workspace=WorkspaceFactory(name="Zweitstudio")).workspace
    browser = world.browser("owner")
    browser.post("/workspaces/switch", {"workspace": str(second.pk)})
    assert browser.get("/dashboard").wsgi_request.workspace.name == "Zweitstudio"  # type: ignore[attr-defined]


@pytest.mark.parametrize("wanted", ["", "x", "01900000-0000-7000-8000-000000000000"])
def test_one_cannot_choose_anothers_studio(world: World, wanted: str) -> None:
    assert world.browser("owner").post("/workspaces/switch", {"workspace": wanted}).status_code == 404
    assert world.browser("owner").post("/workspaces/switch", {"workspace": world.foreign_id}).status_code == 404


def test_the_portal_needs_a_subscription(world: World) -> None:
    assert world.browser("owner").post("/dashboard/settings/billing/portal").status_code == 409


def test_a_part_that_breaks_does_not_break_the_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from pilar.kernel import switchboard

    def broken(workspace_id: Any, now: Any) -> dict[str, Any]:
        raise RuntimeError("no")

    monkeypatch.setitem(switchboard.widgets, "broken", Widget("broken", "widgets/jobs.html", broken))
    answer = world.browser("owner").get("/dashboard")
    assert answer.status_code == 200
    assert {part["name"]: part["failed"] for part in answer.context["widgets"]}["broken"] is True


def test_operators_come_into_the_admin_by_the_products_own_door(world: World) -> None:
    assert world.browser("operator").get("/admin/").status_code == 200
    assert world.browser("owner").get("/admin/").status_code == 302
    assert Client().get("/admin/login/")["Location"].startswith("/accounts/login/")


def test_only_the_admin_of_operators_has_a_looser_policy(world: World) -> None:
    assert "unsafe" in world.browser("operator").get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in world.browser("owner").get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in world.browser("operator").get("/")["Content-Security-Policy"]


def test_a_form_that_was_sent_too_late_leads_to_today_after_the_sign_in(world: World) -> None:
    answer = world.browser("nobody").post("/dashboard/automation/pause", {"paused": "1"})
    assert answer["Location"].endswith("?next=/dashboard")
    assert world.browser("nobody").get("/dashboard/chats")["Location"].endswith("?next=/dashboard/chats")
