"""The same news twenty times at once, on real connections: one of everything."""

import time
from collections.abc import Callable
from functools import partial
from threading import Event
from uuid import UUID

import pytest
from allauth.account.models import EmailAddress
from pytest_django.fixtures import Settings

from pilar.backplane.models import AutopilotEvent
from pilar.backplane.tenancy import all_tenants, atomic
from pilar.kernel.principal import Principal, Role
from pilar.kernel.problems import Conflict, Problem
from tests.factories import WorkspaceFactory
from tests.sandbox.serving import Sandbox
from tests.threads import at_once
from tests.workspaces.conftest import Shop, open_at, tell
from tests.workspaces.factories import MembershipFactory
from workspaces import api_keys, links, team
from workspaces.models import Membership, SignUp, Subscription, User, Workspace

TIMES = 20
ADDRESS, PASSWORD = "nora@studio.test", "bergwerk-tulpe-91"


@pytest.fixture
def open_shop(threads: str, _running: Sandbox, settings: Settings) -> Shop:
    return open_at(_running, settings)


def test_the_same_payment_told_twenty_times_at_once_gives_one_studio(open_shop: Shop) -> None:
    open_shop.pay_by_link()
    (event,) = open_shop.happened("checkout.session.completed")
    results = at_once(*[partial(tell, event)] * TIMES)
    assert {result["result"] for result in results} == {"settled"}
    with all_tenants("a test counts what was made"), atomic():
        assert (Workspace.objects.count(), SignUp.objects.count(), Subscription.objects.count()) == (1, 1, 1)
        assert AutopilotEvent.objects.filter(type="workspace.ready_to_provision").count() == 1
        assert SignUp.objects.get().links_sent == 1


def test_two_owners_who_leave_at_the_same_moment_leave_one_behind(threads: str) -> None:
    workspace = WorkspaceFactory()
    owners = [MembershipFactory(workspace=workspace, role="owner").user for _ in range(2)]

    def leave(owner: User) -> str:
        caller = Principal(workspace.pk, f"user:{owner.pk}", Role.OWNER)
        return _outcome(lambda: team.leave(by=caller, user=owner))

    assert sorted(at_once(*[partial(leave, owner) for owner in owners])) == ["last_owner", "left"]
    assert Membership.objects.filter(workspace=workspace, role="owner").count() == 1


def test_the_last_api_key_is_made_once(threads: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "MOST", 1)
    workspace = WorkspaceFactory()
    outcomes = sorted(at_once(*[partial(_made, workspace.pk)] * TIMES))
    assert outcomes == ["made", *["too_many_keys"] * (TIMES - 1)]


def _made(workspace_id: UUID) -> str:
    try:
        api_keys.create(workspace_id=workspace_id, name="till", role=Role.VIEWER, actor="user:1")
    except Problem as refused:
        return refused.code
    return "made"


def _outcome(act: Callable[[], None]) -> str:
    try:
        act()
    except Conflict as refused:
        return refused.code
    return "left"


def test_an_account_made_at_the_same_moment_by_another_door_is_no_failure_of_ours(threads: str) -> None:
    made = Event()

    def first() -> None:
        with atomic():
            links.new_person(ADDRESS, password=PASSWORD, name="Nora", language="de")
            made.set()
            time.sleep(0.2)

    def second() -> None:
        made.wait()
        with pytest.raises(Conflict), atomic():
            links.new_person(ADDRESS, password=PASSWORD, name="Nora", language="de")

    at_once(first, second)
    with atomic():
        assert EmailAddress.objects.filter(email=ADDRESS, verified=True).count() == 1
