"""Each provider fails in every way in turn, in the midst of traffic and of a set-up: the product stays up, says what is
wrong and what to do, and goes on by itself with nothing lost or made twice.
"""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from provisioning import scripted_customer
from provisioning.scripted_customer import ScriptedCustomer, Stuck
from tests.e2e.installation import ONE_OF_EACH, Installation, Studio, utc_now, wait_for

pytestmark = [pytest.mark.processes, pytest.mark.drill]

HTTP_WAYS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "timeout", "latencyMs": 1500},
    {"kind": "garbage"},
    {"kind": "status", "status": 429, "retryAfter": 2},
    {"kind": "status", "status": 401},
)
SMTP_WAYS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 421},
    {"kind": "timeout", "latencyMs": 1500},
    {"kind": "garbage"},
    {"kind": "status", "status": 452},
    {"kind": "status", "status": 535},
)
TRY_AGAIN = ("provider_unavailable", "code_refused")
WAY_SECONDS = 3.0
RECOVERED_WITHIN = 240.0
"""A breaker that opened lets one call through after a minute, and the check that failed looks again every minute."""
PAGES = ("/healthz", "/readyz", "/", "/pricing", "/accounts/login/", "/api/health/autopilot")


@dataclass(frozen=True)
class Outage:
    """Who is away, and which check of the platform or of the studio must say so."""

    providers: tuple[str, ...]
    probe: str
    of_the_platform: bool


OUTAGES = {
    "stripe": Outage(("stripe",), "stripe", of_the_platform=True),
    "twilio": Outage(("twilio",), "twilio_number", of_the_platform=False),
    "whatsapp": Outage(("whatsapp",), "whatsapp_number", of_the_platform=False),
    "smtp": Outage(("smtp",), "mail_server", of_the_platform=True),
    "models": Outage(("openai", "groq", "anthropic"), "own_models", of_the_platform=False),
}


@dataclass
class Seen:
    """What was seen of one outage."""

    newcomer: "Future[dict[str, Any]]"
    statuses: set[int] = field(default_factory=set)
    slowest: float = 0.0
    checks: list[dict[str, Any]] = field(default_factory=list)
    page: str = ""


class Newcomer(ScriptedCustomer):
    """Told to try again later, it does: with Meta's pop-up once more."""

    def connect_whatsapp(self, number: str) -> None:
        for tries_left in reversed(range(20)):
            try:
                return super().connect_whatsapp(number)
            except Stuck as refusal:
                if not tries_left or not any(word in str(refusal) for word in TRY_AGAIN):
                    raise
                time.sleep(5)


@pytest.fixture(scope="module")
def patient() -> Iterator[None]:
    """Customers who wait through an outage."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scripted_customer, "CLAIM_WITHIN", RECOVERED_WITHIN)
        patch.setattr(scripted_customer, "READY_WITHIN", RECOVERED_WITHIN)
        yield


@pytest.fixture(scope="module")
def tried(running: Installation, patient: None) -> Studio:
    """A studio in service whose owner is signed in."""
    found = running.studio("Wetterfest")
    wait_for(found.received)
    return found


@pytest.fixture(scope="module")
def seen(running: Installation, tried: Studio) -> dict[str, Seen]:
    """Go through the outages one after the other; each begins while a new studio pays and is set up."""
    with ThreadPoolExecutor(len(OUTAGES)) as pool:
        return {name: _go_through(name, running, tried, pool) for name in OUTAGES}


def _go_through(name: str, product: Installation, studio: Studio, pool: ThreadPoolExecutor) -> Seen:
    outage = OUTAGES[name]
    newcomer = Newcomer(product.product, product.sandbox.url, f"{name}@trotz.test", f"Trotz {name}", "PRO", "DE")
    found = Seen(pool.submit(newcomer.play))
    time.sleep(1.0)
    for way in SMTP_WAYS if name == "smtp" else HTTP_WAYS:
        product.sandbox.heal()
        for provider in outage.providers:
            product.sandbox.fault(provider, **{"operation": "*", **way})
        end = time.monotonic() + WAY_SECONDS
        _traffic(studio)
        while time.monotonic() < end:
            _look_around(product, found)
    found.checks = _checks(product, studio, outage)
    found.page = studio.browser.get("/dashboard").text
    product.sandbox.heal()
    return found


def _traffic(studio: Studio) -> None:
    studio.write("Wann kann ich morgen trainieren?")
    due = {"leadId": studio.lead_id, "scheduledAt": utc_now(), "type": "motivation"}
    assert studio.ask("POST", "/api/followups", json=due).status_code in (201, 409)


def _look_around(product: Installation, found: Seen) -> None:
    for path in PAGES:
        began = time.monotonic()
        answer = httpx.get(f"{product.product}{path}", timeout=30, trust_env=False, follow_redirects=True)
        found.slowest = max(found.slowest, time.monotonic() - began)
        found.statuses.add(answer.status_code)


def _checks(product: Installation, studio: Studio, outage: Outage) -> list[dict[str, Any]]:
    headers = product.as_system if outage.of_the_platform else studio.headers
    answer = product.web.post(f"/api/health/check/{outage.probe}", headers=headers)
    answer.raise_for_status()
    return [one for one in answer.json() if one["probe"] == outage.probe]


def each(of: Callable[..., None]) -> Any:
    return pytest.mark.parametrize("name", OUTAGES)(of)


@each
def test_the_product_stays_up(seen: dict[str, Seen], name: str) -> None:
    assert seen[name].statuses == {200}
    assert seen[name].slowest < 5


@each
def test_health_says_what_is_wrong_and_what_to_do(seen: dict[str, Seen], name: str) -> None:
    (check,) = seen[name].checks
    assert check["status"] in ("degraded", "failed")
    assert check["summary"]
    assert check["fix"]


@each
def test_the_owner_reads_it_on_the_page(seen: dict[str, Seen], name: str) -> None:
    if not OUTAGES[name].of_the_platform:
        assert seen[name].checks[0]["fix"][:40] in seen[name].page


@each
def test_a_set_up_in_its_midst_completes_with_one_of_everything(
    running: Installation, seen: dict[str, Seen], name: str
) -> None:
    facts = seen[name].newcomer.result(RECOVERED_WITHIN)
    studio = Studio(running, facts)
    run = studio.progress()
    assert (run["status"], run["progress"]) == ("ready", 100), run
    assert running.sandbox.made_for(studio.id) == ONE_OF_EACH


def test_afterwards_members_are_answered_again(running: Installation, tried: Studio, seen: object) -> None:
    wait_for(lambda: _is_answered_by_a_model(running, tried), seconds=RECOVERED_WITHIN)


def _is_answered_by_a_model(product: Installation, studio: Studio) -> bool:
    studio.answered("Und wann kann ich am Sonntag zum Training kommen?")
    newest = "SELECT model FROM coach_message WHERE workspace_id = %s AND direction = 'out' ORDER BY at DESC LIMIT 1"
    return product.sql(newest, studio.id) != [("",)]


def test_no_message_went_out_twice(running: Installation, tried: Studio, seen: object) -> None:
    intents = "SELECT count(*) FROM autopilot_effect WHERE workspace_id = %s AND operation = 'messages.send'"
    ((made,),) = running.sql(intents, tried.id)
    assert len(tried.received()) <= made


def test_afterwards_health_is_well_again_by_itself(running: Installation, tried: Studio, seen: object) -> None:
    failing = "SELECT probe, code, summary FROM health_healthcheck WHERE status <> 'healthy' AND probe = ANY (%s)"
    probes = [outage.probe for outage in OUTAGES.values()]
    # A refused key speaks against a model for half an hour, or until it answers; nobody asks the third while the first does.
    running.sql(
        "UPDATE providers_providercall SET at = at - interval '30 minutes' WHERE outcome = 'THIRD_PARTY_AUTH_FAILED'"
        " AND provider = ANY (%s) RETURNING 1",
        list(OUTAGES["models"].providers),
    )
    wait_for(lambda: not running.sql(failing, probes), seconds=RECOVERED_WITHIN, every=1)
    assert tried.health()["status"] != "failed"


def test_no_job_was_given_up(running: Installation, seen: object) -> None:
    dead = running.sql("SELECT type, error FROM autopilot_job WHERE status = 2 AND error NOT LIKE 'Unknown%%'")
    assert dead == []
