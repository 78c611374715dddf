# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows the adapter of ranges, and the arithmetic below it, to the outside: one position of this contract
"""

from . import ranges
from . import uniswap_v3_lp

place: public(uniswap_v3_lp.Place)
lower: int24
upper: int24
number: public(uint256)


@external
def lay(manager: address, token_a: address, token_b: address, fee: uint24, lower: int24, upper: int24):
    self.place = uniswap_v3_lp.locate(manager, token_a, token_b, fee)
    self.lower = lower
    self.upper = upper


@external
@view
def around(
    manager: address,
    token: address,
    base: address,
    fee: uint24,
    worth_token: uint256,
    worth_base: uint256,
    below: uniswap_v3_lp.Share,
    above: uniswap_v3_lp.Share,
) -> uniswap_v3_lp.Ends:
    place: uniswap_v3_lp.Place = uniswap_v3_lp.locate(manager, token, base, fee)
    return uniswap_v3_lp.around(place, base, worth_token, worth_base, below, above)


@external
@view
def held() -> uint256:
    return uniswap_v3_lp.held(self.place, self.number)


@external
@view
def check_near(base: address, worth_token: uint256, worth_base: uint256, millionths: uint256):
    uniswap_v3_lp.check_near(self.place, base, worth_token, worth_base, millionths)


@external
def provide(most0: uint256, most1: uint256) -> (uint256, uint256):
    took0: uint256 = 0
    took1: uint256 = 0
    self.number, took0, took1 = uniswap_v3_lp.provide(
        self.place, self.lower, self.upper, self.number, self.place.token1, most0, most1
    )
    return took0, took1


@external
def withdraw(liquidity: uint256) -> (uint256, uint256):
    return uniswap_v3_lp.withdraw(self.place, self.number, self.place.token1, liquidity)


@external
def give(liquidity: uint256, receiver: address):
    uniswap_v3_lp.give(self.place, self.number, liquidity, receiver)


@external
@pure
def root_at_tick(tick: int256) -> uint256:
    return ranges.root_at_tick(tick)


@external
@pure
def tick_at_root(root: uint256) -> int256:
    return ranges.tick_at_root(root)


@external
@pure
def outward(low: uint256, high: uint256, spacing: int256) -> (int256, int256):
    return ranges.outward(low, high, spacing)


@external
@pure
def root_of_price(worth0: uint256, worth1: uint256) -> uint256:
    return ranges.root_of_price(worth0, worth1)


@external
@pure
def is_near(root: uint256, of: uint256, millionths: uint256) -> bool:
    return ranges.is_near(root, of, millionths)
