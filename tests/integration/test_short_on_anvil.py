"""A short at Perp v2 and its keeper's process: ether rises by a fifth in one round, and falls by a fifth in another.

The rally takes the account's margin from 40% of nav to some 30%, and ether to 60%; the fall the other way. Either time
one rebalance brings back both and leaves as much short as is held. What is held and owed is read from the tokens and
from Perp's own books, and valued by the feed: nothing here is what the vault says of itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from integration.command import Built, built_by_command
from integration.keeping import kept, moved_within_a_round
from lab.perp import ONE
from lab.world import World
from vyper_target.vaults import EXAMPLES, USDC, Deployed

pytestmark = [pytest.mark.anvil, pytest.mark.long]

HOUR = 3_600
BAND = Fraction(3, 100)


@dataclass(frozen=True)
class Account:
    """What a vault has, in dollars."""

    ether: Fraction
    short: Fraction
    margin: Fraction
    """Perp's own value of the account, but at the price of the feed."""
    idle: Fraction

    @property
    def nav(self) -> Fraction:
        return self.ether + self.margin + self.idle

    @property
    def delta(self) -> Fraction:
        """Of nav."""
        return (self.ether - self.short) / self.nav


def account(vault: Deployed) -> Account:
    world, lab, me = vault.world, vault.world.perp, vault.address
    price, position = world.price("WETH"), lab.position(me)
    booked = Fraction(lab.balance(me), USDC) + Fraction(lab.owed(me) - lab.funding(me) + position.notional, ONE)
    short = -position.size * price / ONE
    return Account(world.weth.balance(me) * price / ONE, short, booked - short, Fraction(world.usdc.balance(me), USDC))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/short_ether.strat, proved and built."""
    return Built(built_by_command(EXAMPLES / "short_ether.strat", tmp_path_factory.mktemp("built")), "short_ether")


def test_a_keeper_hedges_again_after_a_rally_and_after_a_fall(perp_chain: World, short: Built, tmp_path: Path) -> None:
    with kept(perp_chain, short, tmp_path, "delta(WETH)") as (vault, diary, keeper):
        diary.does(keeper, "rebalance")
        check(vault)
        for usd in (2_400, 1_920):
            moved_within_a_round(vault, keeper, usd)
            before = account(vault)
            diary.does(keeper, "rebalance")
            after = account(vault)
            print(f"ether at {usd}: {told(before)}, then {told(after)}")
            assert not Fraction(34, 100) <= before.margin / before.nav <= Fraction(46, 100)
            assert before.nav * Fraction(996, 1_000) <= after.nav <= before.nav
            check(vault)
        perp_chain.warp(HOUR, refresh=True)
        diary.does(keeper, "settle")


def check(vault: Deployed) -> None:
    """Where the strategy wants it."""
    now = account(vault)
    assert abs(now.delta) <= BAND
    assert Fraction(34, 100) <= now.margin / now.nav <= Fraction(46, 100)
    assert Fraction(44, 100) <= now.ether / now.nav <= Fraction(56, 100)
    assert vault.call("settled")
    assert vault.call("totalAssets") == pytest.approx(float(now.nav * USDC), rel=1e-9)


def told(one: Account) -> str:
    parts = {"delta": one.delta, "margin": one.margin / one.nav, "ether": one.ether / one.nav}
    return ", ".join(f"{name} {float(part):.4%}" for name, part in parts.items())
