# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Adapter for liquidity in a range of Uniswap v3
@notice One position of the periphery's `NonfungiblePositionManager`, known by its number, 0 before there is one. Nothing here
        is valued by the pool's price: what comes and goes is measured, what it is worth the vault says.
"""

from . import ranges
from . import tokens

struct Place:
    manager: address
    pool: address
    token0: address
    token1: address
    fee: uint24 # in millionths
    lower: int24
    upper: int24

struct MintParams:
    token0: address
    token1: address
    fee: uint24
    lower: int24
    upper: int24
    desired0: uint256
    desired1: uint256
    least0: uint256
    least1: uint256
    recipient: address
    deadline: uint256

struct IncreaseParams:
    number: uint256
    desired0: uint256
    desired1: uint256
    least0: uint256
    least1: uint256
    deadline: uint256

struct DecreaseParams:
    number: uint256
    liquidity: uint128
    least0: uint256
    least1: uint256
    deadline: uint256

struct CollectParams:
    number: uint256
    recipient: address
    most0: uint128
    most1: uint128

struct Position:
    nonce: uint96
    operator: address
    token0: address
    token1: address
    fee: uint24
    lower: int24
    upper: int24
    liquidity: uint128
    inside0: uint256
    inside1: uint256
    owed0: uint128
    owed1: uint128

interface Manager:
    def factory() -> address: view
    def positions(number: uint256) -> Position: view
    def mint(params: MintParams) -> (uint256, uint128, uint256, uint256): nonpayable
    def increaseLiquidity(params: IncreaseParams) -> (uint128, uint256, uint256): nonpayable
    def decreaseLiquidity(params: DecreaseParams) -> (uint256, uint256): nonpayable
    def collect(params: CollectParams) -> (uint256, uint256): nonpayable

interface Factory:
    def getPool(token_a: address, token_b: address, fee: uint24) -> address: view

interface Pool:
    def tickSpacing() -> int24: view
    def slot0() -> (uint160, int24): view


@internal
@view
def lay(manager: address, token_a: address, token_b: address, fee: uint24, low: uint256, high: uint256) -> Place:
    """
    @notice The narrowest range of the pool of these tokens that encloses two roots. Reverts where there is no such pool.
    """
    pool: address = staticcall Factory(staticcall Manager(manager).factory()).getPool(token_a, token_b, fee)
    assert pool != empty(address), "uniswap_v3_lp: no pool"
    lower: int256 = 0
    upper: int256 = 0
    lower, upper = ranges.outward(low, high, convert(staticcall Pool(pool).tickSpacing(), int256))
    ordered: bool = convert(token_a, uint160) < convert(token_b, uint160)
    return Place(
        manager=manager,
        pool=pool,
        token0=token_a if ordered else token_b,
        token1=token_b if ordered else token_a,
        fee=fee,
        lower=convert(lower, int24),
        upper=convert(upper, int24),
    )


@internal
@view
def held(place: Place, number: uint256) -> uint256:
    """
    @notice The position's liquidity.
    """
    if number == 0:
        return 0
    return convert((staticcall Manager(place.manager).positions(number)).liquidity, uint256)


@internal
@view
def check_near(place: Place, root: uint256, millionths: uint256):
    """
    @notice Reverts where the pool's price is further than that from the one whose root this is.
    """
    spot: uint160 = (staticcall Pool(place.pool).slot0())[0]
    assert ranges.is_near(convert(spot, uint256), root, millionths), "uniswap_v3_lp: pool off its oracle"


@internal
def provide(place: Place, number: uint256, most0: uint256, most1: uint256) -> (uint256, uint256, uint256):
    """
    @notice Add as much liquidity as both amounts pay for; returns the position's number and what was taken of each.
    """
    before0: uint256 = tokens.held(place.token0)
    before1: uint256 = tokens.held(place.token1)
    tokens.allow(place.token0, place.manager, most0)
    tokens.allow(place.token1, place.manager, most1)
    result: uint256 = number
    if number == 0:
        minted: (uint256, uint128, uint256, uint256) = extcall Manager(place.manager).mint(
            MintParams(
                token0=place.token0,
                token1=place.token1,
                fee=place.fee,
                lower=place.lower,
                upper=place.upper,
                desired0=most0,
                desired1=most1,
                least0=0,
                least1=0,
                recipient=self,
                deadline=block.timestamp,
            )
        )
        result = minted[0]
    else:
        extcall Manager(place.manager).increaseLiquidity(
            IncreaseParams(
                number=number, desired0=most0, desired1=most1, least0=0, least1=0, deadline=block.timestamp
            )
        )
    # Liquidity takes the two in its own proportion: what is over may not be taken later.
    tokens.allow(place.token0, place.manager, 0)
    tokens.allow(place.token1, place.manager, 0)
    return result, before0 - tokens.held(place.token0), before1 - tokens.held(place.token1)


@internal
def withdraw(place: Place, number: uint256, liquidity: uint256) -> (uint256, uint256):
    """
    @notice Take so much liquidity out, and fetch all fees; returns what came of each. Nothing comes of no position.
    """
    if number == 0:
        assert liquidity == 0, "uniswap_v3_lp: no position"
        return 0, 0
    before: uint256 = self.held(place, number)
    before0: uint256 = tokens.held(place.token0)
    before1: uint256 = tokens.held(place.token1)
    if liquidity != 0:
        extcall Manager(place.manager).decreaseLiquidity(
            DecreaseParams(
                number=number,
                liquidity=convert(liquidity, uint128),
                least0=0,
                least1=0,
                deadline=block.timestamp,
            )
        )
    extcall Manager(place.manager).collect(
        CollectParams(number=number, recipient=self, most0=max_value(uint128), most1=max_value(uint128))
    )
    assert self.held(place, number) == before - liquidity, "uniswap_v3_lp: other liquidity left"
    return tokens.held(place.token0) - before0, tokens.held(place.token1) - before1
