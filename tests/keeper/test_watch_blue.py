"""The watch over the emitted BlueCarry vault beside Morpho itself: the right alarm and no other."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from keeper.watching import Watching, watched_from_a_round
from lab.chain import Reverted
from lab.world import World, with_morpho
from vyper_target.vaults import EXAMPLES, USD, USDC, Deployed, example, proved

pytestmark = pytest.mark.anvil

HOUR = 3_600
YEAR = 365 * 24 * HOUR


@pytest.fixture
def watched(anvil_world: World, tmp_path: Path) -> tuple[Deployed, Watching]:
    """A vault of 150,000 USDC that has just begun a round, and the watch over it."""
    return watched_from_a_round(with_morpho(anvil_world), tmp_path, example("blue_carry"), "rebalance", "harvest_save")


def test_an_oracle_that_parts_from_the_feeds_is_an_alarm(watched: tuple[Deployed, Watching]) -> None:
    vault, watching = watched
    world = vault.world
    for usd in ("1801.2345", "2333.33333333"):  # both read the same feeds: they move together, whatever these say
        world.set_price("WETH", usd)
        assert watching.says() == []
    for factor in (1 - Fraction(1, 10**12), 1 + Fraction(1, 10**12), Fraction(9, 10)):
        world.morpho.misprice(factor)
        assert watching.says() == [("alarm", "oracle(blue)")]
        assert watching.says() == []
        world.morpho.misprice(Fraction(1))
        assert watching.says() == [("alarm_over", "oracle(blue)")]


def test_the_claims_at_stake_are_named(watched: tuple[Deployed, Watching]) -> None:
    _, watching = watched
    alarms = {one["id"]: one for one in watching.document["alarms"]}
    assert alarms["oracle(blue)"]["measure"] == {
        "quantity": "oracle_difference",
        "subject": "blue",
        "low": None,
        "high": "0",
        "per_seconds": None,
    }
    assert "parameters(blue)" not in alarms  # they are the market's name: the constructor enforces them


def test_quiet_hours_with_interest_are_no_alarm_and_the_rate_is_morphos(watched: tuple[Deployed, Watching]) -> None:
    vault, watching = watched
    world = vault.world
    for _ in range(3):
        world.warp(HOUR // 2, refresh=True)
        assert watching.says() == []
        world.warp(HOUR // 2 - 60, refresh=True)
        vault.contract.send("settle")
        assert watching.says() == []
    (limit,) = (one for one in watching.document["alarms"] if one["id"] == "rate(blue.debt(USDC))")
    limit["measure"]["high"] = "0.001"
    watching.start()
    world.warp(HOUR // 2, refresh=True)
    (alarm,) = watching.look()
    assert alarm["id"] == limit["id"]
    assert alarm["measured"] == pytest.approx(world.morpho.rate() * YEAR / 10**18, rel=1e-3)


def test_what_others_do_at_morpho_is_seen(watched: tuple[Deployed, Watching]) -> None:
    vault, watching = watched
    world, lab = vault.world, vault.world.morpho
    paid = {one.name: watching.ask(one.payable) for one in watching.positions if one.payable is not None}
    assert paid["blue.collateral(WETH)"] == world.weth.balance(lab.address) > lab.position(vault.address).collateral
    lab.repay(world.whale, lab.owed(vault.address) // 50, vault.address)
    assert watching.says() == [("alarm", "gain(blue)")]


@pytest.mark.long
def test_what_is_not_borrowed_yet_is_the_room_of_a_market(anvil_world: World, tmp_path: Path) -> None:
    """Measured to what Morpho itself then lends."""
    world = with_morpho(anvil_world)
    text, said = (EXAMPLES / "blue_carry.strat").read_text("utf-8"), "slippage(dex) <= 0.30%"
    given = proved(text.replace(said, f"{said}\n        room(blue) >= 90% of nav"))
    vault, watching = watched_from_a_round(
        world, tmp_path, given, "rebalance", "harvest_save", built=example("blue_carry")
    )
    lab = world.morpho
    lab.pledge(world.whale, 10**24)
    market = lab.market()
    free = market.supply_assets - market.borrow_assets
    lab.borrow(world.whale, free - 136_000 * USDC)  # 90% of nav is 135,000 and less
    assert watching.says() == []
    lab.borrow(world.whale, 10_000 * USDC)
    (alarm,) = (one for one in watching.look() if one.get("id") == "room(blue)")
    assert Fraction(alarm["measured"]) * vault.state()["nav"] / USD == pytest.approx(126_000, rel=1e-6)
    with pytest.raises(Reverted, match="insufficient liquidity"):
        lab.borrow(world.whale, 126_000 * USDC + 1)
    lab.repay(world.whale, 10_000 * USDC)
    assert watching.says() == [("alarm_over", "room(blue)")]
