"""One installation runs once, and what a killed one left behind does not block the next."""

import errno
import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from pilar.runtime import processes
from pilar.runtime.instance import CannotStartError, Instance, require_free_port


@pytest.fixture
def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"], start_new_session=True)


def left_behind(folder: Path, pid: int, birth: str | None) -> Instance:
    (folder / "supervisor.json").write_text(json.dumps({"worker": [pid, birth]}))
    return Instance(folder)


def test_a_second_supervisor_is_told_who_runs_already(tmp_path: Path) -> None:
    with Instance(tmp_path), pytest.raises(CannotStartError, match=r"already runs .*process \d+"), Instance(tmp_path):
        pass


def test_the_claim_ends_with_its_holder(tmp_path: Path) -> None:
    with Instance(tmp_path):
        pass
    with Instance(tmp_path) as second:
        assert second.end_leftovers() == []


@pytest.mark.processes
def test_what_a_killed_supervisor_left_behind_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    with left_behind(tmp_path, sleeper.pid, processes.birth(sleeper.pid)) as instance:
        assert instance.end_leftovers() == ["worker"]
    assert sleeper.wait(5) != 0


@pytest.mark.processes
def test_a_process_that_was_given_an_old_id_is_spared(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    with left_behind(tmp_path, sleeper.pid, "another boot:1") as instance:
        assert instance.end_leftovers() == []
    assert sleeper.poll() is None
    sleeper.kill()
    sleeper.wait()


def test_a_damaged_memory_of_the_last_start_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "supervisor.json").write_text('{"worker": [1')
    with Instance(tmp_path) as instance:
        assert instance.end_leftovers() == []


def test_a_full_disk_costs_the_memory_and_not_the_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with Instance(tmp_path) as instance:
        instance.remember("web", os.getpid())
        before = (tmp_path / "supervisor.json").read_text()
        with monkeypatch.context() as disk:
            disk.setattr(os, "fsync", full)
            instance.remember("worker", os.getpid())
        assert (tmp_path / "supervisor.json").read_text() == before
        assert {each.name for each in tmp_path.iterdir()} == {"supervisor.json", "supervisor.lock"}
        instance.remember("beat", os.getpid())
        assert set(json.loads((tmp_path / "supervisor.json").read_text())) == {"web", "worker", "beat"}


def test_an_occupied_port_gives_a_sentence_with_a_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        with pytest.raises(CannotStartError, match=rf"Port {port} is taken .* PORT=\d+ make up"):
            require_free_port("127.0.0.1", port, variable="PORT")


@pytest.mark.parametrize("port", ["", "web", "0", "70000", "-1"])
def test_a_port_that_is_none_is_named_with_its_variable(port: str) -> None:
    with pytest.raises(CannotStartError, match="SANDBOX_PORT must be a port number"):
        require_free_port("127.0.0.1", port, variable="SANDBOX_PORT")
