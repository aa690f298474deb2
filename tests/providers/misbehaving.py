"""A server on loopback that answers as it is told, down to the byte."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

type Answer = Callable[[socket.socket], None]


@contextmanager
def server(answer: Answer, *, listens_first: bool = True) -> Iterator[str]:
    """Serve `answer` to every connection, by default after its request; yields the base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stop = threading.Event()
    thread = threading.Thread(target=_serve, args=(listener, answer, stop, listens_first), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        listener.close()


def _serve(listener: socket.socket, answer: Answer, stop: threading.Event, listens_first: bool) -> None:
    while not stop.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            continue
        threading.Thread(target=_one, args=(connection, answer, listens_first), daemon=True).start()


def _one(connection: socket.socket, answer: Answer, listens_first: bool) -> None:
    with connection:
        if listens_first:
            connection.recv(65536)
        try:
            answer(connection)
        except OSError:
            return


def saying(text: bytes) -> Answer:
    return lambda connection: connection.sendall(text)


def json_answer(body: bytes, status: str = "200 OK") -> Answer:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return saying(head.encode() + body)


def hanging_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def silent(connection: socket.socket) -> None:
    time.sleep(5)


def dripping(connection: socket.socket) -> None:
    """One byte of a header each 50 ms: every single wait is short, the whole would take minutes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(200):
        connection.sendall(b"a")
        time.sleep(0.05)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    for _ in range(40):
        connection.sendall(b"x" * 1024 * 1024)


class FarEnd:
    """A server for many tests, each of which says what it answers next: SDKs build a client for each address."""

    url: str
    answer: Answer

    def says(self, status: int, body: object, headers: Mapping[str, str] | None = None) -> None:
        """Answer so from now on; a text is a page, anything else JSON."""
        content = (body if isinstance(body, str) else json.dumps(body)).encode()
        kind = "text/html" if isinstance(body, str) else "application/json"
        lines = {"Content-Type": kind, "Content-Length": str(len(content)), "Connection": "close"} | dict(headers or {})
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.answer = saying(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode() + content)


@contextmanager
def far_end() -> Iterator[FarEnd]:
    """Serve whatever the tests say."""
    end = FarEnd()
    with server(lambda connection: end.answer(connection)) as end.url:
        yield end


@contextmanager
def greeting_server(talk: Answer) -> Iterator[int]:
    """Serve a protocol in which the server speaks first; yields the port."""
    with server(talk, listens_first=False) as url:
        yield int(url.rpartition(":")[2])


class StandIn(BaseHTTPRequestHandler):
    """A provider that looks at what it is asked: give it `do_GET` and `do_POST`."""

    def body(self) -> bytes:
        """Read the request's body; a server that leaves it unread breaks the connection."""
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def say(self, answer: object, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def standing_in(handler: type[StandIn]) -> Iterator[str]:
    """Serve it; yields the base URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listener:
        threading.Thread(target=listener.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listener.server_address[1]}"
        finally:
            listener.shutdown()
