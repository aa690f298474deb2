"""A setting that is wrong ends the start with a sentence that names it."""

from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured

from pilar.settings import environment

WRONG: list[tuple[str, Callable[[str], object]]] = [
    ("", lambda name: environment.required(name, "a test")),
    ("many", lambda name: environment.number(name, 1)),
    ("maybe", environment.switch),
    ("pilar.example", lambda name: environment.url(name, "")),
    ("10.0.0.0/99", environment.networks),
    ("mysql://app:hush@db/pilar", lambda name: environment.service(name, "postgres", "postgresql")),
]


@pytest.mark.parametrize(("value", "read"), WRONG)
def test_a_wrong_setting_is_named_and_a_password_is_not_told(
    monkeypatch: pytest.MonkeyPatch, value: str, read: Callable[[str], object]
) -> None:
    monkeypatch.setenv("THE_SETTING", value)
    with pytest.raises(ImproperlyConfigured, match="THE_SETTING") as refusal:
        read("THE_SETTING")
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize("value", ["", "redis://cache:6379/0", "rediss://:hush@cache/1"])
def test_an_address_of_the_right_kind_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("THE_SETTING", value)
    assert environment.service("THE_SETTING", "redis", "rediss") == value
