"""Tokens, venues and assumptions of every kind: what they mean, and the positions that there are."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from stratc_dsl import Source, Strategy, parse_strategies
from stratc_dsl.adapters import ADAPTERS
from stratc_dsl.strategy import (
    AaveV3,
    AmountOf,
    Base,
    Bridge,
    ChainlinkPrice,
    Collateral,
    Comparison,
    CoveredCall,
    Emode,
    Erc4626,
    FixedPrice,
    FundingBetween,
    Literal,
    MorphoBlue,
    OracleOffBy,
    PairMoves,
    PairStays,
    PerpV2,
    Position,
    PriceOf,
    Quantity,
    RateAtMost,
    RatioPrice,
    SlippageAtMost,
    Terms,
    UniswapV3,
    UniswapV3Lp,
)

HOUR, DAY = 3_600, 86_400

TEXT = """
strategy S {
    base USDC
    token USDC { decimals: 6, price: fixed(0.99 USD + 1% * 1 USD) }
    token wstETH { decimals: 18, price: ratio(WETH, chainlink("WSTETH/ETH", heartbeat=24h, deviation=0.5%)) }
    token WETH { decimals: 18, price: chainlink("ETH/USD", heartbeat=1h, deviation=0.5%) }
    token rETH { decimals: 18, price: ratio(token=wstETH, feed=chainlink("RETH/WSTETH", 24h, 2%)) }
    venue aave = aave_v3([wstETH(ltv=93%, threshold=95%)], borrow=[WETH], emode=1)
    venue blue = morpho_blue(collateral=wstETH(lltv=86%), loan=USDC)
    venue save = erc4626(USDC)
    venue dex = uniswap_v3(WETH/USDC, fee=0.05%)
    venue dex2 = uniswap_v3(wstETH/USDC, fee=5bps)
    venue pool = uniswap_v3_lp(WETH/USDC, fee=0.05%, range=-50% .. +100%)
    venue perp = perp_v2(WETH, margin=USDC, initial=10%, maintenance=6.25%)
    venue call = covered_call(WETH, quote=USDC, strike=+10%, tenor=7d)
    venue hop = bridge(USDC, to="base", fee=0.1%, delay=30m)
    assume {
        keeper every 1h
        price(WETH) moves -20% .. +20%
        price(wstETH/WETH) moves -4% .. +0.5%
        price(rETH/wstETH) stays 0.9 .. 1.1
        funding(perp) in -0.10% .. +0.20% per 8h
        oracle(wstETH) off by <= 3%
        slippage(dex) <= 0.30%
        slippage(dex2) <= 0.30%
        slippage(pool) <= 0.30%
        slippage(perp) <= 0.30%
        slippage(call) <= 1%
        rate(blue.debt(USDC)) <= 60% per 1y
    }
    allocate {
        blue.collateral(wstETH): 40%
        blue.debt(USDC):        -20%
        save:                    20%
        pool:                    20%
        perp.margin:             10%
        call:                    10%
        hop:                     10%
        idle(USDC):              10%
    }
    floors { FLOOR }
}
"""


def strategy(floor: str = "nav >= 0 USD") -> Strategy:
    result = parse_strategies(Source("s.strat", TEXT.replace("FLOOR", floor)))
    assert [one.message for one in result.diagnostics if one.code[0] == "E"] == []
    return result.strategies[0]


def test_price_sources() -> None:
    staked = ChainlinkPrice("WSTETH/ETH", DAY, Fraction(1, 200))
    assert [token.price for token in strategy().tokens] == [
        FixedPrice(Fraction(1)),
        RatioPrice("WETH", staked),
        ChainlinkPrice("ETH/USD", HOUR, Fraction(1, 200)),
        RatioPrice("wstETH", ChainlinkPrice("RETH/WSTETH", DAY, Fraction(1, 50))),
    ]


def test_terms() -> None:
    staked = Collateral("wstETH", Fraction(86, 100), Fraction(86, 100))
    terms: list[Terms] = [
        AaveV3((Collateral("wstETH", Fraction(93, 100), Fraction(95, 100)),), ("WETH",), Emode(1)),
        MorphoBlue(staked, "USDC"),
        Erc4626("USDC"),
        UniswapV3("WETH", "USDC", Fraction(1, 2000)),
        UniswapV3("wstETH", "USDC", Fraction(1, 2000)),
        UniswapV3Lp("WETH", "USDC", Fraction(1, 2000), Fraction(-1, 2), Fraction(1)),
        PerpV2("WETH", "USDC", Fraction(1, 10), Fraction(1, 16)),
        CoveredCall("WETH", "USDC", Fraction(1, 10), 7 * DAY),
        Bridge("USDC", "base", Fraction(1, 1000), 1_800),
    ]
    declared = strategy().venues
    assert [venue.terms for venue in declared] == terms
    assert {venue.adapter for venue in declared} == set(ADAPTERS)


def test_assumptions_of_pairs_and_perpetuals() -> None:
    assumed = strategy().assumptions
    assert assumed[2:5] == (
        PairMoves("wstETH", "WETH", Fraction(-4, 100), Fraction(5, 1000)),
        PairStays("rETH", "wstETH", Fraction(9, 10), Fraction(11, 10)),
        FundingBetween("perp", Fraction(-1, 1000), Fraction(2, 1000), 8 * HOUR),
    )
    assert assumed[5] == OracleOffBy("wstETH", Fraction(3, 100))
    assert assumed[8:10] == (SlippageAtMost("pool", Fraction(3, 1000)), SlippageAtMost("perp", Fraction(3, 1000)))
    assert assumed[-1] == RateAtMost(Position("blue", "debt", "USDC"), Fraction(3, 5), 365 * DAY)


def test_positions_print_as_they_are_written() -> None:
    positions = [one.position for one in strategy().allocations]
    assert [str(one) for one in positions] == [
        *("blue.collateral(wstETH)", "blue.debt(USDC)", "save", "pool", "perp.margin", "call", "hop", "idle(USDC)")
    ]
    assert [one.token for one in positions] == ["wstETH", "USDC", "USDC", "WETH", "USDC", "WETH", "USDC", "USDC"]


def test_a_pool_is_in_two_tokens() -> None:
    """So that both must be swapped into base, whatever the pair's order."""
    given = strategy()
    assert given.tokens_of(Position("pool", "liquidity", "WETH")) == ("WETH", "USDC")
    assert given.tokens_of(Position("call", "calls", "WETH")) == ("WETH", "USDC")
    assert given.tokens_of(Position("save", "deposit", "USDC")) == ("USDC",)
    text = TEXT.replace("FLOOR", "nav >= 0 USD").replace("uniswap_v3_lp(WETH/USDC", "uniswap_v3_lp(USDC/rETH")
    (error,) = (one for one in parse_strategies(Source("s.strat", text)).diagnostics if one.code[0] == "E")
    assert error.message == "no venue swaps `rETH` into the base `USDC`"


@pytest.mark.parametrize(
    ("written", "quantity"),
    [
        ("margin_ratio(perp) >= 30%", Quantity("margin_ratio", Base.RATIO, venue="perp")),
        ("health(blue) >= 1.5", Quantity("health", Base.RATIO, venue="blue")),
        ("debt(blue) <= 2_000 USD", Quantity("debt", Base.VALUE, venue="blue")),
        ("collateral(blue) >= 5% of nav", Quantity("collateral", Base.VALUE, venue="blue")),
        ("collateral_ratio(blue) >= 150%", Quantity("collateral_ratio", Base.RATIO, venue="blue")),
        ("value(pool) >= 5% of nav", Quantity("value", Base.VALUE, position=Position("pool", "liquidity", "WETH"))),
        ("weight(perp.margin) >= 5%", Quantity("weight", Base.RATIO, position=Position("perp", "margin", "USDC"))),
        ("delta(WETH) <= 5 WETH", Quantity("delta", AmountOf("WETH"), token="WETH")),
        ("delta(WETH) <= 5% of nav", Quantity("delta", AmountOf("WETH"), token="WETH")),
        ("gamma(WETH) <= 5% of nav", Quantity("gamma", Base.VALUE, token="WETH")),
        ("vega(WETH) <= 100 USD", Quantity("vega", Base.VALUE, token="WETH")),
        ("volatility(WETH, 1d) <= 8%", Quantity("volatility", Base.RATIO, token="WETH", period=DAY)),
        ("age(price(wstETH)) <= 1h", Quantity("age", Base.DURATION, token="wstETH")),
        ("share_price >= 0.98 USD", Quantity("share_price", PriceOf("shares"))),
        ("supply <= 1_000_000.5 shares", Quantity("supply", AmountOf("shares"))),
    ],
)
def test_quantities(written: str, quantity: Quantity) -> None:
    predicate = strategy(written).floors[0].predicate
    assert isinstance(predicate, Comparison)
    assert predicate.left == quantity


def test_shares_have_a_price() -> None:
    """What all shares are worth together is a value, so it compares with nav."""
    predicate = strategy("share_price * supply <= nav").floors[0].predicate
    assert isinstance(predicate, Comparison)
    assert not isinstance(predicate.left, Literal)
    assert isinstance(strategy("nav / supply >= 1 USD").floors[0].predicate, Comparison)


@pytest.mark.parametrize(
    ("floor", "message"),
    [
        ("delta(WETH) <= 5 USDC", "cannot compare an amount of WETH and an amount of USDC"),
        ("delta(WETH) <= 5%", "cannot compare an amount of WETH and a ratio"),
        ("gamma(WETH) <= 5 WETH", "cannot compare a value in USD and an amount of WETH"),
        ("margin_ratio(perp) >= 2 USD", "cannot compare a ratio and a value in USD"),
        ("volatility(WETH, 1d) <= 8h", "cannot compare a ratio and a duration"),
        ("share_price >= 1", "cannot compare a price of shares (USD per share) and a ratio"),
        ("supply >= 1 USDC", "cannot compare an amount of shares and an amount of USDC"),
        ("supply + nav >= 1 USD", "cannot add an amount of shares and a value in USD"),
        ("supply >= 0.0000000000000000001 shares", "`shares` has 18 decimals, this amount needs 19"),
        ("age(price(WETH)) <= 1", "cannot compare a duration and a ratio"),
        ("delta(perp) <= 1 WETH", "expected a token, found the venue `perp`"),
        ("margin_ratio(save) >= 1", "`margin_ratio` needs a margin, and `save` has none"),
        ("health(perp) >= 1", "`health` needs a debt, and `perp` has none"),
    ],
)
def test_dimensions_of_quantities(floor: str, message: str) -> None:
    result = parse_strategies(Source("s.strat", TEXT.replace("FLOOR", floor)))
    assert [one.message for one in result.diagnostics] == [message]


SHORT = (Path(__file__).parents[2] / "examples" / "short_ether.strat").read_text(encoding="utf-8")


@pytest.mark.parametrize(("token", "rests"), [("WETH", True), ("USDC", False)])
def test_how_far_a_mark_may_be_off_is_used_where_something_is_short(token: str, rests: bool) -> None:
    """A margin counts for dollars there, whatever anybody reads of its price."""
    text = SHORT.replace("slippage(perp)", f"oracle({token}) off by <= 1%\n        slippage(perp)")
    parsed = parse_strategies(Source("short.strat", text))
    assert len(parsed.strategies) == 1
    assert [one.code for one in parsed.diagnostics] == ([] if rests else ["W0501"])
