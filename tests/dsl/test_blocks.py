"""Every block of the language as typed values; `typed/` has whole strategies that later versions carry out."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from stratc_dsl import Source, Strategy, parse_strategies
from stratc_dsl.administration import (
    AnyoneAfter,
    DepositLimit,
    Depositors,
    Guardian,
    Keeper,
    ManagementFee,
    Owner,
    PerformanceFee,
    Signal,
)
from stratc_dsl.strategy import (
    Allocation,
    Base,
    Comparison,
    Connective,
    Deleverage,
    ExitAction,
    Flash,
    Hedge,
    Invariant,
    Literal,
    Negation,
    Position,
    PriceOf,
    Quantity,
    Rebalance,
    Rehedge,
    Relation,
    SensitivityOutsideBand,
    SignalledAllocation,
    StalePrice,
    TopUp,
    Unwind,
    WeightsOutsideBand,
    When,
)

TYPED = Path(__file__).parent / "typed"
HOUR, DAY, YEAR = 3_600, 86_400, 365 * 86_400


def typed(name: str) -> Strategy:
    result = parse_strategies(Source(f"{name}.strat", (TYPED / f"{name}.strat").read_text()))
    assert [one.message for one in result.diagnostics if one.code[0] == "E"] == []
    return result.strategies[0]


def percent(number: int) -> Fraction:
    return Fraction(number, 100)


MARGIN = Position("perp", "margin", "USDC")
SHORT = Position("perp", "short", "WETH")
POOL = Position("pool", "liquidity", "WETH")
SAVE = Position("save", "deposit", "USDC")
IDLE = Position(None, "idle", "USDC")
MARGIN_RATIO = Quantity("margin_ratio", Base.RATIO, venue="perp")


@pytest.mark.parametrize("name", ["delta_neutral_at_first", "staked_loop"])
def test_the_examples_of_the_language_have_nothing_to_complain_of(name: str) -> None:
    result = parse_strategies(Source(f"{name}.strat", (TYPED / f"{name}.strat").read_text()))
    assert len(result.strategies) == 1
    assert result.diagnostics == ()


def test_delta_neutral() -> None:
    strategy = typed("delta_neutral_at_first")
    assert strategy.hedges == (Hedge("delta", "WETH", percent(-3), percent(3), SHORT),)
    assert strategy.allocations[0] == Allocation(POOL, percent(60), percent(54), percent(66))
    goal = Comparison(MARGIN_RATIO, Relation.GE, Literal(percent(80), Base.RATIO))
    assert strategy.rules[0].action == TopUp(MARGIN, goal, (IDLE, POOL))
    assert strategy.rules[1].trigger == When(SensitivityOutsideBand("delta", "WETH"))
    assert strategy.rules[1].action == Rehedge()
    assert strategy.rules[3].action == Unwind(POOL)
    assert (strategy.exit_order, strategy.exit_flash) == (("perp", "pool", "dex"), None)


def test_staked_loop() -> None:
    strategy = typed("staked_loop")
    assert strategy.rules[0].action == Deleverage("aave", Fraction("1.24"), flash=Flash("aave"))
    assert strategy.rules[1].action == Rebalance(flash=Flash("aave"))
    assert strategy.exit_flash == Flash("aave")


def test_signals() -> None:
    strategy = typed("everything")
    assert strategy.signals == (
        Signal("tilt", "model", Fraction(0), Fraction(1), 6 * HOUR),
        Signal("caution", "committee", Fraction(-1), Fraction(1), 7 * DAY),
    )
    assert strategy.signalled == (
        SignalledAllocation(Position("blue", "debt", "USDC"), percent(-15), percent(-5), "caution"),
        SignalledAllocation(SAVE, percent(0), percent(30), "tilt"),
    )
    assert set(strategy.positions) >= {one.position for one in strategy.signalled}


def test_roles_limits_and_fees() -> None:
    strategy = typed("everything")
    roles = (Owner(2 * DAY), Guardian(), Keeper(), AnyoneAfter(2 * HOUR), Depositors("kyc.v1"))
    assert strategy.roles == roles
    assert strategy.limits == (DepositLimit(Fraction(5_000_000), in_usd=False),)
    assert strategy.fees == (ManagementFee(percent(1), YEAR), PerformanceFee(percent(10)))


def test_hedges() -> None:
    assert typed("everything").hedges == (
        Hedge("delta", "WETH", percent(-3), percent(3), SHORT),
        Hedge("gamma", "WETH", percent(-10), percent(10), POOL),
        Hedge("vega", "WETH", percent(-5), percent(5), Position("calls", "calls", "WETH")),
    )


def test_actions() -> None:
    actions = [rule.action for rule in typed("everything").rules]
    ltv = Quantity("ltv", Base.RATIO, venue="blue")
    weight = Quantity("weight", Base.RATIO, position=IDLE)
    assert actions[2] == TopUp(
        Position("blue", "collateral", "wstETH"),
        Comparison(ltv, Relation.LE, Literal(percent(60), Base.RATIO)),
        (IDLE,),
    )
    assert actions[3] == TopUp(
        IDLE,
        Comparison(weight, Relation.GE, Literal(percent(10), Base.RATIO)),
        (SAVE, Position("hop", "bridged", "USDC")),
    )
    assert actions[4] == Rehedge(flash=Flash("dex"))
    assert actions[6] == Unwind(POOL, flash=Flash("aave"))
    assert actions[7] == Unwind(SHORT)
    assert actions[10] == ExitAction(flash=Flash("aave"))


def test_predicates() -> None:
    strategy = typed("everything")
    outside = strategy.rules[4].trigger
    assert outside == When(
        Connective("or", (SensitivityOutsideBand("delta", "WETH"), SensitivityOutsideBand("vega", "WETH")))
    )
    late = strategy.rules[7].trigger
    assert isinstance(late, When)
    assert isinstance(late.predicate, Connective)
    assert late.predicate.operands[1] == Negation(StalePrice("WETH"))
    price = Quantity("share_price", PriceOf("shares"))
    low = Comparison(price, Relation.GE, Literal(Fraction(1, 2), PriceOf("shares")))
    assert strategy.claims[-1] == Invariant("backed", Connective("or", (low, WeightsOutsideBand())))


def test_a_floor_of_what_a_signal_moves_is_not_judged_at_the_targets() -> None:
    """No target says where the signal will be, so that only a floor without it can be false there."""
    text = (TYPED / "everything.strat").read_text()
    for floor, codes in (("ltv(blue) <= 0%", []), ("leverage <= 0", []), ("ltv(aave) <= 40%", ["E0603"])):
        changed = text.replace("share_price * supply <= nav", floor)
        diagnostics = parse_strategies(Source("s.strat", changed)).diagnostics
        assert [one.code for one in diagnostics if one.code[0] == "E"] == codes


@pytest.mark.parametrize(
    ("share", "codes"),
    [("0% .. 60%", []), ("60% .. 70%", []), ("0% .. 59.9%", ["E0601"]), ("60.1% .. 90%", ["E0601"])],
)
def test_some_choice_of_the_signals_sums_to_the_whole(share: str, codes: list[str]) -> None:
    text = f"""strategy S {{
        base USDC
        token USDC {{ decimals: 6, price: fixed(1 USD) }}
        venue save = erc4626(asset=USDC)
        assume {{ keeper every 1h }}
        signal s {{ from: signed(model), range: 0 .. 1, max_age: 6h }}
        allocate {{ save: {share} by signal(s); idle(USDC): 40% }}
    }}"""
    assert [one.code for one in parse_strategies(Source("s.strat", text)).diagnostics] == codes


MISTAKES = [
    ("strike=+10%, tenor=7d", "strike=-10%, tenor=7d", "E0307"),
    ("range: 0 .. 1,", "range: 1 .. 0,", "E0308"),
    ("owner: timelock(2d)", "owner: timelock(2)", "E0303"),
    ("deposits <= 5_000_000 USDC", "deposits <= 5_000_000 GOLD", "E0201"),
    ("performance: 10%", "performance: 10 USD", "E0303"),
    ("funding(perp) in -0.10% .. +0.10% per 8h", "funding(dex) in -0.10% .. +0.10% per 8h", "E0702"),
    ("blue.supply(USDC):", "blue.suply(USDC):", "E0207"),
    ("gamma(WETH): -10% .. +10% of nav using pool", "gamma(WETH): -10% .. +10% of nav using perp.short(WETH)", "E0703"),
    ("supply <= 1_000_000 shares", "supply <= 1_000_000 USDC", "E0301"),
    ("margin_ratio(perp) 80%", "margin_ratio(perp) 5%", "E0307"),
    ("do unwind pool using flash(aave)", "do unwind pool using flash(save)", "E0702"),
    ("invariant backed: share_price", "invariant backed: share_prize", "E0201"),
]


def test_independent_mistakes_are_one_error_each() -> None:
    """A dozen mistakes, one in each part of the strategy: as many errors, at their places, and nothing that follows."""
    text = (TYPED / "everything.strat").read_text()
    for right, wrong, _ in MISTAKES:
        assert text.count(right) == 1, right
        text = text.replace(right, wrong)
    diagnostics = parse_strategies(Source("s.strat", text)).diagnostics
    lines = text.split("\n")
    found = [(one.code, text[: one.primary.span.start].count("\n")) for one in diagnostics]
    expected = [(code, next(n for n, line in enumerate(lines) if wrong in line)) for _, wrong, code in MISTAKES]
    assert sorted(found) == sorted(expected)


@pytest.mark.parametrize(("right", "wrong", "code"), MISTAKES)
def test_each_of_them_alone_is_one_error(right: str, wrong: str, code: str) -> None:
    text = (TYPED / "everything.strat").read_text().replace(right, wrong)
    diagnostics = parse_strategies(Source("s.strat", text)).diagnostics
    assert [one.code for one in diagnostics if one.code[0] == "E"] == [code]
