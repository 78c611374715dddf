"""The whole way: `stratc build`, a chain with the protocols' own contracts, and a keeper that saves the loan.

ETH falls by the whole assumed 20% from a state in which the strategy counts as settled and in which the fall makes the
loan's rule due. At the targets it would not: 80% of collateral against 32% of debt are a health of 2.06, after the fall
1.65. So ETH first drifts from 2,000 to 1,760 USD in two quiet hours. That leaves every position inside its band (debt
at 35.4% of nav, of at most 36%) and no rule due, with a health of 1.81; the fall to 1,408 makes it 1.45, below 1.50.

What the users get is held to the exact machine to the wei, as are all states on the way (see follower.py).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import pytest

from integration.command import Built, stratc
from integration.follower import Done, Follower
from integration.keeping import PATIENCE, KeeperProcess
from lab.aave import ACCOUNT_USD
from lab.chain import AnvilChain, Receipt
from lab.world import World
from vyper_target.vaults import USD, USDC, Deployed, example, files

pytestmark = pytest.mark.anvil

TARGET_HEALTH = 18 * USD // 10
HOUR = 3_600


@dataclass
class Life:
    """A vault on anvil, the exact machine that follows it, and the keeper that keeps it."""

    vault: Deployed
    follower: Follower
    keeper: KeeperProcess
    unread: list[Done] = field(default_factory=list)

    @property
    def world(self) -> World:
        return self.vault.world

    def keeper_does(self, *calls: str) -> list[Done]:
        """Wait until the keeper has made just these calls, and see that no rule is due any more."""
        deadline = time.monotonic() + PATIENCE
        while len(self._look()) < len(calls) and time.monotonic() < deadline and self.keeper.process.poll() is None:
            time.sleep(0.05)
        made = [(one.call, one.sender) for one in self.unread]
        assert made == [(call, self.vault.keeper) for call in calls], self.keeper.log()
        assert not [rule.name for rule in self.vault.model.rules if self.vault.call(f"{rule.name}_due")]
        done, self.unread = self.unread, []
        return done

    def does(self, user: str, fn: str, *args: object) -> Receipt:
        """A call by somebody else, followed like the keeper's."""
        receipt = self.vault.contract.send(fn, *args, sender=user)
        assert [(one.call, one.sender) for one in self._look()[:1]] == [(fn, user)]
        del self.unread[0]
        return receipt

    def _look(self) -> list[Done]:
        self.unread += self.follower.catch_up()
        return self.unread

    def eth(self, usd: int) -> None:
        """The market moves first and the feeds after it: once the keeper sees a price, it can trade at it."""
        self.world.pool.move_to(usd, self.world.arbitrageur)
        self.world.set_price("WETH", usd, arbitrage=False)

    def end_round(self, seconds: int = HOUR) -> None:
        """The hour is full: the keeper finds the vault settled and begins the next round."""
        self.world.warp(seconds, refresh=True)
        self.keeper_does("settle")
        assert self.follower.machine.settled()


@contextmanager
def kept(world: World, chain: AnvilChain, built: Built, folder: Path) -> Iterator[Life]:
    """Deploy, let two users deposit, and only then let the keeper come."""
    world.aave.borrow(world.whale, world.usdc, world.usdc.units(300_000_000))  # so that Aave's interest is not zero
    vault, deposits = built.deploy(world), dict(zip(world.users, (100_000 * USDC, 50_000 * USDC + 1), strict=False))
    follower = Follower(vault, chain, tuple(deposits))
    for user, assets in deposits.items():
        follower.fund(user, assets)
    for user, assets in deposits.items():
        vault.contract.send("deposit", assets, user, sender=user)
    assert [one.call for one in follower.catch_up()] == ["deposit", "deposit"]
    with KeeperProcess(folder, built.json("keeper.json"), vault, chain.url) as keeper:
        yield Life(vault, follower, keeper)


def test_the_command_writes_the_code_that_all_other_tests_deploy(built: Built) -> None:
    """Those compile in their own process, with an optimiser that skips what it has seen: not a byte is another."""
    for path, text in files(example("eth_carry")).items():
        assert (built.folder / path).read_text("utf-8") == text, path


def test_a_keeper_saves_the_loan(anvil_world: World, built: Built, tmp_path: Path) -> None:
    chain = anvil_world.chain
    assert isinstance(chain, AnvilChain)
    with kept(anvil_world, chain, built, tmp_path) as life:
        life.keeper_does("rebalance", "harvest_save", "settle")
        drift(life)
        fall(life)
        recover(life)
        asked = ("--config", tmp_path / "keeper.json", "--rpc", chain.url)
        assert "rebalance" in stratc("status", *asked, status=0)
        leave(life)
        assert life.keeper.terminate() == 0, life.keeper.log()
    past = stratc("keeper", "audit", *asked, "--from-block", "0", status=0)
    assert "deleverage_aave: when health(aave) < 1.50" in past
    assert past.endswith(" 0 unclear, 0 not allowed\n")


def drift(life: Life) -> None:
    """Two hours in which the keeper has nothing to do but to begin the rounds."""
    for usd in (1_880, 1_760):
        life.eth(usd)
        life.end_round()
    assert 1_800 < life.follower.machine.health("aave") * 1_000 // USD < 1_820


def fall(life: Life) -> None:
    """-20% in one step, a minute before the round is over: all that the strategy assumes of one round."""
    life.world.warp(HOUR - 60, refresh=True)
    life.eth(1_408)
    saved, _ = life.keeper_does("deleverage_aave", "rebalance")
    check_saved(saved)
    life.end_round(60)


def check_saved(saved: Done) -> None:
    """Health is 1.80 in the block of the deleverage, and Aave says so.

    The rounding: what is repaid and what Aave then counts as debt are whole smallest units of USDC, so health may miss
    1.80 by a few such units' part of the debt, either way. Aave rounds the values of collateral and debt down to
    10^-8 USD, where the model keeps them exactly.
    """
    print(f"health after the deleverage: Aave {saved.aave.health}, model {saved.model_health}")
    smallest = Fraction(ACCOUNT_USD, USDC)
    assert abs(saved.model_health - TARGET_HEALTH) <= TARGET_HEALTH * 3 * smallest / saved.aave.debt
    assert abs(saved.aave.health - saved.model_health) <= saved.model_health * Fraction(1, saved.aave.debt) + 1


def recover(life: Life) -> None:
    """Back to 2,000 USD, in two rounds, since one of more than 20% is not assumed."""
    for usd in (1_680, 2_000):
        life.eth(usd)
        life.keeper_does("rebalance")
        life.end_round()


def leave(life: Life) -> None:
    """Each withdraws what a round allows, then the guardian ends it and each redeems the rest.

    `does` holds each payment to the exact machine: no unit more or less.
    """
    vault, users, usdc = life.vault, life.follower.users, life.world.usdc
    for user in users:
        most = vault.call("maxWithdraw", user)
        assert most == vault.call("round_assets") // 20
        life.does(user, "withdraw", most, user, user)
        life.keeper_does("rebalance")
    life.does(vault.guardian, "emergency_exit")
    for user in users:
        life.does(user, "redeem", vault.call("balanceOf", user), user, user)
        got, exact = usdc.balance(user), life.follower.market.balance("USDC", user)
        print(f"{user} got {got}, the exact machine says {exact}")
        assert got == exact > 0
    life.keeper_does()
    assert vault.call("totalSupply") == 0
    assert usdc.balance(vault.address) <= len(users)
