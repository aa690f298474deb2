"""One sandbox for the whole session; every test finds it empty."""

from collections.abc import Iterator

import pytest

from tests.sandbox.serving import HTTP, Sandbox, running


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with running() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Sandbox:
    HTTP.post(f"{_sandbox.url}/_control/reset").raise_for_status()
    _sandbox.post("/_control/reviews", delaySeconds=0.05, decision="approved")
    _sandbox.product.received.clear()
    _sandbox.product.answers.clear()
    return _sandbox
