"""A loan against two collaterals: what Aave truncates, the model has to truncate as well."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs.strategies import source_of
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.replay import health
from stratc_compiler.vault import Vault
from stratc_dsl import Source, parse_strategies, render_diagnostic
from stratc_targets.venues import venue_factories

LINK = 'token LINK { decimals: 18, price: chainlink("LINK/USD", heartbeat=1h, deviation=0.5%) }'
CHANGES = (
    ("    venue aave", f"    {LINK}\n    venue aave"),
    ("threshold=82.5%)]", "threshold=82.5%), LINK(ltv=60%, threshold=68%)]"),
    ("    venue save", "    venue pool = uniswap_v3(LINK/USDC, fee=0.3%)\n    venue save"),
    ("slippage(dex) <= 0.30%", "slippage(dex) <= 0.30%, slippage(pool) <= 1%, price(LINK) moves -20% .. +20%"),
    ("aave.collateral(WETH):  80% +- 5%", "aave.collateral(WETH): 50% +- 5%, aave.collateral(LINK): 30% +- 5%"),
    ("[save, aave, dex]", "[save, aave, dex, pool]"),
)


def two_collaterals(carry: str, *more: tuple[str, str]) -> Vault:
    for old, new in (*CHANGES, *more):
        assert old in carry
        carry = carry.replace(old, new)
    source = Source("two.strat", carry)
    parsed = parse_strategies(source)
    assert not parsed.diagnostics, "\n".join(render_diagnostic(d, source) for d in parsed.diagnostics)
    (strategy,) = parsed.strategies
    return model(strategy, source, venue_factories(strategy))


def as_aave_computes(collateral: dict[str, tuple[int, int]], debt: int) -> Fraction:
    """Health factor by GenericLogic: average threshold truncated to basis points. Values in 10^-8 USD."""
    total = sum(value for value, _ in collateral.values())
    average = sum(value * threshold for value, threshold in collateral.values()) // total
    return Fraction(total * average, 10_000) / debt


def test_aave_truncates_the_average_threshold_of_several_collaterals() -> None:
    vault = two_collaterals(source_of("eth_carry").text)
    safe = vault.venue("aave").never_liquidated
    assert safe is not None
    weth, link = 1_184_70000000, 5_92350000  # 2,000 and 10 USD after -40.765%
    state = {"price(USDC)": 10**18, "price(WETH)": weth * 10**10, "price(LINK)": link * 10**10}
    state |= {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "unit(LINK)": 10**18}
    state |= {"aave.collateral(WETH)": 300 * 10**18, "aave.collateral(LINK)": 29_000 * 10**18}
    state |= {"aave.debt(USDC)": 410_000 * 10**6, "idle(USDC)": 0, "idle(WETH)": 0, "idle(LINK)": 0, "save": 0}
    view = Evaluator(vault, IdealWorld(vault, state))
    told = as_aave_computes({"WETH": (300 * weth, 8250), "LINK": (29_000 * link, 6800)}, 410_000 * 10**8)
    assert told < 1 < health(vault, "aave", view)
    assert not view.holds(safe)


def test_a_category_has_one_loan_to_value_and_threshold() -> None:
    """On Aave it has; what is collateral outside of it is not supported beside it."""
    carry, in_category = source_of("eth_carry").text, ("borrow=[USDC]", "borrow=[USDC], emode=2")
    with pytest.raises(Unsupported, match="collateral of different risk in category 2"):
        two_collaterals(carry, in_category)
    alike = two_collaterals(carry, in_category, ("LINK(ltv=60%, threshold=68%)", "LINK(ltv=80%, threshold=82.5%)"))
    assert alike.venue("aave").health is not None
