"""The main job, for real: a studio pays and is set up, its coach writes, the member answers, the AI replies."""

import signal

import pytest

from tests.e2e.conftest import Figure
from tests.e2e.installation import ONE_OF_EACH, Installation, Studio, wait_for

pytestmark = pytest.mark.processes


def test_a_studio_that_pays_is_ready_within_seconds(studio: Studio, product: Installation, figure: Figure) -> None:
    run = studio.progress()
    figure("a studio is ready after", studio.facts["readySeconds"])
    assert (run["status"], run["progress"]) == ("ready", 100)
    assert {step["state"] for step in run["steps"]} <= {"done", "skipped"}
    assert product.sandbox.made_for(studio.id) == ONE_OF_EACH
    assert studio.facts["readySeconds"] < 40, "20 s on an idle machine; this one may be busy"


def test_a_followup_that_is_due_reaches_the_phone(studio: Studio, figure: Figure) -> None:
    message, seconds = studio.remind()
    figure("a due follow-up is on the phone after", seconds)
    assert message["from"] == studio.number
    assert seconds < 5


def test_what_a_member_writes_is_answered_by_the_model(studio: Studio, figure: Figure) -> None:
    message, seconds = studio.answered("Hallo, wann kann ich morgen zum Training kommen?")
    figure("a member is answered after", seconds)
    assert "welche Uhrzeit" in message["text"]
    assert seconds < 5


def test_the_first_answer_of_a_fresh_worker_comes_as_quickly(
    studio: Studio, product: Installation, figure: Figure
) -> None:
    killed = product.send("worker", signal.SIGKILL)
    wait_for(lambda: product.workers() - {killed})
    _message, seconds = studio.answered("Ich bin heute so müde.")
    figure("a fresh worker gives its first answer after", seconds)
    assert seconds < 10, "5 s on an idle machine; this one may be busy"
