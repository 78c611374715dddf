"""`hedge`: the trade ends in the middle of the band, what does not is undone, what cannot be done is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import proved, vault_of, verified
from stratc_compiler.claims import KeeperHedges, KeeperSettles
from stratc_compiler.errors import Unsupported
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, run_plan
from stratc_compiler.replay import what_breaks
from stratc_compiler.vault import RuleModel, Trades, Vault
from stratc_compiler.verdict import Round
from vyper_target.vaults import example

STAKING = "../tests/vyper_target/hedged_staking"
BAND = "delta(WETH): -2% .. +2% of nav"
USD, ETH = 10**6, 10**18

STATES = st.fixed_dictionaries(
    {
        "price(WETH)": st.integers(500, 5_000).map(lambda usd: usd * ETH),
        "ratio": st.integers(1_000, 1_400),
        "staked": st.integers(20, 45),
        "owed": st.integers(15, 45),
    }
)


def state_of(drawn: dict[str, int]) -> dict[str, int]:
    """A vault of a million dollars: so many percent of it staked, so many owed, the rest in dollars."""
    ether = drawn["price(WETH)"]
    staked = ether * drawn["ratio"] // 1_000
    return {
        "price(USDC)": ETH,
        "price(WETH)": ether,
        "price(wstETH)": staked,
        **{f"unit({token})": unit for token, unit in (("USDC", USD), ("WETH", ETH), ("wstETH", ETH))},
        "idle(wstETH)": drawn["staked"] * 10_000 * ETH * ETH // staked,
        "idle(WETH)": 0,
        "aave.debt(WETH)": drawn["owed"] * 10_000 * ETH * ETH // ether,
        "aave.collateral(USDC)": 800_000 * USD,
        "idle(USDC)": (200_000 + (drawn["owed"] - drawn["staked"]) * 10_000) * USD,
        "liquidity(aave.collateral(USDC))": 800_000 * USD,
    }


def rule(vault: Vault, name: str) -> RuleModel:
    return next(one for one in vault.rules if one.name == name)


def share(vault: Vault, world: IdealWorld) -> Fraction:
    """delta(WETH) over nav."""
    (greek,) = vault.greeks
    state = Evaluator(vault, world)
    return Fraction(state.value(greek.long) - state.value(greek.short), state.named("nav"))


@settings(max_examples=60, deadline=None)
@given(STATES, st.sampled_from([(-2, 2), (-3, 1), (0, 4)]))
def test_the_trade_ends_in_the_middle_of_the_band(drawn: dict[str, int], band: tuple[int, int]) -> None:
    """At the worst price that is assumed: that costs nav, of which the middle is a share, and nothing else."""
    low, high = band
    vault, _ = vault_of(STAKING, (BAND, f"delta(WETH): {low}% .. {high}% of nav"))
    world = IdealWorld(vault, state_of(drawn))
    before = Evaluator(vault, world).named("nav")
    effect = rule(vault, "rehedge").effect
    assert isinstance(effect, Trades)
    run_plan(effect.plan, vault, world)
    cost = 1 - Fraction(Evaluator(vault, world).named("nav"), before)
    assert 0 <= cost <= Fraction(31, 10_000)  # of all that can have been traded
    middle = Fraction(low + high, 200)
    assert abs(share(vault, world) - middle / (1 - cost)) <= Fraction(3, 1_000_000)


def test_which_rules_have_to_end_inside_the_band() -> None:
    vault = example("half_hedged").vault
    hedging = {one.name: one.effect.hedges for one in vault.rules if isinstance(one.effect, Trades)}
    assert hedging == {"deleverage_aave": False, "rebalance": True, "rehedge": True}
    assert [edge.text for edge in vault.hedged] == ["delta(WETH) >= 9.5% of nav", "delta(WETH) <= 10.5% of nav"]
    assert set(vault.hedged) <= set(vault.settled)


def test_a_debt_that_is_too_small_to_give_way_leaves_the_hedge_undone() -> None:
    """Eight percent are owed, nothing is staked. For a band of -2% to +2% all of it is repaid; for one around 10% there
    is not enough to repay, and the rule is undone."""
    drawn = {"price(WETH)": 2_000 * ETH, "ratio": 1_200, "staked": 0, "owed": 8}
    played = Round(state_of(drawn), state_of(drawn), 0, 0)
    even, _ = vault_of(STAKING)
    assert what_breaks(KeeperHedges(), _without_bands(even), played) is None
    vault, _ = vault_of(STAKING, (BAND, "delta(WETH): 9% .. 11% of nav"))
    for about in (KeeperHedges(), KeeperSettles()):
        broken = what_breaks(about, _without_bands(vault), played)
        assert broken is not None
        assert broken.why == "`rehedge` reverts: delta(WETH) >= 9% of nav does not hold after it"


def _without_bands(vault: Vault) -> Vault:
    """So that `rehedge` alone is due."""
    rules = tuple(one for one in vault.rules if one.name == "rehedge")
    return replace(vault, rules=rules, bands=(), floors=())


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (("do rehedge", "do rehedge using flash(aave)"), "`rehedge` by a flash loan"),
        ((f"{BAND} using aave.debt(WETH)", "delta(USDC): 0% .. 200% of nav using idle(USDC)"), "in the base token"),
    ],
)
def test_what_is_not_hedged_is_refused(change: tuple[str, str], what: str) -> None:
    changes = (
        [change] if "USDC" not in change[1] else [change, ("when delta(WETH) outside", "when delta(USDC) outside")]
    )
    with pytest.raises(Unsupported, match=what):
        vault_of(STAKING, *changes)


@pytest.mark.long
def test_a_hedged_staking_position_is_proved() -> None:
    verification = verified(STAKING)
    assert proved(verification) == {found.name for found in verification.claims}
    assert "hedged" in proved(verification)
