"""TCP ports of this machine."""

import socket


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
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((host, 0))
        port: int = probe.getsockname()[1]
        return port
