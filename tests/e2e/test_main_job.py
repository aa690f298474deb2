"""The main job, for real: a studio pays and is set up, its coach writes, the member answers, the AI replies."""

import re
import signal

import pytest

from tests.e2e.conftest import Figure
from tests.e2e.installation import ONE_OF_EACH, Installation, Studio, wait_for

pytestmark = pytest.mark.processes

BUSY = 4
"""How many times as long as on an idle machine something may take here, where all cores have other work."""


def test_a_studio_that_pays_is_ready_within_seconds(studio: Studio, product: Installation, figure: Figure) -> None:
    run = studio.progress()
    figure("a studio is ready after", studio.facts["readySeconds"])
    assert (run["status"], run["progress"]) == ("ready", 100)
    assert {step["state"] for step in run["steps"]} <= {"done", "skipped"}
    assert product.sandbox.made_for(studio.id) == ONE_OF_EACH
    assert studio.facts["readySeconds"] < 20 * BUSY


def test_a_followup_that_is_due_reaches_the_phone(studio: Studio, figure: Figure) -> None:
    message, seconds = studio.remind()
    figure("a due follow-up is on the phone after", seconds)
    assert message["from"] == studio.number
    assert seconds < 5 * BUSY


def test_what_a_member_writes_is_answered_by_the_model(studio: Studio, figure: Figure) -> None:
    message, seconds = studio.answered("Hallo, wann kann ich morgen zum Training kommen?")
    figure("a member is answered after", seconds)
    assert "welche Uhrzeit" in message["text"]
    assert seconds < 5 * BUSY


@pytest.mark.drill
def test_the_first_answer_of_a_fresh_worker_comes_as_quickly(
    studio: Studio, product: Installation, figure: Figure
) -> None:
    killed = product.send("worker", signal.SIGKILL)
    wait_for(lambda: product.workers() - {killed})
    _message, seconds = studio.answered("Ich bin heute so müde.")
    figure("a fresh worker gives its first answer after", seconds)
    assert seconds < 5 * BUSY


def test_what_a_page_loads_is_compressed_and_kept_for_a_year(product: Installation) -> None:
    page = product.web.get("/accounts/login/").text
    loaded = re.findall(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg|woff2))"', page)
    assert {path.rpartition(".")[2] for path in loaded} >= {"css", "js", "woff2"}
    for path in loaded:
        answer = product.web.get(path, headers={"Accept-Encoding": "gzip"})
        assert re.search(r"\.[0-9a-f]{12}\.", path)
        assert answer.headers["cache-control"] == "max-age=315360000, public, immutable"
        assert path.endswith((".woff2", "favicon.svg")) or answer.headers["content-encoding"] == "gzip"
