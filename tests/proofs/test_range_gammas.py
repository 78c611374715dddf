"""The gamma of a range is what papers say; what the proofs know of it is so of every range, and withstands attack."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proofs.strategies import proved, vault_of, verified
from proofs.test_attack import play
from proofs.test_range_deltas import ROOTS, consists_of, is_so, pinned
from proofs.test_ranges import SPOT, OffPool, Unfit, attack, laid, of_the_pool, root_of
from stratc_compiler.arrays import Exact, Paths, integers
from stratc_compiler.environment import box_of
from stratc_compiler.estimates import Estimated, estimates
from stratc_compiler.execute import run_plan as run_symbolically
from stratc_compiler.expr import Cmp, Rel, Var, number
from stratc_compiler.inside_box import inside_box
from stratc_compiler.interpret import Reverted, run_plan
from stratc_compiler.range_gammas import as_it_may_lie, curve_after, most_bent, settled_curves
from stratc_compiler.relax import Frame, Trace, real
from stratc_compiler.rounds import after_environment
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import Greek, Trades, Vault
from stratc_compiler.verdict import Round
from venues.quietly import quietly

FLOOR = "        idle(USDC) >= 10% of nav"
ASKED = (FLOOR, f"{FLOOR}\n        gamma(WETH) >= -68% of nav\n        delta(WETH) <= 70% of nav")
TIGHT = (FLOOR, f"{FLOOR}\n        gamma(WETH) >= -50% of nav")
DELTA, GAMMA = Greek("delta", "WETH"), Greek("gamma", "WETH")

# ── the formula ────────────────────────────────────────────────────────────────────────────

LIQUIDITY, LOW, HIGH = 10**17, 900, 3_700
PRICES = [2 * 10**20 + 5 * 10**17 + 4 * 10**18 * step for step in range(2_000)]
"""From 200 to 8,200 USD, of which a range takes the middle."""


def root_x96(dollars: int) -> int:
    """Of so many USDC a WETH, in smallest units."""
    return isqrt((dollars << 192) // 10**12)


def at_prices(factor: Fraction = Fraction(1), token: str = "WETH") -> dict[str, list[int]]:
    """A range of so much liquidity at all these prices, that of one token moved besides."""
    told = {"price(WETH)": PRICES, "price(USDC)": [10**18] * len(PRICES)}
    told[f"price({token})"] = [int(one * factor) for one in told[f"price({token})"]]
    still = {"pool": LIQUIDITY, "low(pool)": root_x96(LOW), "high(pool)": root_x96(HIGH), "idle(USDC)": 10**12}
    still |= {"unit(WETH)": 10**18, "unit(USDC)": 10**6, "idle(WETH)": 5 * 10**19}
    return told | {name: [value] * len(PRICES) for name, value in still.items()}


def exact(vault: Vault, known: dict[str, list[int]]) -> Paths:
    return Paths(Exact(), vault.definitions, {name: integers(values) for name, values in known.items()})


def near_an_end(dollars: np.ndarray, share: float) -> np.ndarray:
    return (np.abs(dollars / LOW - 1) < share) | (np.abs(dollars / HIGH - 1) < share)


def test_gamma_is_minus_half_of_liquidity_times_the_root_of_the_price_on_every_path() -> None:
    vault, _ = vault_of("fee_range", ASKED)
    gamma = exact(vault, at_prices()).greek(GAMMA).values
    dollars = np.array([price / 1e18 for price in PRICES])
    inside = (dollars > LOW) & (dollars < HIGH)
    # Smallest units of liquidity, times the root of USD a WETH: 10^-12 = sqrt(10^-6 10^-18) USD each.
    closed = np.where(inside, -LIQUIDITY * np.sqrt(dollars) / 2 * 1e6, 0.0)
    assert inside.sum() > 500
    assert np.allclose(gamma.astype(float), closed, rtol=1e-9, atol=1e10)


@pytest.mark.parametrize("token", ["WETH", "USDC"])
def test_delta_and_gamma_are_central_differences_of_nav_on_every_path(token: str) -> None:
    """Of delta that of nav, and of gamma p (p V')' - p V', the ether beside the range counted with it."""
    floor = ASKED[1].replace("WETH", token)
    vault, _ = vault_of("fee_range", (FLOOR, floor))
    delta, gamma = Greek("delta", token), Greek("gamma", token)
    step = Fraction(1, 10**4)
    lower, middle, upper = (exact(vault, at_prices(1 + by, token)) for by in (-step, Fraction(0), step))

    def slope(of: str | Greek) -> np.ndarray:
        ends = [one.named(of).values if isinstance(of, str) else one.greek(of).values for one in (lower, upper)]
        return np.array([float(high - low) for low, high in zip(*ends, strict=True)]) / (2 * float(step))

    told, bent = (middle.greek(one).values.astype(float) for one in (delta, gamma))
    size = middle.named("nav").values.astype(float)
    dollars = np.array([price / 1e18 for price in PRICES])
    smooth = ~near_an_end(dollars, 3e-4)
    assert np.all((np.abs(told - slope("nav")) <= 1e-6 * size) | ~smooth)
    assert np.all((np.abs(bent - (slope(delta) - told)) <= 1e-6 * size) | ~smooth)
    assert np.any(bent < -0.1 * size)


def test_in_floating_point_they_are_known_to_the_twelfth_digit() -> None:
    vault, _ = vault_of("fee_range", ASKED)
    known = at_prices()
    told = Paths(Estimated(), vault.definitions, {name: estimates(values) for name, values in known.items()})
    for greek in (DELTA, GAMMA):
        right, estimate = exact(vault, known).greek(greek).values, told.greek(greek)
        apart = np.array([abs(float(one - Fraction(near))) for one, near in zip(right, estimate.values, strict=True)])
        assert np.all(apart <= estimate.off)
        assert np.all(estimate.off <= 1e-12 * told.named("nav").values)


def test_both_prices_at_once_bend_nothing() -> None:
    """A range is worth twice as much where both of its tokens are."""
    floor = ASKED[1].replace("gamma(WETH)", "gamma(USDC)")
    feed = 'price: chainlink("ETH/USD",  heartbeat=1h,  deviation=0.5%)'
    ratio = 'price: ratio(USDC, chainlink("ETH/USDC", heartbeat=1h, deviation=0.5%))'
    vault, _ = vault_of("fee_range", (FLOOR, floor), (feed, ratio))
    assert not np.any(exact(vault, at_prices()).greek(Greek("gamma", "USDC")).values)


# ── what the proofs know ───────────────────────────────────────────────────────────────────

V, U, G = (real(name) for name in "VUG")


def bent(root: Fraction, low: Fraction, high: Fraction) -> Fraction:
    """The curvature of a unit of liquidity, in base."""
    return root / 2 if low < root < high else Fraction(0)


def bent_frame() -> tuple[Vault, Frame]:
    vault, _ = vault_of("fee_range", ASKED)
    return vault, Frame(vault, {"pool": V, "curvature(pool)": G}, Trace())


@quietly(80)
@given(ROOTS, ROOTS, st.fractions(1, 4, max_denominator=100), st.integers(0, 9), st.integers(0, 9))
def test_curvatures_are_within_their_bounds(
    root: Fraction, low: Fraction, width: Fraction, one: int, other: int
) -> None:
    """Of a range as wide as the strategy says, or wider, and of more or less liquidity at the same price."""
    vault, frame = bent_frame()
    (held,) = vault.bent
    high = low * (1 + width)
    (v, _), g = consists_of(root, low, high), bent(root, low, high)
    values = {"V": one * v, "G": one * g, "U": other * v}
    settled_curves(frame)
    after = curve_after(held, frame, U, more=other >= one)["curvature(pool)"]
    assert isinstance(after, Var)
    values[after.name] = other * g
    for fact in frame.trace.facts:
        assert is_so(fact.formula, values), fact


def test_the_bound_is_met_at_the_ends_of_the_narrowest_range() -> None:
    vault, _ = vault_of("fee_range", ASKED)
    of = of_the_pool(vault)
    for root in (Fraction(1_000_001, 1_000_000), Fraction(1_999_999, 1_000_000)):
        (v, _), g = consists_of(root, Fraction(1), Fraction(2)), bent(root, Fraction(1), Fraction(2))
        assert g <= most_bent(of) * v
        assert g >= (most_bent(of) - Fraction(3, 1_000)) * v


@quietly(60)
@given(st.fractions(Fraction(1, 2), Fraction(5, 2), max_denominator=500))
def test_where_scenarios_are_looked_for_curvature_is_what_it_is_nearly(root: Fraction) -> None:
    """Within one in a hundred of what a range of the strategy's width has."""
    vault, _ = vault_of("fee_range", ASKED)
    (held,) = vault.bent
    low, high = Fraction(1), Fraction(2)
    (v, d), g = consists_of(root, low, high), bent(root, low, high)
    pins = (Cmp(real(name), Rel.EQ, number(one)) for name, one in (("pool@0", v), ("token part(pool)@0", d)))
    answer = Query((as_it_may_lie(held, "0"), *pins), 10**6).solve()
    assert isinstance(answer, Sat)
    assert abs(answer.values["curvature(pool)@0"] - g) <= g / 100 or root in (low, high)


def worths(vault: Vault, state: dict[str, int]) -> dict[str, Fraction]:
    """What the proofs have of a range, in smallest units of base."""
    of = of_the_pool(vault)
    low, high, root = (Fraction(one, 2**96) for one in (state[of.low.name], state[of.high.name], root_of(of, state)))
    (whole, token), curve = consists_of(root, low, high), bent(root, low, high)
    told = {"pool": whole, of.part.name: token, of.curve.name: curve}
    return {name: one * state["pool"] for name, one in told.items()}


def is_admitted(vault: Vault, one: Round, rule: str) -> bool:
    """Whether a run of the rule at the end of the round is among those that the proofs speak of."""
    opening = after_environment(vault, box_of(vault))
    (found,) = (effect for effect in (each.effect for each in vault.rules if each.name == rule))
    assert isinstance(found, Trades)
    world = OffPool(vault, dict(one.moment))
    run_plan(found.plan, vault, world)
    end = run_symbolically(found.plan, opening.frame, lambda *_: None)
    pins = [pin for name, each in worths(vault, one.settled).items() for pin in pinned(real(f"{name}@0"), each)]
    for frame, state in ((opening.frame, one.moment), (end, world.state)):
        pins += [pin for name, each in worths(vault, state).items() for pin in pinned(frame.state[name], each)]
    facts = [fact.formula for fact in end.trace.facts]
    return isinstance(Query((*facts, *pins), 10_000_000, linear=False).solve(), Sat)


@pytest.mark.parametrize("rule", ["rebalance", "unwind_pool"])
def test_exact_runs_are_admitted_with_their_curvatures(rule: str) -> None:
    vault, _ = vault_of("fee_range", ASKED)
    box, chance = box_of(vault), Random(3)
    SPOT[0] = SPOT[2] = 0
    admitted = 0
    while admitted < 5:
        drawn = play(vault, box, chance, None)
        one = None if drawn is None else laid(vault, drawn, chance)
        if one is None or inside_box(vault, box, one) is not None:
            continue
        try:
            assert is_admitted(vault, one, rule), one
        except (Reverted, Unfit):
            continue
        admitted += 1


def test_a_floor_on_gamma_is_proved_and_withstands_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    verification = verified("fee_range", ASKED)
    assert proved(verification) == {one.name for one in verification.claims}
    played, broken = attack(vault_of("fee_range", ASKED)[0], 60, 4, monkeypatch)
    assert not broken
    assert played >= 10


def test_an_attack_finds_a_floor_that_a_range_breaks_at_its_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the middle of the range half of nav is bent by less than a half; at its ends by more."""
    _, broken = attack(vault_of("fee_range", TIGHT)[0], 60, 4, monkeypatch)
    assert broken["recovers"]
