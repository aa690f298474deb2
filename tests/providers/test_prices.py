"""What things cost: whole micro-euro, never less than the list says, and honest about what nobody knows."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilar.kernel import money
from pilar.kernel.problems import Problem
from pilar.providers import prices
from pilar.providers.models import Price

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 18, 11, tzinfo=UTC)
MODEL = "openai/gpt-5-mini"


def own(kind: str, name: str, amount: str, *, since: date = date(2026, 11, 1), currency: str = "EUR") -> None:
    Price.objects.create(kind=kind, name=name, amount=Decimal(amount), since=since, currency=currency, source="a bill")


def test_every_entry_of_the_list_has_a_day_a_source_and_an_amount() -> None:
    assert len(prices.listed()) > 15
    assert all(one.source and one.amount > 0 and one.since.year > 2024 for one in prices.listed())


def test_a_message_costs_what_the_list_says() -> None:
    assert prices.message(country="DE", category="marketing", at=NOW) == 113_100


def test_another_currency_is_turned_into_euro() -> None:
    own("currency", "USD", "0.8")
    assert prices.message(country="IT", category="marketing", at=NOW) == 55_280


@pytest.mark.parametrize(("country", "category"), [("DE", "service"), ("AQ", "marketing"), ("", "utility")])
def test_what_nobody_knows_is_not_free(country: str, category: str) -> None:
    assert prices.message(country=country, category=category, at=NOW) is None


def test_without_a_rate_a_foreign_price_is_not_known() -> None:
    own("message", "AQ marketing", "1", currency="XXX")
    assert prices.message(country="AQ", category="marketing", at=NOW) is None


def test_nothing_was_known_before_the_list_began() -> None:
    assert prices.message(country="DE", category="marketing", at=datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_the_operators_newest_price_that_has_begun_wins() -> None:
    own("message", "DE marketing", "0.12")
    own("message", "DE marketing", "0.20", since=date(2026, 12, 1))
    assert prices.message(country="DE", category="marketing", at=NOW) == 120_000


@given(read=st.integers(0, 10**7), written=st.integers(0, 10**7))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tokens_cost_whole_micro_euro_rounded_up_once(read: int, written: int) -> None:
    exact = (read * Decimal("0.25") + written * Decimal(2)) * Decimal("0.90")
    found = prices.tokens(model=MODEL, read=read, written=written, at=NOW)
    assert found is not None
    assert 0 <= found - exact < 1


def test_a_model_nobody_knows_has_no_price() -> None:
    assert prices.tokens(model="openai/next", read=1, written=1, at=NOW) is None


@given(st.decimals(min_value=0, max_value=10**6, places=6))
def test_euro_and_micro_euro_are_the_same_money(amount: Decimal) -> None:
    assert money.euro(money.micro(amount)) == amount


def test_parts_of_a_micro_euro_are_refused() -> None:
    with pytest.raises(Problem):
        money.micro(Decimal("0.0000001"))
