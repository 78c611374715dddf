"""A staked token leaves its peg by more than the strategy assumes of a round: who may gain by it?"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from attacks.targets import NO_PAIR, claim, shares, vault, without
from lab.chain import Reverted
from lab.world import World
from vyper_target.staked import RATIO, WHOLE, StakedToken, deposit_weth, staked_token
from vyper_target.vaults import Deployed

Take = Callable[[Deployed, StakedToken], Fraction]

DEPEGGED = RATIO * Fraction(90, 100)
"""staked.strat assumes that no round takes more than 4% of the peg."""


def staking(target: Deployed) -> tuple[str, ...]:
    """Two holders of a half each, allocated."""
    holders = target.world.users[:2]
    for holder in holders:
        deposit_weth(target, holder, 500 * WHOLE)
    target.run("rebalance")
    return holders


def worth(target: Deployed, market: StakedToken) -> Fraction:
    """What the vault holds, in smallest units of WETH, at the peg."""
    return target.world.weth.balance(target.address) + market.token.balance(target.address) * RATIO


def enter_a_depeg(target: Deployed, market: StakedToken) -> Fraction:
    """The staked token is cheap for a while. What a deposit of the vault's size in that while has earned at the peg."""
    attacker = target.world.users[2]
    market.tell(DEPEGGED)
    deposit_weth(target, attacker, 1_000 * WHOLE)
    market.tell(RATIO)
    return worth(target, market) * shares(target, attacker) / target.call("totalSupply") - 1_000 * WHOLE


def leave_before_it_is_known(target: Deployed, market: StakedToken) -> Fraction:
    """The feed says a tenth too much. What a holder of half is paid more than his part of what is left is worth."""
    holder = target.world.users[1]
    market.tell(RATIO * Fraction(110, 100), arbitrage=False)
    burnt = target.call("maxRedeem", holder) or 10**18
    due = worth(target, market) * burnt / target.call("totalSupply")
    paid = int(target.contract.send("redeem", burnt, holder, holder, sender=holder).value)
    market.tell(RATIO, arbitrage=False)
    return paid - due


@pytest.mark.long
@pytest.mark.parametrize("take", [enter_a_depeg, leave_before_it_is_known])
def test_pair_that_parts(revm_world: World, take: Take) -> None:
    """Nobody enters, leaves or trades at a price beyond what is assumed of the pair; whoever wants out takes a part of
    everything, which takes nothing from the others; once the pair is together again all is as it was."""
    market = staked_token(revm_world)
    target = vault(revm_world, "staked", **market.addresses)
    first, second = staking(target)
    before = worth(target, market), claim(target, first), claim(target, second)
    with pytest.raises(Reverted, match="mode: guarded"):
        take(target, market)
    assert target.call("guarded") is True
    for limit in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert target.call(limit, second) == 0
    with pytest.raises(Reverted, match="mode: guarded"):
        target.run("rebalance")
    with pytest.raises(Reverted, match="mode: guarded"):
        target.contract.send("settle")
    market.tell(RATIO)
    assert target.call("guarded") is False
    assert (worth(target, market), claim(target, first), claim(target, second)) == before


@pytest.mark.long
@pytest.mark.parametrize(
    ("take", "least"), [(enter_a_depeg, 40 * WHOLE), (leave_before_it_is_known, 1 * WHOLE)], ids=["enter", "leave"]
)
def test_pair_that_parts_robs_a_vault_that_looks_at_each_price_alone(revm_world: World, take: Take, least: int) -> None:
    market = staked_token(revm_world)
    target = without(revm_world, "staked", NO_PAIR, **market.addresses)
    staking(target)
    assert take(target, market) > least


@pytest.mark.long
def test_pair_that_stays_parted(revm_world: World) -> None:
    """Who takes his part of everything takes nothing of the others'. Once the owner has accepted it, everybody has lost
    alike, who comes now has no part in it, and who leaves first gets no more than who leaves second."""
    market = staked_token(revm_world)
    target = vault(revm_world, "staked", **market.addresses)
    first, second = staking(target)
    before, all_of_it = claim(target, second), worth(target, market)
    market.tell(DEPEGGED)
    target.contract.send("redeem_in_kind", shares(target, first) // 2, first, first, 0, sender=first)
    assert 0 <= worth(target, market) - all_of_it * 3 / 4 <= 3 * RATIO
    target.accept_prices()
    assert 1 - Fraction(claim(target, second), before) == pytest.approx(8 / 100, abs=0.001)  # a tenth of four fifths
    newcomer = revm_world.users[2]
    deposit_weth(target, newcomer, 100 * WHOLE)
    assert 0 <= 100 * WHOLE - claim(target, newcomer) <= 3
    part = target.call("totalSupply") // 200
    paid = [target.contract.send("redeem", part, one, one, sender=one).value for one in (first, second)]
    assert paid[0] <= paid[1] <= paid[0] + 2
