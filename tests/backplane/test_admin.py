from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.urls import reverse

from pilar.backplane import admin, locks
from pilar.backplane.engine import work_off
from pilar.backplane.engine.tally import snapshot
from pilar.backplane.models import AuditLog, AutopilotJob, DistributedLock
from pilar.backplane.tenancy import tenant
from pilar.kernel.ids import uuid7
from pilar.kernel.switchboard import Permanent
from tests.backplane.trade import Trade, enqueue, everything, value

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MODELS = [model for model in admin.admin.site._registry if model._meta.app_label == "backplane"]


@pytest.fixture
def operator(client: Client) -> Client:
    user: Any = get_user_model()
    client.force_login(user.objects.create_superuser(email="admin@example.com", password="x" * 12))
    return client


def page(model: type[Any]) -> str:
    return reverse(f"admin:backplane_{model._meta.model_name}_changelist")


def dead_job(trade: Trade, workspace: UUID) -> UUID:
    def fail(_work: Any) -> None:
        raise Permanent("never")

    trade.job(handler=fail)
    public_id = enqueue(workspace)
    work_off()
    return public_id


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens(operator: Client, model: type[Any]) -> None:
    assert operator.get(page(model)).status_code == 200


def test_a_dead_job_is_shown_with_its_error_and_runs_again(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    assert b"Permanent: never" in operator.get(page(AutopilotJob)).content
    with everything():
        chosen = AutopilotJob.objects.get().pk
    operator.post(page(AutopilotJob), {"action": "retry", "_selected_action": [chosen]})
    assert value("SELECT status FROM autopilot_job") == 0
    with tenant(workspace):
        assert AuditLog.objects.get().action == "job.retry"


def test_what_cannot_be_done_is_said_and_the_rest_is_done(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    trade.job()
    enqueue(workspace)
    with everything():
        chosen = list(AutopilotJob.objects.values_list("pk", flat=True))
    answer = operator.post(page(AutopilotJob), {"action": "retry", "_selected_action": chosen}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["warning", "success"]
    assert value("SELECT count(*) FROM autopilot_job WHERE status = 0") == 2


def test_a_lock_is_released_and_that_is_noted(operator: Client, workspace: UUID) -> None:
    with tenant(workspace), locks.held("door", MINUTE):
        with everything():
            chosen = DistributedLock.objects.get().pk
        operator.post(page(DistributedLock), {"action": "release", "_selected_action": [chosen]})
        assert locks.acquire("door", ttl=MINUTE, owner="next")
        assert AuditLog.objects.get().action == "lock.release"


class TestQueuePage:
    def count(self) -> None:
        with everything():
            snapshot(connection.cursor(), every=0)

    def test_it_shows_lanes_and_reads_them_anew(self, operator: Client, trade: Trade, workspace: UUID) -> None:
        dead_job(trade, workspace)
        self.count()
        answer = operator.get(reverse("admin:backplane_queue"))
        dead = {lane["name"]: lane["figures"].dead for lane in answer.context["lanes"]}
        assert (dead["bulk"], dead["messages"], answer["Refresh"]) == (1, 0, "5")

    def test_it_opens_before_anything_was_counted(self, operator: Client) -> None:
        assert operator.get(reverse("admin:backplane_queue")).status_code == 200

    @pytest.mark.parametrize("name", ["queue", "timeline"])
    def test_it_is_for_operators(self, client: Client, workspace: UUID, name: str) -> None:
        ids = [workspace, workspace] if name == "timeline" else []
        assert client.get(reverse(f"admin:backplane_{name}", args=ids)).status_code == 302


def test_the_timeline_of_a_job_is_one_click_away(operator: Client, trade: Trade, workspace: UUID) -> None:
    dead_job(trade, workspace)
    with everything():
        job = AutopilotJob.objects.get()
    address = reverse("admin:backplane_timeline", args=[workspace, job.correlation_id])
    assert address in operator.get(page(AutopilotJob)).content.decode()
    assert b"Permanent: never" in operator.get(address).content
    foreign = reverse("admin:backplane_timeline", args=[uuid7(), job.correlation_id])
    assert operator.get(foreign).status_code == 404
