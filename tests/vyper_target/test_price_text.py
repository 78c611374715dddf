"""How prices are read where one token is told in another, and that one in a third."""

from __future__ import annotations

from stratc_compiler.model import build_vault
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.price_text import oldest_answer, prices_usable, read_prices, unusable
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import HERE

NESTED = 'token rETH { decimals: 18, price: ratio(wstETH, chainlink("RETH/WSTETH", heartbeat=24h, deviation=2%)) }'
MOVES = "price(rETH/wstETH) moves -1% .. +1%"


def test_a_price_is_read_after_the_one_it_is_told_in() -> None:
    text = (HERE / "staked.strat").read_text(encoding="utf-8")
    text = text.replace("keeper every 1h", f"keeper every 1h\n{MOVES}")
    # Declared first, told last.
    source = Source("test.strat", text.replace("    token WETH ", f"    {NESTED}\n    token WETH "))
    (strategy,) = parse_strategies(source).strategies
    vault = build_vault(strategy, source, venue_factories(strategy))
    symbols = symbols_of(vault)
    assert read_prices(vault, symbols) == [
        "s.price_weth = oracle.price_of(WETH_FEED)",
        "s.price_wsteth = oracle.price_in(WSTETH_FEED, s.price_weth)",
        "s.price_reth = oracle.price_in(RETH_FEED, s.price_wsteth)",
    ]
    wsteth = "oracle.price_in_or_none(WSTETH_FEED, oracle.price_or_none(WETH_FEED))"
    assert unusable("wstETH", vault, symbols) == f"not (oracle.sequencer_is_up() and {wsteth} != 0)"
    usable = "".join(line.strip() for line in statement("", prices_usable(vault, symbols), width=1_000))
    assert usable == f"oracle.sequencer_is_up() and oracle.price_in_or_none(RETH_FEED, {wsteth}) != 0"
    ages = "max(max(oracle.age(RETH_FEED), oracle.age(WSTETH_FEED)), oracle.age(WETH_FEED))"
    assert oldest_answer("rETH", vault, symbols) == ages
