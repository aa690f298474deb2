"""Arrays are written by hand: whatever the text, PostgreSQL must read what was meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilar.backplane import sql
from tests.backplane.trade import everything

pytestmark = pytest.mark.django_db
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def read(values: list[str | None]) -> list[str | None]:
    with everything():
        return [text for (text,) in sql.prepared("SELECT unnest(%(texts)s::text[])", {"texts": sql.array(values)})]


def test_an_array_keeps_quotes_braces_and_the_word_null_apart_from_null() -> None:
    values = ['"', "\\", '\\"', "{a,b}", "NULL", "", " ", "\n", None]
    assert read(values) == values


@given(st.lists(st.none() | TEXTS, max_size=5))
def test_an_array_arrives_as_it_was(values: list[str | None]) -> None:
    assert read(values) == values
