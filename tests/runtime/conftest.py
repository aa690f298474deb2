"""Real servers and real processes, each test module with its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from pilar.runtime.postgres import Cluster


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, as an ordinary checkout is."""
    folder = Path(tempfile.mkdtemp(prefix="pilar-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A running embedded PostgreSQL below a folder that only its owner may enter (pytest's own is such)."""
    found = Cluster(tmp_path_factory.mktemp("cluster") / "var")
    found.start()
    yield found
    found.remove()
