"""Everybody leaves at once: who is paid, out of what, and what is left for the rest."""

from __future__ import annotations

from fractions import Fraction

import pytest

from attacks.targets import NO_ROUND_LIMIT, claim, shares, true_assets, vault, without
from lab.chain import Reverted
from lab.world import World
from vyper_target.vaults import USDC, Deployed

PAR = {"USDC": Fraction(1), "WETH": Fraction(2_000)}


def crowd(target: Deployed) -> tuple[str, ...]:
    """Five holders of a fifth each, allocated."""
    users = target.world.users[:5]
    for user in users:
        target.deposit(user, 200_000 * USDC)
    target.run("rebalance")
    return users


def run_on(target: Deployed, users: tuple[str, ...]) -> list[int]:
    """Each in turn asks for half of what he has, then for ever less until the vault pays: what each got."""
    paid = []
    for user in users:
        part, got = shares(target, user) // 2, 0
        while part > 10**12 and not got:
            try:
                got = target.contract.send("redeem", part, user, user, sender=user).value
            except Reverted:
                part //= 2
        paid.append(got)
    return paid


def test_bank_run(revm_world: World) -> None:
    """A run gets what the strategy says of a round and no more; the price of a share does not fall by it, the loan is
    as safe as before, and after the keeper has come the next round pays again."""
    target = vault(revm_world, "eth_carry")
    users = crowd(target)
    allowance, health = target.call("round_assets") // 20, target.call("health_aave")
    per_share = Fraction(target.call("totalAssets"), target.call("totalSupply"))
    paid = run_on(target, users)
    assert allowance * 99 // 100 <= sum(paid) <= allowance
    assert Fraction(target.call("totalAssets") + 1, target.call("totalSupply")) >= per_share
    assert target.call("health_aave") == health
    for user in users:
        assert target.call("maxWithdraw", user) <= allowance - sum(paid)
    target.run("rebalance")
    assert target.call("maxWithdraw", users[-1]) == target.call("round_assets") // 20


@pytest.mark.long
def test_bank_run_takes_all_that_is_idle_from_a_vault_without_rounds(revm_world: World) -> None:
    target = without(revm_world, "eth_carry", NO_ROUND_LIMIT)
    users = crowd(target)
    allowance = target.call("round_assets") // 20
    assert sum(run_on(target, users)) > allowance * 3 // 2
    assert target.call("settled") is False  # the loan has to be unwound for it


def test_bank_run_that_unwinds(revm_world: World) -> None:
    """Who does not wait for the next round sells their part at their own cost, not at that of who stays."""
    target = vault(revm_world, "eth_carry")
    users = crowd(target)
    revm_world.arbitrage()
    due = true_assets(target, PAR) / 5
    for number, user in enumerate(users[:-1], start=1):
        paid = target.contract.send("redeem_unwound", shares(target, user), user, user, 0, sender=user).value
        assert due * 990 // 1_000 < paid <= due
        revm_world.arbitrage()
        assert true_assets(target, PAR) >= due * (5 - number) - 1
    assert claim(target, users[-1]) >= 200_000 * USDC * 998 // 1_000  # it cost the allocation, once


def test_bank_run_in_the_exit(revm_world: World) -> None:
    """Once all is sold everyone is paid in proportion, whoever comes first, without limit and without a price."""
    target = vault(revm_world, "eth_carry")
    users = crowd(target)
    target.contract.send("emergency_exit", sender=target.guardian)
    revm_world.warp(30 * 86_400)
    due = [target.call("totalAssets") * shares(target, user) // target.call("totalSupply") for user in users]
    paid = [target.contract.send("redeem", shares(target, user), user, user, sender=user).value for user in users]
    for got, fair in zip(paid, due, strict=True):
        assert abs(got - fair) <= 2
    assert target.call("totalSupply") == 0


def test_lender_that_cannot_pay(revm_world: World) -> None:
    """All that was lent is borrowed, as Aave's WETH was in April 2026: what is idle is paid; the exit takes the rest
    when it comes back; who does not wait takes the claim along, and loses nothing to those who do, nor they to him."""
    world, target = revm_world, vault(revm_world, "treasury")
    users = crowd(target)
    _borrow_all(world)
    early, late = users[0], users[1:]
    allowance = target.call("round_assets") // 10
    assert target.call("maxWithdraw", early) == allowance
    assert target.contract.send("withdraw", allowance // 2, early, early, sender=early).value > 0
    target.contract.send("emergency_exit", sender=target.guardian)
    waiting = [claim(target, user) for user in late]
    part, aave = shares(target, early), world.aave
    with pytest.raises(Reverted, match="mode: redeem in kind"):  # not by mistake for what is there
        target.contract.send("redeem", part, early, early, sender=early)
    before, stuck = world.usdc.balance(early), aave.supplied(early, world.usdc)
    target.contract.send("redeem_in_kind", part, early, early, 0, sender=early)
    got = world.usdc.balance(early) - before + aave.supplied(early, world.usdc) - stuck
    assert abs(got - (200_000 * USDC - allowance // 2)) <= 5  # all that is his, a part of it as a claim on Aave
    _repay_all(world)
    target.contract.send("emergency_exit", sender=target.guardian)
    for user, before in zip(late, waiting, strict=True):
        assert claim(target, user) >= before
        assert claim(target, user) >= 200_000 * USDC - 2
        assert target.contract.send("redeem", shares(target, user), user, user, sender=user).value > 0
    assert true_assets(target, PAR) <= 10


def test_lender_that_cannot_pay_reverts_what_needs_it(revm_world: World) -> None:
    """A rule that would take from it does nothing at all, rather than half."""
    target = vault(revm_world, "treasury")
    crowd(target)
    _borrow_all(revm_world)
    user = revm_world.users[0]
    target.contract.send("withdraw", target.call("maxWithdraw", user), user, user, sender=user)
    before = target.state()
    assert target.call("rebalance_due") is True
    with pytest.raises(Reverted):
        target.run("rebalance")
    assert target.state() == before


def _borrow_all(world: World) -> None:
    world.aave.seed(world.whale, world.weth, world.weth.units(500_000))
    world.aave.borrow(world.whale, world.usdc, world.usdc.balance(world.aave.reserve(world.usdc).a_token.address))


def _repay_all(world: World) -> None:
    world.usdc.provide(world.whale, world.aave.pool, 2 * 10**9 * USDC)
    world.aave.repay(world.whale, world.usdc)
