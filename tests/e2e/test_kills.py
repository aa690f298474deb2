"""Processes killed while a studio is set up: it is completed with exactly one of everything (reliability P2, P3)."""

import random
import signal
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from provisioning.scripted_customer import ScriptedCustomer
from tests.e2e.installation import ONE_OF_EACH, Installation, Studio, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]
CREATED_AT_TWILIO = ("accounts", "bundles", "incoming_phone_numbers")


def in_the_background(product: Installation, *names: str) -> "list[Future[dict[str, Any]]]":
    """Customers go through the whole set-up while the test does something else."""
    pool = ThreadPoolExecutor(len(names))
    playing = [pool.submit(product.customer(name).play) for name in names]
    pool.shutdown(wait=False)
    return playing


def begun(product: Installation, *names: str) -> bool:
    query = "SELECT count(*) FROM provisioning_provisioningjob j JOIN workspaces_workspace w ON w.id = j.workspace_id"
    return product.sql(f"{query} WHERE w.name = ANY (%s)", list(names)) == [(len(names),)]


def complete(product: Installation, facts: dict[str, Any]) -> None:
    studio = Studio(product, facts)
    run = studio.progress()
    assert (run["status"], run["progress"]) == ("ready", 100), run
    assert product.sandbox.made_for(studio.id) == ONE_OF_EACH
    wait_for(lambda: studio.received())


def test_set_up_survives_a_worker_that_is_killed(product: Installation) -> None:
    (playing,) = in_the_background(product, "Glocke")
    wait_for(lambda: begun(product, "Glocke"))
    time.sleep(random.uniform(0, 0.8))
    killed = product.send("worker", signal.SIGKILL)
    wait_for(lambda: product.workers() - {killed})
    complete(product, playing.result(120))


def test_set_up_survives_a_worker_that_is_killed_again_and_again(product: Installation) -> None:
    names = ("Erste Glocke", "Zweite Glocke")
    playing, dice = in_the_background(product, *names), random.Random()
    wait_for(lambda: begun(product, *names))
    for _ in range(3):
        time.sleep(dice.uniform(0, 0.8))
        killed = product.send("worker", signal.SIGKILL)
        wait_for(lambda: product.workers() - {killed})  # noqa: B023 - waited for within its round
    for each in playing:
        complete(product, each.result(120))


def test_set_up_survives_the_end_of_every_process(product: Installation) -> None:
    """Three studios are at different points of their set-up when the power goes."""
    connected, papers, paid = (product.customer(name) for name in ("Strom Weg", "Licht Aus", "Kerze An"))
    for customer in (connected, papers, paid):
        customer.pay()
    for customer in (connected, papers):
        customer.claim()
        customer.make_key()
    connected.give_papers()
    number = connected.wait_for_number()
    papers.give_papers()
    connected.connect_whatsapp(number)
    product.kill_everything()
    product.start()
    paid.claim()
    paid.make_key()
    paid.give_papers()
    for customer in (papers, paid):
        customer.connect_whatsapp(customer.wait_for_number())
    for customer in (connected, papers, paid):
        customer.open_window()
        complete(product, with_member(customer))


def with_member(customer: ScriptedCustomer) -> dict[str, Any]:
    number = step_result(customer, "twilio_number")["number"]
    lead_id, phone = customer.add_member(number)
    facts = {"workspaceId": customer.workspace_id, "apiKey": customer.api_key, "number": number}
    return facts | {"leadId": lead_id, "leadPhone": phone}


def step_result(customer: ScriptedCustomer, name: str) -> dict[str, Any]:
    return next(step["result"] for step in customer.wait_until_ready()["steps"] if step["name"] == name)


def test_answers_that_are_lost_after_the_provider_acted_make_nothing_twice(product: Installation) -> None:
    for name in CREATED_AT_TWILIO:
        product.sandbox.fault("twilio", "lost-answer", operation=f"{name}.create", count=1)
    for name in ("message_templates.create", "phone_numbers.register"):
        product.sandbox.fault("whatsapp", "lost-answer", operation=name, count=1)
    product.sandbox.fault("stripe", "lost-answer", operation="webhooks.*", count=3)
    complete(product, product.customer("Funkloch").play())
    assert product.sandbox.get("faults") == [], "every answer was lost once"
