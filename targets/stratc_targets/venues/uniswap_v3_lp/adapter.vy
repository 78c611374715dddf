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

struct Ends:
    lower: int24
    upper: int24
    low: uint256 # the roots of the prices there of the token in base, times 2^96
    high: uint256

struct Share:
    of: uint256
    whole: uint256

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

# What `positions` answers, in bytes, and where of that the liquidity is: behind nonce, operator, tokens, fee and ticks.
WORDS: constant(uint256) = 12 * 32
LIQUIDITY: constant(uint256) = 7 * 32

interface Manager:
    def factory() -> address: view
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
def locate(manager: address, token_a: address, token_b: address, fee: uint24) -> Place:
    """
    @notice The pool of these tokens. Reverts where there is none.
    """
    pool: address = staticcall Factory(staticcall Manager(manager).factory()).getPool(token_a, token_b, fee)
    assert pool != empty(address), "uniswap_v3_lp: no pool"
    ordered: bool = convert(token_a, uint160) < convert(token_b, uint160)
    return Place(
        manager=manager,
        pool=pool,
        token0=token_a if ordered else token_b,
        token1=token_b if ordered else token_a,
        fee=fee,
    )


@internal
@view
def around(
    place: Place, base: address, worth_token: uint256, worth_base: uint256, below: Share, above: Share
) -> Ends:
    """
    @notice The narrowest range of the pool that reaches from at most the share `below` of a price to at least the share
            `above` of it. At that price a unit of the token costs worth_token / worth_base of base. Where base is token0,
            the roots are rounded inwards: so nothing is worth more for it.
    """
    # In the pool's own terms: what a unit of token0 costs in token1 at the lower end, and at the upper one.
    low: uint256[2] = [worth_token * below.of, worth_base * below.whole]
    high: uint256[2] = [worth_token * above.of, worth_base * above.whole]
    if place.token0 == base:
        turned: uint256[2] = [low[1], low[0]]
        low = [high[1], high[0]]
        high = turned
    last: uint256 = ranges.root_of_price(high[0], high[1])
    # Rounded down it is off by less than a part in 2^63, and the range is to be no narrower than it says.
    last += (last >> 62) + 1
    lower: int256 = 0
    upper: int256 = 0
    lower, upper = ranges.outward(
        ranges.root_of_price(low[0], low[1]), last, convert(staticcall Pool(place.pool).tickSpacing(), int256)
    )
    roots: uint256[2] = [ranges.root_at_tick(lower), ranges.root_at_tick(upper)]
    if place.token0 == base:
        roots = [2**192 // roots[1] + 1, 2**192 // roots[0]]
    return Ends(lower=convert(lower, int24), upper=convert(upper, int24), low=roots[0], high=roots[1])


@internal
@view
def held(place: Place, number: uint256) -> uint256:
    """
    @notice The position's liquidity.
    """
    if number == 0:
        return 0
    # Twelve words are answered, of which this is one: to take all of them apart is several hundred bytes of code.
    told: Bytes[WORDS] = raw_call(
        place.manager,
        abi_encode(number, method_id=method_id("positions(uint256)")),
        max_outsize=WORDS,
        is_static_call=True,
    )
    return convert(extract32(told, LIQUIDITY, output_type=uint128), uint256)


@internal
@view
def check_near(place: Place, base: address, worth_token: uint256, worth_base: uint256, millionths: uint256):
    """
    @notice Reverts where the pool's price is further than that from one at which a unit of the token costs
            worth_token / worth_base of base.
    """
    root: uint256 = 0
    if place.token1 == base:
        root = ranges.root_of_price(worth_token, worth_base)
    else:
        root = ranges.root_of_price(worth_base, worth_token)
    spot: uint160 = (staticcall Pool(place.pool).slot0())[0]
    assert ranges.is_near(convert(spot, uint256), root, millionths), "uniswap_v3_lp: pool off its oracle"


@internal
def provide(
    place: Place, lower: int24, upper: int24, number: uint256, base: address, most_token: uint256, most_base: uint256
) -> (uint256, uint256, uint256):
    """
    @notice Add as much liquidity between two ticks as both amounts pay for; returns the position's number and what was
            taken of each.
    """
    base_is_1: bool = place.token1 == base
    most0: uint256 = most_token if base_is_1 else most_base
    most1: uint256 = most_base if base_is_1 else most_token
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
                lower=lower,
                upper=upper,
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
    took0: uint256 = before0 - tokens.held(place.token0)
    took1: uint256 = before1 - tokens.held(place.token1)
    if base_is_1:
        return result, took0, took1
    return result, took1, took0


@internal
def withdraw(place: Place, number: uint256, base: address, liquidity: uint256) -> (uint256, uint256):
    """
    @notice Take so much liquidity out, and fetch all fees; returns what came of the token and of base. Nothing comes of no
            position.
    """
    if number == 0:
        assert liquidity == 0, "uniswap_v3_lp: no position"
        return 0, 0
    before: uint256 = self.held(place, number)
    before0: uint256 = tokens.held(place.token0)
    before1: uint256 = tokens.held(place.token1)
    if liquidity != 0:
        self._decrease(place, number, liquidity)
    extcall Manager(place.manager).collect(
        CollectParams(number=number, recipient=self, most0=max_value(uint128), most1=max_value(uint128))
    )
    assert self.held(place, number) == before - liquidity, "uniswap_v3_lp: other liquidity left"
    came0: uint256 = tokens.held(place.token0) - before0
    came1: uint256 = tokens.held(place.token1) - before1
    if place.token1 == base:
        return came0, came1
    return came1, came0


@internal
def give(place: Place, number: uint256, liquidity: uint256, receiver: address):
    """
    @notice Take so much liquidity out and have what it consists of paid to a receiver. All fees stay where they are.
    """
    before: uint256 = self.held(place, number)
    came0: uint256 = 0
    came1: uint256 = 0
    came0, came1 = self._decrease(place, number, liquidity)
    if came0 | came1 != 0:
        extcall Manager(place.manager).collect(
            CollectParams(
                number=number,
                recipient=receiver,
                most0=convert(came0, uint128),
                most1=convert(came1, uint128),
            )
        )
    assert self.held(place, number) == before - liquidity, "uniswap_v3_lp: other liquidity left"


@internal
def _decrease(place: Place, number: uint256, liquidity: uint256) -> (uint256, uint256):
    """
    @notice Take so much liquidity out; returns what the manager then owes for it.
    """
    return extcall Manager(place.manager).decreaseLiquidity(
        DecreaseParams(
            number=number,
            liquidity=convert(liquidity, uint128),
            least0=0,
            least1=0,
            deadline=block.timestamp,
        )
    )
