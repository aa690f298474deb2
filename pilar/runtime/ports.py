"""TCP ports of this machine."""

import random
import socket

FOR_SERVERS = range(20_000, 32_000)
"""Below what systems give to outgoing connections (Linux from 32,768 on). One of those would take the port of a server
that is down for a moment, and the server could not come back to where its clients look for it.
"""


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens on the port."""
    return taken_because(host, port) is None


def taken_because(host: str, port: int) -> str | None:
    """Why one cannot listen on the port, in the system's words; None when one can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            return error.strerror or str(error)
        return None


def free_port(host: str) -> int:
    """A port for a server, free a moment ago. Raises OSError when hundred of them are taken."""
    for port in random.sample(FOR_SERVERS, 100):
        if is_free(host, port):
            return port
    raise OSError(f"no port from {FOR_SERVERS.start} on is free")
