"""One sandbox for the whole session; every test finds it empty."""

from collections.abc import Iterator

import pytest

from tests.sandbox.serving import Sandbox, running


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Sandbox:
    _sandbox.reset()
    _sandbox.post("/_control/reviews", delaySeconds=0.05, decision="approved")
    return _sandbox
