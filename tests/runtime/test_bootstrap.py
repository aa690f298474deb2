"""From a bare checkout to `.venv`: what is decided before pip has anything to do."""

import json
import sys
from pathlib import Path

import pytest

from pilar.runtime import bootstrap
from pilar.runtime.bootstrap import CannotInstallError


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the two locks and a `.venv` that is this test's Python."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / "installed.json")
    monkeypatch.setattr(bootstrap, "PYTHON", Path(sys.executable))
    for lock in (bootstrap.LOCK, bootstrap.DEV_LOCK):
        (tmp_path / lock).write_text(f"# {lock}\n")
    return tmp_path


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    found: list[str] = []
    monkeypatch.setattr(bootstrap, "install_lock", found.append)
    return found


def test_a_lock_that_is_not_installed_is_installed(checkout: Path, installed: list[str]) -> None:
    bootstrap.install(bootstrap.LOCK)
    assert installed == [bootstrap.LOCK]


def test_an_unchanged_lock_is_not_installed_again(checkout: Path, installed: list[str]) -> None:
    bootstrap.STAMP.write_text(json.dumps({bootstrap.LOCK: bootstrap.digest(bootstrap.LOCK)}))
    bootstrap.install(bootstrap.LOCK)
    assert installed == []


def test_a_changed_lock_is_installed_again(checkout: Path, installed: list[str]) -> None:
    bootstrap.STAMP.write_text(json.dumps({bootstrap.LOCK: bootstrap.digest(bootstrap.LOCK)}))
    (checkout / bootstrap.LOCK).write_text("# newer\n")
    bootstrap.install(bootstrap.LOCK)
    assert installed == [bootstrap.LOCK]


def test_the_development_lock_covers_the_other(checkout: Path) -> None:
    bootstrap.install_lock(bootstrap.DEV_LOCK)
    assert bootstrap.installed().keys() == {bootstrap.LOCK, bootstrap.DEV_LOCK}


def test_no_python_that_is_new_enough_gives_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "version_of", lambda _: (3, 9))
    with pytest.raises(CannotInstallError, match=r"needs Python 3\.12 or newer; found only 3\.9"):
        bootstrap.find_interpreter()


def test_a_name_that_leads_nowhere_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: f"/nowhere/{name}")
    monkeypatch.setenv("PYENV_ROOT", "/nowhere")
    assert bootstrap.find_interpreter() == sys.executable


def test_the_locks_name_no_index_and_hash_every_file() -> None:
    for lock in (bootstrap.LOCK, bootstrap.DEV_LOCK):
        text = (Path(__file__).parents[2] / lock).read_text()
        assert "://" not in text
        pins = text.split("\n\n")[-1].replace("\\\n", " ").splitlines()
        assert all("--hash=sha256:" in line for line in pins if "==" in line and not line.lstrip().startswith("#"))
