"""Control routes, pages, voices, and the program itself."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pilar.sandbox.config import Settings
from pilar.sandbox.phones import Message
from tests.sandbox.serving import HTTP, Sandbox, eventually
from tests.sandbox.stripe_client import client_of, paid, wishes

VOICES = {"xi-api-key": "sandbox-elevenlabs"}


def test_the_state_counts_what_was_made(sandbox: Sandbox) -> None:
    paid(sandbox)
    state = HTTP.get(f"{sandbox.url}/_control/state").json()
    assert (state["stripe"]["customers"], state["stripe"]["subscriptions"]) == (1, 1)
    assert set(state) >= {"stripe", "twilio", "whatsapp", "ai", "mail", "deliveries"}


def test_reset_forgets_everything_but_the_plans(sandbox: Sandbox) -> None:
    paid(sandbox)
    HTTP.post(f"{sandbox.url}/_control/reset")
    state = HTTP.get(f"{sandbox.url}/_control/state").json()["stripe"]
    assert (state["customers"], state["events"], state["prices"]) == (0, 0, 2)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_control/checkout", {"email": "a@b.test", "name": "x", "plan": "GOLD"}),
        ("/_control/checkout", {"name": "x", "plan": "PRO"}),
        ("/_control/reviews", {"decision": "perhaps"}),
        ("/_control/reviews", {"delaySeconds": "soon"}),
        ("/_control/latency", {"provider": "all", "ms": 1}),
    ],
)
def test_control_says_what_is_wrong(sandbox: Sandbox, path: str, body: dict[str, object]) -> None:
    answer = HTTP.post(sandbox.url + path, json=body)
    assert (answer.status_code, bool(answer.json()["error"])) == (400, True)


def test_control_refuses_what_is_not_json(sandbox: Sandbox) -> None:
    assert HTTP.post(f"{sandbox.url}/_control/faults", content=b"{").status_code == 400


def test_an_unknown_stripe_action_names_the_known_ones(sandbox: Sandbox) -> None:
    answer = HTTP.post(f"{sandbox.url}/_control/stripe/explode", json={})
    assert (answer.status_code, "renew" in answer.json()["error"]) == (404, True)


def test_an_untouched_phone_is_empty(sandbox: Sandbox) -> None:
    phone = HTTP.get(f"{sandbox.url}/_control/phone/+4915112345678").json()
    assert phone == {"number": "+4915112345678", "messages": [], "sent": []}


def test_a_phone_exists_once_somebody_wrote_to_it(sandbox: Sandbox) -> None:
    sandbox.world.phones.receive("49 151 123", Message("wamid.1", "+4930", "Hallo"))
    assert HTTP.get(f"{sandbox.url}/_control/phones").json()[0]["number"] == "+49151123"
    message = HTTP.get(f"{sandbox.url}/_control/phone/49151123").json()["messages"][0]
    assert (message["from"], message["to"], message["text"]) == ("+4930", "+49151123", "Hallo")


def test_voices_need_the_key(sandbox: Sandbox) -> None:
    assert HTTP.get(f"{sandbox.url}/v2/voices").json()["detail"]["status"] == "invalid_api_key"


def test_voices_are_listed_page_by_page(sandbox: Sandbox) -> None:
    first = HTTP.get(f"{sandbox.url}/v2/voices?page_size=5", headers=VOICES).json()
    rest = HTTP.get(
        f"{sandbox.url}/v2/voices", params={"page_size": 5, "next_page_token": first["next_page_token"]}, headers=VOICES
    ).json()
    assert (len(first["voices"]), len(rest["voices"]), rest["has_more"]) == (5, 3, False)


def test_voices_are_searched_by_name(sandbox: Sandbox) -> None:
    found = HTTP.get(f"{sandbox.url}/v2/voices?search=lena", headers=VOICES).json()["voices"]
    assert [voice["name"] for voice in found] == ["Lena"]


@pytest.fixture
def page_paths(sandbox: Sandbox) -> list[str]:
    """One of each page, with something on it."""
    client = client_of(sandbox)
    session = paid(sandbox)
    portal = client.v1.billing_portal.sessions.create({"customer": session.customer, "return_url": "http://p.test"})
    checkout = client.v1.checkout.sessions.create(wishes())
    fixed = ["/", "/phone/+4915112345678", "/mail/a@b.test", f"/invoice/{session.invoice}"]
    return [*fixed, f"/checkout/{checkout.id}", f"/portal/{portal.id}", "/checkout/cs_none"]


def test_pages_load_nothing_from_elsewhere(sandbox: Sandbox, page_paths: list[str]) -> None:
    for path in page_paths:
        answer = HTTP.get(sandbox.url + path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert not re.search(r'(?:src|rel="stylesheet" href)="https?:', answer.text), path


def test_pages_leave_no_placeholder_and_no_inline_script(sandbox: Sandbox, page_paths: list[str]) -> None:
    for path in page_paths:
        text = HTTP.get(sandbox.url + path).text
        assert not re.search(r"\$[a-z_]+|<script>|style=|onclick", text), path


def test_what_people_type_is_escaped(sandbox: Sandbox) -> None:
    url = client_of(sandbox).v1.checkout.sessions.create(wishes(customer_email='"><script>x@y.test')).id
    assert "<script>" not in HTTP.get(f"{sandbox.url}/checkout/{url}").text


def test_settings_come_from_the_environment() -> None:
    settings = Settings.from_env({"SANDBOX_PORT": "9", "STRIPE_WEBHOOK_SECRET": "new, old", "STRIPE_PRICE_PRO": ""})
    assert (settings.sandbox_port, settings.stripe_webhook_secret, settings.stripe_price_pro) == (9, "new", "price_pro")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _program(state_dir: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environ = {
        **os.environ,
        "SANDBOX_PORT": str(port),
        "SANDBOX_SMTP_PORT": str(_free_port()),
        "SANDBOX_STATE_DIR": str(state_dir),
        "SANDBOX_LATENCY_MS": "1",
    }
    process = subprocess.Popen([sys.executable, "-m", "pilar.sandbox"], env=environ, stderr=subprocess.PIPE)
    try:
        eventually(lambda: _answers(port), seconds=20)
        yield process
    finally:
        process.kill()
        process.communicate()


def _answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_control/state", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.mark.processes
def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    port, kept = _free_port(), tmp_path / "world"
    headers = {"authorization": "Bearer sk_test_sandbox"}
    with _program(kept, port) as process:
        made = httpx.post(f"http://127.0.0.1:{port}/v1/customers", data={"name": "x"}, headers=headers).json()
        process.kill()
        process.wait()
    with _program(kept, port):
        found = httpx.get(f"http://127.0.0.1:{port}/v1/customers/{made['id']}", headers=headers)
    assert found.json()["name"] == "x"


@pytest.mark.processes
def test_a_token_that_meta_gave_survives_a_kill(tmp_path: Path) -> None:
    port, kept, app = _free_port(), tmp_path / "world", Settings()
    base = f"http://127.0.0.1:{port}"
    with _program(kept, port):
        studio = {"phone_number": "+493012345678", "business_name": "Nord"}
        code = httpx.post(f"{base}/_meta/signup", json=studio).json()["code"]
        asked = {"client_id": app.whatsapp_app_id, "client_secret": app.whatsapp_app_secret, "code": code}
        token = httpx.get(f"{base}/v26.0/oauth/access_token", params=asked).json()["access_token"]
    with _program(kept, port):
        headers = {"Authorization": f"Bearer {app.whatsapp_app_id}|{app.whatsapp_app_secret}"}
        found = httpx.get(f"{base}/v26.0/debug_token", params={"input_token": token}, headers=headers)
    assert found.json()["data"]["is_valid"]


@pytest.mark.processes
def test_a_damaged_file_is_left_aside(tmp_path: Path) -> None:
    kept = tmp_path / "world"
    kept.mkdir()
    (kept / "stripe").write_bytes(b"not a pickle")
    with _program(kept, _free_port()) as process:
        process.send_signal(signal.SIGTERM)
        _, complaint = process.communicate(timeout=10)
    assert b"starting afresh" in complaint
    assert process.returncode in (0, -signal.SIGTERM)


@pytest.mark.processes
def test_a_taken_port_gets_a_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        environ = {**os.environ, "SANDBOX_PORT": "0", "SANDBOX_SMTP_PORT": str(taken.getsockname()[1])}
        run = subprocess.run([sys.executable, "-m", "pilar.sandbox"], env=environ, capture_output=True, timeout=30)
    assert (run.returncode, b"cannot listen" in run.stderr) == (1, True)


@pytest.mark.processes
def test_a_disk_that_takes_nothing_stops_no_answer(tmp_path: Path) -> None:
    port, kept = _free_port(), tmp_path / "world"
    # A folder where the file should be cannot be replaced by it.
    (kept / "stripe" / "in-the-way").mkdir(parents=True)
    with _program(kept, port):
        headers = {"authorization": "Bearer sk_test_sandbox"}
        made = httpx.post(f"http://127.0.0.1:{port}/v1/customers", data={"name": "x"}, headers=headers, timeout=5)
    assert made.status_code == 200
