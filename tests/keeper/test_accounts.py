"""What the keeper is told of an account that is short: its margin, and how far the price is from a liquidation."""

from __future__ import annotations

import json
from fractions import Fraction
from math import inf

import pytest

from stratc_targets.keeper.conditions import Goals, parse_goals
from stratc_targets.keeper.goals import accounts
from stratc_targets.keeper.overview import Short
from stratc_targets.keeper.status_text import _short
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import example

CASH, SHORT = "value_perp_margin", "value_perp_short_weth"


@pytest.fixture(scope="module")
def goals() -> Goals:
    """Those of short_ether.strat, which names no floor: perp liquidates below 6.25%."""
    vault = example("short_ether").vault
    told = json.loads(json.dumps(accounts(vault, symbols_of(vault))))
    return parse_goals({"floors": [], "loans": [], "bands": [], "readings": {"nav": "nav"}, "accounts": told})


def row(goals: Goals, cash: int, short: int) -> tuple[str, ...]:
    (account,) = goals.accounts
    state = {CASH: cash, SHORT: short}
    return tuple(_short(Short(account, account.margin.of(state), account.rise(state))))


def test_a_short_is_told_with_how_far_the_price_may_rise(goals: Goals) -> None:
    (account,) = goals.accounts
    state = {CASH: 900_000, SHORT: 500_000}
    rise = account.rise(state)
    assert isinstance(rise, Fraction)
    dearer = {CASH: state[CASH], SHORT: state[SHORT] * (1 + rise)}
    assert Fraction(dearer[CASH] - dearer[SHORT], dearer[SHORT]) == account.least == Fraction(1, 16)
    assert row(goals, 900_000, 500_000) == ("perp", "80%", "6.25%", "69.41%")
    assert row(goals, 510_000, 500_000) == ("perp", "2%", "6.25%", "-4%")


def test_nothing_short_and_nothing_that_covers_it(goals: Goals) -> None:
    assert row(goals, 900_000, 0) == ("perp", "nothing is short", "6.25%", "")
    assert row(goals, 0, 0) == ("perp", "nothing is short", "6.25%", "")
    assert row(goals, 0, 7) == ("perp", "-100%", "6.25%", "-100%")
    (account,) = goals.accounts
    assert account.rise({CASH: 5, SHORT: 0}) == inf
