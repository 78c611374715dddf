"""Constants are exact, and every expression has its dimension."""

from __future__ import annotations

from fractions import Fraction

import pytest

from stratc_dsl import ParseResult, Source, Strategy, parse_strategies
from stratc_dsl.strategy import (
    AmountOf,
    Base,
    Binary,
    BinaryOp,
    Comparison,
    Connective,
    DepositsAtMost,
    ExitAction,
    KeeperEvery,
    Literal,
    Negation,
    OfNav,
    Position,
    PriceOf,
    PriceStays,
    Quantity,
    Relation,
    StalePrice,
    When,
    WithdrawalsAtMost,
)

TEXT = """
strategy S {{
    base USDC
    token USDC {{ decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }}
    token WETH {{ decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }}
    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
    assume {{
        keeper every {period}
        price(USDC) stays {stays}
        price(WETH) moves -20% .. +20%
        slippage(dex) <= 0.30%
        withdrawals <= {withdrawals} of nav
    }}
    allocate {{ idle(USDC): {target}; idle(WETH): 50% }}
    floors {{ {floor} }}
    rules {{ when {condition} do freeze }}
}}
"""
USUAL = {
    "period": "1h",
    "stays": "0.98 .. 1.02",
    "withdrawals": "10%",
    "target": "50%",
    "floor": "nav >= 0 USD",
    "condition": "stale(price(WETH))",
}


def parse(**changed: str) -> ParseResult:
    return parse_strategies(Source("s.strat", TEXT.format(**(USUAL | changed))))


def strategy(**changed: str) -> Strategy:
    result = parse(**changed)
    assert result.diagnostics == ()
    return result.strategies[0]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("30s", 30),
        ("15m", 900),
        ("6h", 21_600),
        ("7d", 604_800),
        ("1y", 31_536_000),
        ("1.5h", 5_400),
        ("2 * 1h", 7_200),
    ],
)
def test_durations(written: str, seconds: int) -> None:
    assert strategy(period=written).assumptions[0] == KeeperEvery(seconds)


@pytest.mark.parametrize(
    ("written", "share"),
    [
        ("60%", Fraction(3, 5)),
        ("25bps", Fraction(1, 400)),
        ("0.5", Fraction(1, 2)),
        ("1_0.2_5%", Fraction(41, 400)),
        ("(10% + 5%) / 3", Fraction(1, 20)),
        ("1/3", Fraction(1, 3)),
        ("-(-10%)", Fraction(1, 10)),
    ],
)
def test_ratios(written: str, share: Fraction) -> None:
    assert strategy(withdrawals=f"({written})").assumptions[4] == WithdrawalsAtMost(share)


def test_prices_may_name_their_unit() -> None:
    assert strategy(stays="0.98 USD .. 1.02 USD").assumptions[1] == PriceStays(
        "USDC", Fraction("0.98"), Fraction("1.02")
    )


def number(value: int | str, dimension: Base | AmountOf | PriceOf = Base.RATIO) -> Literal:
    return Literal(Fraction(value), dimension)


NAV = Quantity("nav", Base.VALUE)
PRICE = Quantity("price", PriceOf("WETH"), token="WETH")
IDLE = Quantity("idle", AmountOf("WETH"), token="WETH")
AGE = Quantity("age", Base.DURATION, token="WETH")
IDLE_POSITION = Position(None, "idle", "WETH")


@pytest.mark.parametrize(
    ("written", "typed"),
    [
        ("nav >= 2_000 USD", Comparison(NAV, Relation.GE, number(2_000, Base.VALUE))),
        ("idle(WETH) > 0.5 WETH", Comparison(IDLE, Relation.GT, number("0.5", AmountOf("WETH")))),
        ("idle(WETH) <= 90% of nav", Comparison(IDLE, Relation.LE, OfNav(Fraction(9, 10)))),
        ("nav >= -5% of nav", Comparison(NAV, Relation.GE, OfNav(Fraction(-1, 20)))),
        ("price(WETH) < 5_000 USD", Comparison(PRICE, Relation.LT, number(5_000, PriceOf("WETH")))),
        ("age(price(WETH)) <= 2h", Comparison(AGE, Relation.LE, number(7_200, Base.DURATION))),
        ("leverage <= 3", Comparison(Quantity("leverage", Base.RATIO), Relation.LE, number(3))),
        (
            "weight(idle(WETH)) >= 1%",
            Comparison(Quantity("weight", Base.RATIO, position=IDLE_POSITION), Relation.GE, number("0.01")),
        ),
        (
            "idle(WETH) * price(WETH) >= 1 USD",
            Comparison(Binary(BinaryOp.MUL, IDLE, PRICE, Base.VALUE), Relation.GE, number(1, Base.VALUE)),
        ),
        (
            "nav / price(WETH) >= 1 WETH",
            Comparison(
                Binary(BinaryOp.DIV, NAV, PRICE, AmountOf("WETH")), Relation.GE, number(1, AmountOf("WETH"))
            ),
        ),
        (
            "nav / nav >= -leverage",
            Comparison(
                Binary(BinaryOp.DIV, NAV, NAV, Base.RATIO),
                Relation.GE,
                Binary(BinaryOp.SUB, number(0), Quantity("leverage", Base.RATIO), Base.RATIO),
            ),
        ),
        (
            "nav + nav - nav >= 0 USD",
            Comparison(
                Binary(BinaryOp.SUB, Binary(BinaryOp.ADD, NAV, NAV, Base.VALUE), NAV, Base.VALUE),
                Relation.GE,
                number(0, Base.VALUE),
            ),
        ),
    ],
)  # fmt: skip
def test_floors(written: str, typed: Comparison) -> None:
    assert strategy(floor=written).floors[0].predicate == typed


LOAN = """
strategy S {
    base USDC
    token USDC { decimals: 6, price: chainlink("USDC/USD", heartbeat=24h, deviation=0.25%) }
    venue aave = aave_v3(collateral=[USDC(ltv=75%, threshold=78%)], borrow=[USDC])
    venue safe = aave_v3([USDC])
    assume {
        keeper every 1h
        price(USDC) stays 0.98 .. 1.02
        rate(aave.debt(USDC)) <= 60% per 1y
    }
    assume { withdrawals <= 20% of nav }
    allocate { aave.collateral(USDC): 60%; aave.debt(USDC): DEBT, max 0%; safe: 1 - 60% - (DEBT) }
    floors { FLOOR }
    rules { when nav < 1_000 USD do exit }
}
"""


def loan(debt: str, floor: str) -> ParseResult:
    return parse_strategies(Source("loan.strat", LOAN.replace("DEBT", debt).replace("FLOOR", floor)))


@pytest.mark.parametrize(
    "floor",
    [
        "health(aave) >= 2.34",  # 60% * 78% / 20%
        "buffer(aave) >= 67/117",  # 1 - 20% / (60% * 78%)
        "ltv(aave) <= 1/3",
        "collateral_ratio(aave) >= 3",
        "debt(aave) <= 20% of nav",
        "collateral(aave) >= 60% of nav",
        "leverage <= 120%",
        "value(safe) - value(aave.debt(USDC)) >= 40% of nav",
        "weight(safe) / weight(aave.debt(USDC)) >= 3",
        "1 / 1d * 2d >= 2",
    ],
)
def test_floors_that_targets_just_meet(floor: str) -> None:
    assert loan("-20%", floor).diagnostics == ()


@pytest.mark.parametrize(
    "floor", ["health(aave) > 2.34", "buffer(aave) > 67/117", "ltv(aave) < 1/3", "leverage < 1.2", "2 * nav <= nav"]
)
def test_floors_that_targets_just_miss(floor: str) -> None:
    assert [diagnostic.code for diagnostic in loan("-20%", floor).diagnostics] == ["E0603"]


def test_without_debt_health_is_beyond_every_number() -> None:
    assert loan("0%", "health(aave) >= 1_000_000").diagnostics == ()


def test_flows() -> None:
    text = LOAN.replace("DEBT", "-20%").replace("FLOOR", "nav >= 0 USD")
    (strategy,) = parse_strategies(
        Source("loan.strat", text.replace("withdrawals <= 20%", "deposits <= 200%"))
    ).strategies
    assert strategy.assumptions[-1] == DepositsAtMost(Fraction(2))


def test_exit_and_a_venue_with_one_position() -> None:
    (strategy,) = loan("-20%", "nav >= 0 USD").strategies
    assert strategy.allocations[2].position == Position("safe", "collateral", "USDC")
    assert strategy.allocations[2].target == Fraction(3, 5)
    assert strategy.allocations[1].maximum == 0
    assert strategy.rules[0].action == ExitAction()


def test_a_floor_may_be_more_than_one_comparison() -> None:
    (strategy,) = loan("-20%", "nav >= 0 USD or nav >= 1 USD").strategies
    either = strategy.floors[0].predicate
    assert isinstance(either, Connective)
    assert (either.word, len(either.operands)) == ("or", 2)


def test_conditions() -> None:
    rich = Comparison(NAV, Relation.GT, number(1, Base.VALUE))
    stale = StalePrice("WETH")
    written = "not stale(price(WETH)) and nav > 1 USD or (stale(price(WETH)) or nav > 1 USD) and nav > 1 USD"
    typed = Connective(
        "or",
        (
            Connective("and", (Negation(stale), rich)),
            Connective("and", (Connective("or", (stale, rich)), rich)),
        ),
    )
    assert strategy(condition=written).rules[0].trigger == When(typed)


def test_an_unnamed_loan_has_no_health_to_fall_below() -> None:
    """Without debt the health floor is met by any number, so it is refused rather than believed."""
    (diagnostic,) = parse(floor="health(dex) >= 1").diagnostics
    assert diagnostic.code == "E0702"


@pytest.mark.parametrize("unknown", ["nav > 5%", "1 USDC + 1 WETH >= 1 USDC", "price(WETH) >= 1 USDC"])
def test_both_sides_are_named_and_shown(unknown: str) -> None:
    (diagnostic,) = parse(floor=unknown).diagnostics
    assert diagnostic.code == "E0301"
    (other,) = diagnostic.secondary
    assert other.span.end <= diagnostic.primary.span.start
    assert other.text in diagnostic.message
    assert diagnostic.primary.text in diagnostic.message


def test_errors_do_not_cascade() -> None:
    """One undeclared token used all over is one error, and sums over a faulty allocation are not checked."""
    result = parse(target="idle(USDX)", floor="idle(USDX) >= 1 USDX", condition="price(USDX) < 1 USD")
    assert [diagnostic.code for diagnostic in result.diagnostics] == ["E0201"]
