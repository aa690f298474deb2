"""The wire between one process and the database: cut and mended by the drill."""

import select
import socket
import threading
from contextlib import suppress

from tests.e2e.installation import HOST


class Wire:
    """Passes on what comes, unless it is cut: then it hangs or refuses, and what was open ends when it is mended."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._server = socket.create_server((HOST, 0))
        self.port = int(self._server.getsockname()[1])
        self._whole = threading.Event()
        self._whole.set()
        self._is_refusing = False
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, *, refusing: bool) -> None:
        """From now on nothing passes. `refusing` ends what is open at once; otherwise it hangs."""
        self._is_refusing = refusing
        self._whole.clear()
        if refusing:
            self._end_all()

    def mend(self) -> None:
        self._end_all()
        self._whole.set()

    def close(self) -> None:
        self._server.close()
        self._end_all()

    def _end_all(self) -> None:
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                here, _ = self._server.accept()
                threading.Thread(target=self._serve, args=(here,), daemon=True).start()

    def _serve(self, here: socket.socket) -> None:
        with here:
            if not self._whole.is_set() and self._is_refusing:
                return
            with self._lock:
                self._open.add(here)
            self._whole.wait()
            with suppress(OSError), socket.create_connection((HOST, self._port)) as there:
                with self._lock:
                    self._open.add(there)
                self._pass_on(here, there)

    def _pass_on(self, here: socket.socket, there: socket.socket) -> None:
        ways = {here: there, there: here}
        while True:
            for one in select.select(list(ways), [], [])[0]:
                data = one.recv(65536)
                # What was on its way when the wire was cut is lost with it.
                self._whole.wait()
                if not data:
                    return
                ways[one].sendall(data)
