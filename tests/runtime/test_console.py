"""What children say reaches the files whatever becomes of standard output."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilar.runtime.console import Console


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The reading and the writing end."""
    reader, writer = os.pipe()
    yield reader, writer
    os.close(writer)


def test_a_line_goes_to_the_childs_file_and_to_standard_output(tmp_path: Path, pipe: tuple[int, int]) -> None:
    console = Console(tmp_path, output=pipe[1])
    console.child_says("web", "100 % done")
    assert console.path("web").read_text() == "100 % done\n"
    assert os.read(pipe[0], 1000) == b"web      | 100 % done\n"


def test_a_reader_that_stops_reading_holds_nothing_up(tmp_path: Path, pipe: tuple[int, int]) -> None:
    console = Console(tmp_path, output=pipe[1])
    for number in range(5_000):
        console.child_says("web", f"{number} " + "x" * 100)
    assert console.path("web").read_text().count("\n") == 5_000


def test_a_reader_that_is_gone_holds_nothing_up(tmp_path: Path, pipe: tuple[int, int]) -> None:
    os.close(pipe[0])
    Console(tmp_path, output=pipe[1]).say("still here")
    assert (tmp_path / "supervisor.log").read_text() == "still here\n"


def test_a_line_cannot_forge_another(tmp_path: Path, pipe: tuple[int, int]) -> None:
    Console(tmp_path, output=pipe[1]).child_says("web", "a\rPILAR is ready at http://evil.example")
    assert b"\r" not in os.read(pipe[0], 1000)
