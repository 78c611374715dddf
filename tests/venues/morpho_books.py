"""A market of Morpho Blue in exact integers, as it stands on the chain now."""

from __future__ import annotations

from lab.world import World
from stratc_targets.venues.morpho_blue.exact import WAD, Account, MorphoMarket, mul_div_down

YEAR = 365 * 86_400


def mock_rate(market: MorphoMarket) -> int:
    """Interest per second as the package's `IrmMock` has it: the part of all assets that is lent out, a year."""
    if not market.supply_assets:
        return 0
    return mul_div_down(market.borrow_assets, WAD, market.supply_assets) // YEAR


def market_of(world: World, *others: str) -> MorphoMarket:
    """The lab's market, in which so far only the whale has anything, and those who are named."""
    lab = world.morpho
    stored, accounts = lab.market(), {user: Account(*lab.position(user)) for user in (world.whale, *others)}
    assert sum(one.supply_shares for one in accounts.values()) == stored.supply_shares
    assert sum(one.borrow_shares for one in accounts.values()) == stored.borrow_shares
    return MorphoMarket(
        lab.lltv,
        lab.price(),
        world.chain.timestamp(),
        stored.last_update,
        mock_rate,
        stored.fee,
        supply_assets=stored.supply_assets,
        supply_shares=stored.supply_shares,
        borrow_assets=stored.borrow_assets,
        borrow_shares=stored.borrow_shares,
        accounts=accounts,
    )
