"""What an account in a market of Morpho Blue is worth: interest to the second, whole positions, stated rounding."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lab.chain import Reverted as ChainReverted
from lab.morpho import WAD
from lab.world import World
from stratc_targets.venues.morpho_blue.exact import MorphoMarket
from stratc_targets.venues.morpho_blue.model import OFF_BY
from venues.morpho_beside import loan
from venues.probes import probe


@pytest.mark.parametrize("seconds", [1, 3_600, 365 * 86_400])
def test_what_the_adapter_reads_is_what_morpho_books(blue_world: World, seconds: int) -> None:
    """The same second: read, then booked by Morpho itself, then read again."""
    beside, lab = loan(blue_world), blue_world.morpho
    beside.step(("wait", seconds))
    read = beside.probe.call("blue_owed", lab.contract, lab.id, lab.params)
    lab.contract.send("accrueInterest", lab.params)
    position, market = lab.position(beside.me), lab.market()
    booked = -(-position.borrow_shares * (market.borrow_assets + 1) // (market.borrow_shares + 10**6))
    assert read == booked == beside.probe.call("blue_owed", lab.contract, lab.id, lab.params)
    assert market.last_update == blue_world.chain.timestamp()


def test_as_many_assets_as_are_owed_are_a_few_shares_too_many(blue_world: World) -> None:
    """Why a whole debt is repaid by its shares: Morpho refuses the same amount in assets."""
    beside, lab = loan(blue_world), blue_world.morpho
    owed = beside.owed()
    with pytest.raises(ChainReverted, match=r"Panic\(0x11\)"):
        lab.repay(blue_world.whale, owed, beside.me)
    beside.step(("repay", 1_000))
    assert lab.position(beside.me).borrow_shares == 0
    assert blue_world.usdc.balance(beside.me) == 10_000 * 10**6 + 1  # as much as was borrowed
    beside.step(("withdraw_collateral", 1_000))
    assert lab.position(beside.me) == (0, 0, 0)


def test_more_than_is_owed_is_not_taken(blue_world: World) -> None:
    beside = loan(blue_world)
    amount = beside.owed() + 1
    blue_world.usdc.mint(beside.me, amount)
    with pytest.raises(ChainReverted, match=r"Panic\(0x11\)"):
        beside.called("repay", amount)


# ── the stated rounding ────────────────────────────────────────────────────────────────────


@settings(max_examples=500, deadline=None, database=None)
@given(
    data=st.data(),
    assets=st.integers(0, 10**15),
    dear=st.integers(1, 10**6),
)
def test_one_operation_is_off_by_no_more_than_stated(data: st.DataObject, assets: int, dear: int) -> None:
    """While a share is worth at most a unit: a millionth of one at first, more only by interest."""
    shares = max((assets + 1) * 10**6 // dear - 10**6, 0)
    market = MorphoMarket(0, 0, 0, 0, borrow_assets=assets, borrow_shares=shares, supply_assets=10**18)
    account = market.account("me")
    account.borrow_shares = data.draw(st.integers(0, shares))
    account.collateral, market.price, market.lltv = 2**127, 10**36, WAD
    before = market.owed("me")
    amount = data.draw(st.integers(1, 10**15))
    market.borrow("me", amount)
    assert abs(market.owed("me") - before - amount) <= OFF_BY
    before = market.owed("me")
    back = data.draw(st.integers(1, before))
    market.pay_back("me", back)
    assert abs(market.owed("me") - before + back) <= OFF_BY
    assert back < before or market.owed("me") == 0


def test_the_stated_rounding_is_no_larger_than_it_must_be() -> None:
    """Some operation is off by a unit, and where a share is worth several by more: the adapter stops before that."""

    def worst(assets: int, shares: int) -> int:
        off = 0
        for mine in range(0, shares, 7):
            for amount in range(1, 30):
                market = MorphoMarket(WAD, 10**36, 0, 0, supply_assets=10**9)
                market.borrow_assets, market.borrow_shares = assets, shares
                market.account("me").borrow_shares, market.account("me").collateral = mine, 10**12
                before = market.owed("me")
                market.borrow("me", amount)
                off = max(off, abs(market.owed("me") - before - amount))
        return off

    assert worst(10**6, 500) == OFF_BY
    assert worst(10**7, 500) > OFF_BY


def test_no_more_is_borrowed_where_a_share_is_worth_more_than_a_unit(blue_world: World) -> None:
    """In a market in which a few units have been owed at a thousand percent for years."""
    lab, chain, me = blue_world.morpho.other_market(lltv=WAD // 2), blue_world.chain, probe(blue_world.chain)
    lender, borrower = blue_world.users[0], blue_world.users[1]
    lab.seed(lender, 10**12)
    lab.pledge(borrower, 10**27)
    lab.borrow(borrower, 10**12)
    while lab.market().borrow_assets < 2 * 10**6 * 10**12:
        chain.warp(365 * 86_400)
        lab.contract.send("accrueInterest", lab.params)
        lab.seed(lender, 1)
    blue_world.refresh_feeds()
    lab.seed(lender, 10**13)
    blue_world.weth.mint(me.address, 10**24)
    me.send("blue_supply_collateral", lab.contract, lab.params, 10**24)
    with pytest.raises(ChainReverted, match="a share is worth more than a unit"):
        me.send("blue_borrow", lab.contract, lab.params, 10**9)


@settings(max_examples=500, deadline=None, database=None)
@given(data=st.data(), assets=st.integers(0, 10**15), dear=st.integers(1, 10**6))
def test_what_is_lent_is_off_by_no_more_than_stated(data: st.DataObject, assets: int, dear: int) -> None:
    """While a share is worth at most a unit."""
    shares = max((assets + 1) * 10**6 // dear - 10**6, 0)
    market = MorphoMarket(0, 0, 0, 0, supply_assets=assets, supply_shares=shares)
    market.account("me").supply_shares = data.draw(st.integers(0, shares))
    before = market.lent("me")
    amount = data.draw(st.integers(1, 10**15))
    market.supply("me", amount)
    assert -OFF_BY <= market.lent("me") - before - amount <= 0
    before = market.lent("me")
    back = data.draw(st.integers(1, before)) if before else 0
    if back:
        market.draw("me", back)
        assert -OFF_BY <= market.lent("me") - before + back <= 0
        assert back < before or market.account("me").supply_shares == 0


def test_no_more_is_lent_where_a_share_is_worth_more_than_a_unit(blue_world: World) -> None:
    """In a market that has been paid a thousand percent for years, and of which next to nothing is left."""
    lab, chain, me = blue_world.morpho.other_market(lltv=WAD // 2), blue_world.chain, probe(blue_world.chain)
    lender, borrower = blue_world.users[0], blue_world.users[1]
    lab.seed(lender, 10**12)
    lab.pledge(borrower, 10**27)
    lab.borrow(borrower, 10**12)
    while lab.market().supply_assets < 2 * 10**6 * 10**12:
        chain.warp(365 * 86_400)
        lab.contract.send("accrueInterest", lab.params)
    blue_world.refresh_feeds()
    blue_world.usdc.mint(me.address, 10**9)
    with pytest.raises(ChainReverted, match="a share is worth more than a unit"):
        me.send("blue_supply", lab.contract, lab.params, 10**9)
