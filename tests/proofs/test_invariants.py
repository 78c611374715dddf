"""Invariants of the strategy's own: at any moment of a round, and after each rule of the keeper's pass."""

from __future__ import annotations

import pytest

from proofs.strategies import claim, refuted, source_of, vault_of, verified
from stratc_compiler.claims import Keeps, claims_of
from stratc_compiler.environment import box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.replay import what_breaks
from stratc_compiler.verdict import Proved, Refuted, Round


def with_invariant(text: str) -> tuple[str, str]:
    return ("prove {", f"prove {{\n        invariant mine: {text}")


@pytest.mark.parametrize(
    "text",
    [
        "health(aave) >= 1.3 and ltv(aave) <= 70%",
        *(pytest.param(text, marks=pytest.mark.long) for text in ("leverage <= 3", "not (debt(aave) > nav)")),
    ],
)
def test_what_holds_is_proved(text: str) -> None:
    found = claim(verified("eth_carry", with_invariant(text)), "invariant mine")
    assert isinstance(found.verdict, Proved)


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        pytest.param(
            *("idle(USDC) >= 1% of nav", "idle(USDC) >= 1% of nav does not hold at this moment"), marks=pytest.mark.long
        ),
        ("health(aave) >= 1.5", "health(aave) >= 1.5 does not hold at this moment"),
    ],
)
def test_what_breaks_is_refuted_where_it_stands(text: str, broken: str) -> None:
    verification = verified("eth_carry", with_invariant(text))
    assert refuted(verification) == {"invariant mine"}
    verdict = claim(verification, "invariant mine").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.why == broken
    assert verification.source.words(verdict.span) == f"invariant mine: {text}"


def test_it_is_asked_of_every_moment() -> None:
    vault, _ = vault_of("eth_carry", with_invariant("leverage <= 3"))
    (spec,) = [spec for spec in claims_of(vault, box_of(vault)) if spec.name == "invariant mine"]
    places = [obligation.id.removeprefix("invariant mine/step/") for obligation in spec.obligations]
    rules = ["deleverage_aave", "deleverage_aave/rebalance", "rebalance"]
    assert sorted(place for place in places if not place.startswith("invariant")) == [*rules[:2], "moment", rules[2]]


def fall() -> Round:
    """40% of nav in save, and a health that calls for the keeper: it sells what is saved to repay."""
    wad, usdc = 10**18, 10**6
    before = {
        "unit(USDC)": usdc,
        "unit(WETH)": wad,
        "price(USDC)": wad,
        "price(WETH)": 2_000 * wad,
        "aave.collateral(WETH)": 400 * wad,
        "aave.debt(USDC)": 400_000 * usdc,
        "save": 480_000 * usdc,
        "idle(USDC)": 120_000 * usdc,
        "idle(WETH)": 0,
        "liquidity(aave.collateral(WETH))": 400 * wad,
        "liquidity(save)": 480_000 * usdc,
    }
    return Round(before, before | {"price(WETH)": 1_700 * wad}, 0, 0)


@pytest.mark.parametrize(
    ("text", "broken"), [("weight(save) >= 45%", "`deleverage aave to health 1.80`"), ("weight(save) >= 10%", None)]
)
def test_a_replay_looks_at_it_after_each_rule(text: str, broken: str | None) -> None:
    vault, _ = vault_of("eth_carry", with_invariant(text))
    found = what_breaks(Keeps(vault.invariants["mine"]), vault, fall())
    assert (found and found.why) == (f"{text} does not hold after {broken}" if broken else None)


def test_an_absolute_value_is_refused_where_it_stands() -> None:
    change = with_invariant("nav >= 1 USD")
    with pytest.raises(Unsupported) as caught:
        vault_of("eth_carry", change)
    assert source_of("eth_carry", change).words(caught.value.span) == "1 USD"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("nav / -2 >= 5% of nav", False),
        ("nav / -2 <= -50% of nav", True),
        ("nav / (1 - 3) >= -49% of nav", False),
        ("debt(aave) / 2 + nav / 4 <= 46% of nav", True),
        ("debt(aave) / 2 + nav / 4 <= 44% of nav", False),
    ],
)
def test_a_constant_divides_with_its_sign(text: str, holds: bool) -> None:
    vault, _ = vault_of("eth_carry", with_invariant(text))
    state = Evaluator(vault, IdealWorld(vault, fall().settled))
    assert state.holds(vault.invariants["mine"].formula) is holds


@pytest.mark.parametrize(
    "quotient",
    [
        *(f"nav / {divisor}" for divisor in ("(debt(aave) - nav)", "(0% of nav)", "(-5% of nav)", "-nav")),
        "idle(WETH) / delta(WETH)",
    ],
)
def test_what_may_be_negative_divides_nothing(quotient: str) -> None:
    """Multiplied out the comparison would turn around: so nav / (debt - nav) >= 1 would seem to hold."""
    with pytest.raises(Unsupported, match="a division by what may be negative"):
        vault_of("eth_carry", with_invariant(f"{quotient} >= 1"))
