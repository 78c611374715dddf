"""Conditions in terms of what waiting costs, a sensitivity times a volatility: in the model, and what is proved."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import machine_of, proved, vault_of, verified
from proofs.test_attack import play
from proofs.test_ranges import OffPool, laid, play_against
from proofs.test_volatility import shown
from stratc_compiler.claims import claims_of
from stratc_compiler.environment import box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import MulDiv, Plain, Rounding, Var, number
from stratc_compiler.inside_box import inside_box
from stratc_compiler.interpret import Evaluator
from stratc_compiler.relax import Frame, Trace, factors_of, real
from stratc_compiler.text import WAD
from stratc_compiler.vault import OnCondition, Vault
from stratc_compiler.verdict import Round
from stratc_compiler.volatility import LARGEST_MOVE
from venues.quietly import quietly

DELTA, SIGMA = "delta(WETH) * price(WETH)", "volatility(WETH, 1d)"
LOSS = f"{DELTA} * {SIGMA} + gamma(WETH) * {SIGMA} * {SIGMA} / 2"
TRIGGER = "when weights outside band or delta(WETH) outside band do rebalance"


def sooner(condition: str) -> tuple[str, str]:
    """The short example, which rebalances under this condition as well."""
    return TRIGGER, f"when weights outside band or delta(WETH) outside band or ({condition}) do rebalance"


BOTH_SIDES = sooner(
    f"(delta(WETH) > 1% of nav and {LOSS} > 0.05% of nav) or (delta(WETH) < -1% of nav and {LOSS} < -0.05% of nav)"
)
ALWAYS = sooner(f"{DELTA} * {SIGMA} > 0.05% of nav or {DELTA} * {SIGMA} < -0.05% of nav")


def is_due(vault: Vault, known: dict[str, int]) -> bool:
    (trigger,) = (rule.trigger for rule in vault.rules if rule.name == "rebalance")
    assert isinstance(trigger, OnCondition)
    return Evaluator(vault, machine_of(vault, known).market, known).holds(trigger.condition.formula)


@quietly(60)
@given(st.integers(-30, 30), st.integers(0, 2_000))
def test_a_product_means_what_its_words_say(permille: int, basis_points: int) -> None:
    """Delta anywhere in its band, of a vault whose gamma is nothing."""
    vault, _ = vault_of("short_ether", BOTH_SIDES)
    nav = 10**6 * WAD
    known = {"nav": nav, SIGMA: basis_points * WAD // 10**4}
    known |= {f"{side}_{greek}(WETH)": 0 for side in ("long", "short") for greek in ("delta", "gamma")}
    known["long_delta(WETH)" if permille > 0 else "short_delta(WETH)"] = abs(permille) * nav // 1_000
    for held in vault.held:
        known[held.value.name] = int(nav * {"idle(WETH)": 0.5, "idle(USDC)": 0.1}.get(held.name, 0))
    known |= {"value(perp.margin)": int(nav * 0.9), "value(perp.short(WETH))": nav // 2}
    cost = Fraction(abs(permille), 1_000) * Fraction(basis_points, 10**4)
    assert is_due(vault, known) is (abs(permille) > 10 and cost > Fraction(5, 10_000))


def test_a_variance_fits_whatever_a_price_has_done() -> None:
    """Of 10^15 USD, where each of 96 moves counts for as much as one can: far from 2^256."""
    vault, _ = vault_of("short_ether", BOTH_SIDES)
    most = 10 * LARGEST_MOVE
    once = MulDiv(Var("a", Plain.VALUE), Var(SIGMA, Plain.NUMBER), number(WAD), Rounding.DOWN)
    twice = MulDiv(once, Var(SIGMA, Plain.NUMBER), number(WAD), Rounding.DOWN)
    known = {"a": 10**33, SIGMA: most}
    assert Evaluator(vault, machine_of(vault, known).market, known).value(twice) < 2**200


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("price(WETH) > 2_000 USD", "price"),
        ("nav * weight(idle(WETH)) > 1% of nav", "arithmetic on ratios"),
        (f"{SIGMA} * margin_ratio(perp) > 2%", "arithmetic on ratios"),
        (f"delta(WETH) / {SIGMA} > 2% of nav", "two ratios"),
    ],
)
def test_what_no_condition_says_yet_is_refused(condition: str, why: str) -> None:
    with pytest.raises(Unsupported, match=why):
        vault_of("short_ether", sooner(condition))


def test_one_product_of_one_worth_is_one_number() -> None:
    """What a rule was not due by it is not due by afterwards, where nothing has changed."""
    vault, _ = vault_of("short_ether", BOTH_SIDES)
    frame = Frame(vault, {"a": real("a@1"), SIGMA: real(SIGMA)}, Trace())
    a = MulDiv(Var("a", Plain.VALUE), Var(SIGMA, Plain.NUMBER), number(WAD), Rounding.DOWN)
    first = frame.expr(a)
    assert isinstance(first, Var)
    assert frame.expr(a) == frame.fork().expr(a) == frame.moved({}).expr(a) == first
    assert frame.moved({"a": real("b")}).expr(a) != first
    assert factors_of(first) == (real("a@1"), real(SIGMA))


def test_a_rule_that_a_trade_does_not_end_may_be_due_again() -> None:
    """A volatility may be anything: without what is held beside it no rebalance is the last."""
    alone = ("\n            and weight(pool) > 52%", "")
    assert all(shown(vault_of("bent_range")[0], "quiet", "step/rebalance"))
    assert not all(shown(vault_of("bent_range", alone)[0], "quiet", "step/rebalance"))


@pytest.mark.long
def test_a_rebalance_as_soon_as_waiting_costs_more_is_proved() -> None:
    verification = verified("short_ether", BOTH_SIDES)
    assert proved(verification) == {one.name for one in verification.claims}


@pytest.mark.long
def test_so_is_that_of_a_range_by_what_bends_it() -> None:
    verification = verified("bent_range")
    assert proved(verification) == {one.name for one in verification.claims}


def test_it_withstands_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    vault, _ = vault_of("bent_range")
    box, chance = box_of(vault), Random(6)

    def draw() -> Round | None:
        drawn = play(vault, box, chance, None)
        if drawn is None or (one := laid(vault, drawn, chance)) is None:
            return None
        said = {SIGMA: chance.choice([0, 3, 20, 97]) * WAD // 100}
        one = replace(one, settled=one.settled | said, moment=one.moment | said)
        return None if inside_box(vault, box, one) is not None else one

    played, broken = play_against(vault, claims_of(vault, box), 60, draw, chance, OffPool, monkeypatch)
    assert not broken
    assert played >= 10
