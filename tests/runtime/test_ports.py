import socket

from pilar.runtime.ports import FOR_SERVERS, free_port, is_free

HOST = "127.0.0.1"


def test_a_server_gets_no_port_that_an_outgoing_connection_may_take() -> None:
    with socket.socket() as listening:
        listening.bind((HOST, 0))
        listening.listen()
        with socket.create_connection(listening.getsockname()) as outgoing:
            assert outgoing.getsockname()[1] not in FOR_SERVERS
    assert all(free_port(HOST) in FOR_SERVERS for _ in range(20))


def test_a_port_that_somebody_listens_on_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind((HOST, free_port(HOST)))
        taken.listen()
        assert not is_free(HOST, taken.getsockname()[1])
