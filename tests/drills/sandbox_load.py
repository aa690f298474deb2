"""How many requests a second the sandbox answers on one core: by its own processor time, and by the clock.

`python -m tests.drills.sandbox_load` prints both. The processor time of the sandbox alone says what one core can do,
however busy the machine is; the clock tells it only on a machine that does nothing else.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from pilar.runtime.ports import free_port

HOST = "127.0.0.1"
CLIENTS = 16
REQUESTS = 4000
STRIPE = "Authorization: Bearer sk_test_sandbox\r\n"
AI = "Authorization: Bearer sk-sandbox-openai\r\nContent-Type: application/json\r\n"
QUESTION = json.dumps({"model": "gpt-5-mini", "messages": [{"role": "user", "content": "Hallo, wie geht es?"}]})


@dataclass(frozen=True)
class Load:
    """Requests of one kind. Each is sent on a connection that is kept."""

    name: str
    method: str
    path: str
    headers: str = ""
    body: str = ""

    def raw(self) -> bytes:
        head = f"{self.method} {self.path} HTTP/1.1\r\nHost: {HOST}\r\n{self.headers}"
        return f"{head}Content-Length: {len(self.body.encode())}\r\n\r\n{self.body}".encode()


LOADS = (
    Load("Stripe, a price is read", "GET", "/v1/prices/price_pro", STRIPE),
    Load(
        "Stripe, a customer is made",
        "POST",
        "/v1/customers",
        f"{STRIPE}Content-Type: application/x-www-form-urlencoded\r\n",
        "name=x&email=a%40b.test",
    ),
    Load("OpenAI, a question is answered", "POST", "/v1/chat/completions", AI, QUESTION),
)


@dataclass(frozen=True)
class Rate:
    """Requests a second: of one core by the sandbox's processor time, and by the clock."""

    on_one_core: float
    by_the_clock: float
    status: int


@contextmanager
def sandbox() -> Iterator[tuple[int, int]]:
    """Run a sandbox without latency or memory; yields its port and process id."""
    port = free_port(HOST)
    ports = {"SANDBOX_PORT": str(port), "SANDBOX_SMTP_PORT": str(free_port(HOST))}
    environment = {**os.environ, **ports, "SANDBOX_LATENCY_MS": "0", "SANDBOX_STATE_DIR": ""}
    process = subprocess.Popen([sys.executable, "-m", "pilar.sandbox"], env=environment)
    try:
        _wait_until_up(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(20)


def _wait_until_up(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            httpx.get(f"http://{HOST}:{port}/_control/state", timeout=2)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("the sandbox does not answer")


def measure(load: Load, port: int, pid: int, *, requests: int = REQUESTS) -> Rate:
    """Send the requests over 16 connections, each as soon as the last was answered."""
    asyncio.run(_send(load, port, requests // 10))
    cpu, clock = _cpu_seconds(pid), time.monotonic()
    status = asyncio.run(_send(load, port, requests))
    return Rate(requests / (_cpu_seconds(pid) - cpu), requests / (time.monotonic() - clock), status)


async def _send(load: Load, port: int, requests: int) -> int:
    statuses = await asyncio.gather(*(_client(load, port, requests // CLIENTS) for _ in range(CLIENTS)))
    return max(statuses)


async def _client(load: Load, port: int, requests: int) -> int:
    reader, writer = await asyncio.open_connection(HOST, port)
    raw, worst = load.raw(), 0
    for _ in range(requests):
        writer.write(raw)
        head = await reader.readuntil(b"\r\n\r\n")
        worst = max(worst, int(head[9:12]))
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
    writer.close()
    return worst


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    with sandbox() as (where, who):
        for each in LOADS:
            rate = measure(each, where, who)
            line = f"{each.name:<36} {rate.on_one_core:7.0f}/s on one core, {rate.by_the_clock:7.0f}/s by the clock"
            sys.stdout.write(f"{line} (status {rate.status})\n")
