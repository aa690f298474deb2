"""The product as an operator runs it: one tree of real processes on free ports, with data of its own.

It is steered from outside only: by HTTP, by signals to its processes, and by SQL as the database's superuser.
"""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import psycopg

from pilar.runtime import processes
from pilar.runtime.postgres import Cluster
from provisioning.scripted_customer import ScriptedCustomer

ROOT = Path(__file__).resolve().parent.parent.parent
READY_SECONDS, STOP_SECONDS = 150.0, 45.0
HOST = "127.0.0.1"


def wait_for[T](look: Callable[[], T], *, seconds: float = 60.0, every: float = 0.05) -> T:
    """Return what `look` gives as soon as it is true; fails when it never is. An answer that fails counts as not yet."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            found = look()
        except (httpx.TransportError, psycopg.OperationalError):
            found = None  # type: ignore[assignment]
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"it did not happen within {seconds:g} s; the last look gave {found!r}")
        time.sleep(every)


class Installation:
    """One data folder with its ports, and the supervisor that runs on it now."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.cluster = Cluster(folder)
        names = ("PORT", "SANDBOX_PORT", "SANDBOX_SMTP_PORT")
        ports = dict(zip(names, map(str, _free_ports(len(names))), strict=True))
        # MAKELEVEL makes the supervisor end with us, should we be killed; the rest must not leak in from the suite.
        own = {"PILAR_DATA_DIR": str(folder), "PILAR_SANDBOX": "1", "MAKELEVEL": "1", "PYTHONUNBUFFERED": "1"}
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG", "TMPDIR")}
        self.environment = {**kept, **ports, **own, **environment}
        self.product = f"http://{HOST}:{ports['PORT']}"
        self.sandbox = Sandbox(f"http://{HOST}:{ports['SANDBOX_PORT']}")
        self.supervisor: subprocess.Popen[str] | None = None
        self.web = httpx.Client(base_url=self.product, timeout=30, trust_env=False)
        self._said: list[str] = []
        self._superuser: psycopg.Connection[tuple[Any, ...]] | None = None

    def start(self) -> float:
        """Start everything and return after how many seconds it said that it is ready."""
        began, self._said = time.monotonic(), []
        self.supervisor = subprocess.Popen(
            [sys.executable, "-m", "pilar.runtime", "up"],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._listen, args=(self.supervisor,), daemon=True).start()
        wait_for(self._is_ready, seconds=READY_SECONDS)
        return time.monotonic() - began

    def _listen(self, supervisor: subprocess.Popen[str]) -> None:
        assert supervisor.stdout
        self._said.extend(iter(supervisor.stdout.readline, ""))

    def _is_ready(self) -> bool:
        assert self.supervisor
        assert self.supervisor.poll() is None, "".join(self._said[-50:])
        return any(line.startswith("PILAR is ready at") for line in self._said)

    def stop(self) -> float:
        """End it as an operator would and return the seconds it took."""
        began = time.monotonic()
        if self.supervisor and self.supervisor.poll() is None:
            self.supervisor.terminate()
            self.supervisor.wait(STOP_SECONDS)
        return time.monotonic() - began

    def remove(self) -> None:
        """End it whatever happens, and remove its data."""
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            self.kill_everything()
        finally:
            self.web.close()
            if self._superuser:
                self._superuser.close()
            self.cluster.remove()

    def kill_everything(self) -> None:
        """What a power cut is to processes: the supervisor first, so that it heals nothing, then all others at once."""
        assert self.supervisor
        pids = self.pids()
        self.supervisor.kill()
        for pid in pids.values():
            for each in (pid, *children(pid)):
                _signal(each, signal.SIGKILL)
        self.supervisor.wait()
        assert all(processes.wait_for_end(pid, seconds=10) for pid in pids.values())

    def pids(self) -> dict[str, int]:
        """The process ids of what the supervisor runs, by name."""
        record = json.loads((self.folder / "run" / "supervisor.json").read_text())
        return {name: pid for name, (pid, _birth) in record.items() if name not in ("migrate", "seed")}

    def send(self, name: str, number: signal.Signals) -> int:
        """Signal one of the processes and return its id."""
        pid = self.pids()[name]
        _signal(pid, number)
        return pid

    def log(self, name: str) -> str:
        return (self.folder / "log" / f"{name}.log").read_text(errors="replace")

    def sql(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds, past every policy. Raises psycopg.OperationalError while it is away."""
        if self._superuser is not None and not self._superuser.closed:
            with suppress(psycopg.OperationalError):
                return self._superuser.execute(query, values).fetchall()
        self._superuser = psycopg.connect(self.cluster.dsn("postgres", "pilar"), autocommit=True, connect_timeout=5)
        return self._superuser.execute(query, values).fetchall()

    def workers(self) -> set[int]:
        """The process ids of the workers that say they live."""
        rows = self.sql("SELECT pid FROM autopilot_worker WHERE kind = 'worker' AND lost_at IS NULL")
        return {pid for (pid,) in rows}

    @cached_property
    def secrets(self) -> dict[str, str]:
        lines = (self.folder / "secrets.env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)

    @property
    def as_system(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.secrets['CRON_SECRET']}"}

    def manage(self, *arguments: str) -> str:
        """Run a management command beside the running tree, as an operator would, and return what it printed."""
        argv = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(argv, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout

    def customer(self, name: str, *, country: str = "DE", plan: str = "PRO") -> ScriptedCustomer:
        """A scripted customer of this product who has done nothing yet."""
        email = f"{re.sub('[^a-z]', '', name.lower())}@studio.test"
        return ScriptedCustomer(self.product, self.sandbox.url, email, name, plan, country)

    def studio(self, name: str) -> "Studio":
        """A studio that is set up, with one member who agreed, and its owner's signed-in browser."""
        customer = self.customer(name)
        return Studio(self, customer.play(), browser=customer.session)


class Sandbox:
    """The providers' steering wheel."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._client = httpx.Client(base_url=url, timeout=30, trust_env=False)

    def get(self, path: str) -> Any:
        answer = self._client.get(f"/_control/{path}")
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self._client.post(f"/_control/{path}", json=body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def fault(self, provider: str, kind: str, *, operation: str = "*", **more: Any) -> None:
        self.post("faults", provider=provider, operation=operation, kind=kind, **more)

    def heal(self) -> None:
        self._client.delete("/_control/faults").raise_for_status()

    def events(self) -> list[dict[str, Any]]:
        """All that happened at Stripe, newest first."""
        answer = self._client.get("/v1/events", params={"limit": 100}, auth=("sk_test_sandbox", ""))
        answer.raise_for_status()
        return list(answer.json()["data"])

    def made_for(self, workspace_id: str) -> dict[str, int]:
        """How many of everything the providers have of one studio."""
        state, name = self.get("state"), f"pilar-{workspace_id}"
        accounts = [one for one in state["twilio"]["accounts"] if one["friendlyName"] == name]
        numbers = [one for one in state["twilio"]["numbers"] if one["friendlyName"] == name]
        bundles = [one for one in state["twilio"]["bundles"] if one["accountSid"] in {each["sid"] for each in accounts}]
        ours = {each["phoneNumber"] for each in numbers}
        phones = [one for one in state["whatsapp"]["phones"] if one["number"] in ours]
        wabas = {each["wabaId"] for each in phones}
        templates = [(one["name"], one["language"]) for one in state["whatsapp"]["templates"] if one["wabaId"] in wabas]
        return {
            "subaccounts": len(accounts),
            "keys": sum(one["keys"] for one in accounts),
            "bundles": len(bundles),
            "numbers": len(numbers),
            "phones": len(phones),
            "templates twice": len(templates) - len(set(templates)),
        }


ONE_OF_EACH = {"subaccounts": 1, "keys": 1, "bundles": 1, "numbers": 1, "phones": 1, "templates twice": 0}


class Studio:
    """A studio that is set up, its owner's key and perhaps signed-in browser, and the phone of its member."""

    def __init__(
        self, installation: Installation, facts: dict[str, Any], *, browser: httpx.Client | None = None
    ) -> None:
        self.installation = installation
        self.facts = facts
        self.browser = browser or httpx.Client(base_url=installation.product, trust_env=False)
        self.id: str = facts["workspaceId"]
        self.number: str = facts["number"]
        self.lead_id: str = facts["leadId"]
        self.phone: str = facts["leadPhone"]
        self.headers = {"Authorization": f"Bearer {facts['apiKey']}"}

    def ask(self, method: str, path: str, **content: Any) -> httpx.Response:
        return self.installation.web.request(method, path, headers=self.headers, **content)

    def received(self) -> list[dict[str, Any]]:
        """What reached the member's phone."""
        return list(self.installation.sandbox.get(f"phone/{self.phone}")["messages"])

    def write(self, text: str) -> None:
        """The member writes to the studio."""
        self.installation.sandbox.post(f"phone/{self.phone}/send", to=self.number, text=text)

    def next_message(self, before: int, *, seconds: float = 30.0) -> tuple[dict[str, Any], float]:
        """Wait for one message more than `before`; return it and how long it took."""
        began = time.monotonic()
        wait_for(lambda: len(self.received()) > before, seconds=seconds)
        return self.received()[before], time.monotonic() - began

    def answered(self, text: str) -> tuple[dict[str, Any], float]:
        """The member writes; return the answer and the seconds until it came."""
        before = len(self.received())
        self.write(text)
        return self.next_message(before)

    def remind(self) -> tuple[dict[str, Any], float]:
        """Make a follow-up due now; return what reached the phone and the seconds until it did."""
        before = len(self.received())
        due = {"leadId": self.lead_id, "scheduledAt": utc_now(), "type": "motivation"}
        answer = self.ask("POST", "/api/followups", json=due)
        assert answer.status_code == 201, answer.text
        return self.next_message(before)

    def health(self) -> dict[str, Any]:
        answer = self.ask("GET", f"/api/health/workspace/{self.id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def progress(self) -> dict[str, Any]:
        answer = self.ask("GET", f"/api/provisioning/workspace/{self.id}/status")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def utc_now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


@contextmanager
def installed(folder: Path, **environment: str) -> Iterator[Installation]:
    """A running installation that is surely gone afterwards."""
    found = Installation(folder, **environment)
    try:
        found.start()
        yield found
    finally:
        found.remove()


def _free_ports(count: int) -> list[int]:
    """Held all at once, so that they differ."""
    import socket

    held = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [int(server.getsockname()[1]) for server in held]
    for server in held:
        server.close()
    return ports


def children(pid: int) -> list[int]:
    """The process ids of all that a process started, and of what those did."""
    try:
        words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [each for child in map(int, words) for each in (child, *children(child))]


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
