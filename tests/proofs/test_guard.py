"""The guard holds prices to the very moves that the proofs assume: to the edge, and no unit further."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratc_compiler.environment import box_of
from stratc_compiler.guard import guard, only_reduces_risk, round_price, shortfall
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import Enter, Leave, Trades, Vault
from vyper_target.vaults import example, proved

PRICES = st.integers(1, 10**30)


@pytest.fixture(scope="module")
def carry() -> Vault:
    return example("eth_carry").vault


@pytest.fixture(scope="module")
def paired() -> Vault:
    """The same with a pair beside it: what USDC and WETH do to each other."""
    text = example("eth_carry").verification.source.text
    old = "price(WETH) moves -20% .. +20%"
    assert old in text
    return proved(text.replace(old, f"{old}\n        price(WETH/USDC) moves -12.5% .. +7%")).vault


def guarded(vault: Vault, now: dict[str, int], then: dict[str, int], short: int = 0) -> bool:
    assert vault.guard is not None
    assert vault.guard.governed == ("aave",)
    known = {f"price({token})": one for token, one in now.items()}
    known |= {round_price(token).name: one for token, one in then.items()}
    known[shortfall("aave").name] = short
    return Evaluator(vault, None, known).holds(vault.guard.guarded)  # type: ignore[arg-type]


@given(PRICES, PRICES)
def test_one_price_is_held_to_its_move(carry: Vault, now: int, then: int) -> None:
    factor = Fraction(now, then)
    assert guarded(carry, {"WETH": now}, {"WETH": then}) is not (Fraction(4, 5) <= factor <= Fraction(6, 5))


@given(PRICES)
def test_the_edges_are_inside_and_the_next_unit_is_not(carry: Vault, fifth: int) -> None:
    for edge, past in ((4 * fifth, -1), (6 * fifth, 1)):
        assert not guarded(carry, {"WETH": edge}, {"WETH": 5 * fifth})
        assert guarded(carry, {"WETH": edge + past}, {"WETH": 5 * fifth})


@given(PRICES, PRICES, st.integers(1, 10**30) | st.integers(-3, 3), st.integers(800, 1_200))
def test_a_pair_is_held_to_its_move_exactly(paired: Vault, weth: int, usdc: int, other: int, permille: int) -> None:
    """Near the edges too, where a rounded quotient would be off by one."""
    now_usdc = max(usdc + other if abs(other) <= 3 else other, 1)
    now = {"WETH": max(weth * permille // 1_000, 1), "USDC": now_usdc}
    then = {"WETH": weth, "USDC": usdc}
    alone = Fraction(now["WETH"], weth)
    pair = Fraction(now["WETH"] * usdc, now["USDC"] * weth)
    inside = Fraction(4, 5) <= alone <= Fraction(6, 5) and Fraction(875, 1_000) <= pair <= Fraction(107, 100)
    assert guarded(paired, now, then) is not inside


@given(PRICES, PRICES, st.integers(790, 1_210), st.integers(980, 1_020))
def test_what_is_not_guarded_is_in_the_box_of_the_proofs(
    paired: Vault, weth: int, usdc: int, permille: int, base: int
) -> None:
    """With USDC in the range that is assumed of it, every factor and pair of factors is one that the proofs cover."""
    box = box_of(paired)
    now = {"WETH": max(weth * permille // 1_000, 1), "USDC": max(usdc * base // 1_000, 1)}
    factors = {token: Fraction(now[token], then) for token, then in (("WETH", weth), ("USDC", usdc))}
    if guarded(paired, now, {"WETH": weth, "USDC": usdc}):
        return
    for pair in box.pairs:
        ratio = factors[pair.token] / factors[pair.other]
        assert pair.factor.high is not None
        assert pair.factor.low <= ratio <= pair.factor.high
    low, high = box.usd["WETH"].low, box.usd["WETH"].high
    assert high is not None
    assert low <= factors["WETH"] <= high


def test_before_the_first_round_nothing_is_remembered_and_nobody_guarded(carry: Vault, paired: Vault) -> None:
    assert not guarded(carry, {"WETH": 1}, {"WETH": 0})
    assert not guarded(paired, {"WETH": 1, "USDC": 1}, {"WETH": 0, "USDC": 0})


def test_lower_terms_of_a_lender_guard_whatever_prices_do(carry: Vault, paired: Vault) -> None:
    """Before the first round too: nothing was proved of such a loan."""
    for vault, prices in ((carry, {"WETH": 7}), (paired, {"WETH": 7, "USDC": 7})):
        for then in (prices, dict.fromkeys(prices, 0)):
            assert not guarded(vault, prices, then)
            assert guarded(vault, prices, then, short=1)


def test_without_an_assumed_move_there_is_no_guard() -> None:
    assert example("treasury").vault.guard is None
    assert guard(example("treasury").vault.strategy, ()) is None


def test_terms_of_a_lender_are_guarded_where_no_move_is_assumed() -> None:
    """Ranges are watched alone, terms are not."""
    carry = example("eth_carry").verification.source.text
    still = proved(carry.replace("price(WETH) moves -20% .. +20%", "price(WETH) stays 1_900 .. 2_100")).vault
    assert still.guard is not None
    assert (still.guard.remembered, still.guard.governed) == ((), ("aave",))
    assert guarded(still, {}, {}, short=1)
    assert not guarded(still, {}, {})


def test_what_only_reduces_risk_is_told_from_what_it_moves(carry: Vault) -> None:
    plans = {rule.name: rule.effect for rule in carry.rules if isinstance(rule.effect, Trades)}
    assert plans["deleverage_aave"].reduces_risk
    assert not plans["rebalance"].reduces_risk
    assert not only_reduces_risk((), carry.venues)
    steps = plans["deleverage_aave"].plan
    (collateral,) = (held for held in carry.held if held.venue == "aave" and not held.debt)
    repaid = next(item for item in steps if isinstance(item, Leave) and item.held.debt)
    assert only_reduces_risk(steps, carry.venues)
    assert not only_reduces_risk((*steps, Leave(collateral, collateral.var)), carry.venues)
    assert not only_reduces_risk((*steps, Enter(repaid.held, repaid.amount)), carry.venues)
