"""The supervisor with small programs in place of the product: what is tested is the supervision."""

import sys

from pilar.runtime import environment, services, supervisor
from pilar.runtime.services import Service

WAITS = "import time; print('ready', flush=True); time.sleep(600)"
SERVES = """
import http.server, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""


def server(name: str, port: str) -> Service:
    return Service(name, [sys.executable, "-c", SERVES, port], address=f"http://127.0.0.1:{port}/")


def waiter(name: str) -> Service:
    return Service(name, [sys.executable, "-c", WAITS], ready_line="ready")


def finished(*arguments: str) -> list[str]:
    return [sys.executable, "-c", f"print({' '.join(arguments)!r})"]


if __name__ == "__main__":
    services.SERVICES |= {
        "web": lambda given: server("web", given["PORT"]),
        "sandbox": lambda given: server("sandbox", given["SANDBOX_PORT"]),
        "worker": lambda _: waiter("worker"),
        "beat": lambda _: waiter("beat"),
    }
    services.manage = finished
    raise SystemExit(supervisor.up(environment.process_environment()))
