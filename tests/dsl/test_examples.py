"""The examples say what their authors meant: typed values, not just the absence of errors."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from stratc_dsl import Source, Strategy, parse_strategies
from stratc_dsl.strategy import (
    AaveV3,
    Allocation,
    AmountOf,
    Base,
    ChainlinkPrice,
    Collateral,
    Comparison,
    Deleverage,
    Erc4626,
    Every,
    ExitPays,
    Floor,
    Freeze,
    Harvest,
    KeeperEvery,
    LiquidityAtLeast,
    Literal,
    LossAtMost,
    LossPerRound,
    OfNav,
    Position,
    PriceMoves,
    PriceStays,
    Quantity,
    RateAtMost,
    Rebalance,
    Relation,
    Rule,
    Safe,
    SlippageAtMost,
    Solvent,
    StalePrice,
    SurvivesLossOf,
    Token,
    UniswapV3,
    Venue,
    WeightsOutsideBand,
    When,
    WithdrawalsAtMost,
)

EXAMPLES = Path(__file__).parents[2] / "examples"
HOUR, DAY, YEAR = 3_600, 86_400, 365 * 86_400


def percent(number: str) -> Fraction:
    return Fraction(number) / 100


def text_of(name: str) -> str:
    return (EXAMPLES / f"{name}.strat").read_text()


def only(text: str) -> Strategy:
    result = parse_strategies(Source("example.strat", text))
    assert result.diagnostics == ()
    (strategy,) = result.strategies
    return strategy


WETH_COLLATERAL = Position("aave", "collateral", "WETH")
USDC_DEBT = Position("aave", "debt", "USDC")
SAVE = Position("save", "deposit", "USDC")
IDLE = Position(None, "idle", "USDC")
IDLE_AMOUNT = Quantity("idle", AmountOf("USDC"), token="USDC")


def test_eth_carry_declarations() -> None:
    carry = only(text_of("eth_carry"))
    assert (carry.name, carry.base) == ("EthCarry", "USDC")
    assert carry.tokens == (
        Token("USDC", 6, ChainlinkPrice("USDC/USD", 24 * HOUR, percent("0.25"))),
        Token("WETH", 18, ChainlinkPrice("ETH/USD", HOUR, percent("0.5"))),
    )
    assert carry.venues == (
        Venue("aave", AaveV3((Collateral("WETH", percent("80"), percent("82.5")),), ("USDC",))),
        Venue("save", Erc4626("USDC")),
        Venue("dex", UniswapV3("WETH", "USDC", percent("0.05"))),
    )
    assert [venue.adapter for venue in carry.venues] == ["aave_v3", "erc4626", "uniswap_v3"]


def test_eth_carry_assumptions() -> None:
    assert only(text_of("eth_carry")).assumptions == (
        KeeperEvery(HOUR),
        PriceMoves("WETH", percent("-20"), percent("20")),
        PriceStays("USDC", Fraction("0.98"), Fraction("1.02")),
        RateAtMost(USDC_DEBT, percent("60"), YEAR),
        SlippageAtMost("dex", percent("0.30")),
        LossAtMost("save", percent("0.05")),
        WithdrawalsAtMost(percent("5")),
    )


def test_eth_carry_allocation_keeps_debts_negative() -> None:
    assert only(text_of("eth_carry")).allocations == (
        Allocation(WETH_COLLATERAL, percent("80"), percent("75"), percent("85")),
        Allocation(USDC_DEBT, percent("-32"), percent("-36"), percent("-28")),
        Allocation(SAVE, percent("42"), percent("37"), percent("47")),
        Allocation(IDLE, percent("10"), percent("6"), percent("14"), minimum=percent("6")),
    )


def test_eth_carry_floors_rules_exit_claims() -> None:
    carry = only(text_of("eth_carry"))
    health = Quantity("health", Base.RATIO, venue="aave")
    assert carry.floors == (
        Floor(Comparison(health, Relation.GE, Literal(Fraction("1.35"), Base.RATIO))),
        Floor(Comparison(IDLE_AMOUNT, Relation.GE, OfNav(percent("1")))),
    )
    low_health = Comparison(health, Relation.LT, Literal(Fraction("1.5"), Base.RATIO))
    assert carry.rules == (
        Rule(When(low_health), Deleverage("aave", Fraction("1.8"))),
        Rule(When(WeightsOutsideBand()), Rebalance()),
        Rule(Every(DAY), Harvest("save")),
        Rule(When(StalePrice("WETH")), Freeze()),
    )
    assert carry.exit_order == ("save", "aave", "dex")
    assert carry.claims == (Solvent(), Safe("aave"), LossPerRound(percent("20")), ExitPays(percent("93")))


def test_treasury() -> None:
    treasury = only(text_of("treasury"))
    collateral = Position("aave", "collateral", "USDC")
    assert treasury.venues[0] == Venue("aave", AaveV3((Collateral("USDC", None, None),), ()))
    assert treasury.assumptions == (
        KeeperEvery(6 * HOUR),
        PriceStays("USDC", Fraction("0.97"), Fraction("1.03")),
        LossAtMost("save", percent("1")),
        LiquidityAtLeast("aave", percent("50")),
        WithdrawalsAtMost(percent("10")),
    )
    assert treasury.allocations == (
        Allocation(collateral, percent("55"), percent("50"), percent("60")),
        Allocation(SAVE, percent("25"), percent("20"), percent("30")),
        Allocation(IDLE, percent("20"), percent("15"), percent("25"), minimum=percent("12")),
    )
    assert treasury.floors == (Floor(Comparison(IDLE_AMOUNT, Relation.GE, OfNav(percent("5")))),)
    assert treasury.exit_order == ("save", "aave")
    assert treasury.claims == (Solvent(), LossPerRound(percent("1")), SurvivesLossOf("save"), ExitPays(percent("60")))


@pytest.mark.parametrize("name", ["eth_carry", "treasury"])
def test_spans_cover_the_words_they_come_from(name: str) -> None:
    text = text_of(name)
    strategy = only(text)
    for venue in strategy.venues:
        assert text[venue.span.start : venue.span.end] == venue.name
    for rule in strategy.rules:
        words = text[rule.span.start : rule.span.end]
        assert words.startswith(("when ", "every "))
        assert "\n" not in words
    for allocation in strategy.allocations:
        assert text[allocation.span.start : allocation.span.end].startswith(f"{allocation.position}:")


@pytest.mark.parametrize("name", ["eth_carry", "treasury"])
@pytest.mark.parametrize(
    "written",
    [
        pytest.param(lambda text: text.replace("\n", "\r\n"), id="crlf"),
        pytest.param(lambda text: "\ufeff" + text, id="byte order mark"),
        pytest.param(lambda text: text.replace("    ", "\t"), id="tabs"),
        pytest.param(lambda text: text.replace("+-", "±"), id="plus-minus sign"),
        pytest.param(lambda text: text.replace("\n", '  # a comment with { ( [ " in it\n'), id="comments"),
        pytest.param(lambda text: text.rstrip("\n"), id="no last newline"),
        pytest.param(
            lambda text: text.replace("[", "[\n\n").replace(", fee", ",\n# here\nfee"), id="lines in brackets"
        ),
        pytest.param(lambda text: text.replace("\n    exit", ";\n;;\n    exit"), id="semicolons"),
        pytest.param(lambda text: text.replace(": 6,", ": 6\n").replace(": 18,", ": 18;"), id="fields on lines"),
    ],
)
def test_the_same_strategy_written_otherwise(name: str, written: object) -> None:
    assert callable(written)
    text = text_of(name)
    assert only(written(text)) == only(text)


def test_exit_order_defaults_to_the_order_of_declaration() -> None:
    text = text_of("eth_carry").replace("exit { order: [save, aave, dex] }", "")
    assert only(text).exit_order == ("aave", "save", "dex")


def test_several_strategies_in_one_file() -> None:
    result = parse_strategies(Source("both.strat", text_of("eth_carry") + text_of("treasury")))
    assert result.strategies == (only(text_of("eth_carry")), only(text_of("treasury")))
