# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows the adapter of Perp v2 to the outside: one function for each of its, the account is this contract's
"""

from . import perp_v2


@external
@view
def perp_check_market(house: address, base: address, token: address, price: uint256):
    perp_v2.check_market(perp_v2.market(house, base), token, price)


@external
@view
def perp_check_terms(house: address, base: address, initial: uint256, maintenance: uint256, penalty: uint256):
    perp_v2.check_terms(perp_v2.market(house, base), initial, maintenance, penalty)


@external
@view
def perp_shortfall(house: address, base: address, initial: uint256, maintenance: uint256, penalty: uint256) -> uint256:
    return perp_v2.shortfall(perp_v2.market(house, base), initial, maintenance, penalty)


@external
@view
def perp_short(house: address, base: address) -> uint256:
    return perp_v2.short(perp_v2.market(house, base))


@external
@view
def perp_cash(house: address, base: address) -> uint256:
    return perp_v2.cash(perp_v2.market(house, base))


@external
@view
def perp_realized(house: address, base: address, token: address) -> uint256:
    return perp_v2.realized(perp_v2.market(house, base), token)


@external
def perp_deposit(house: address, base: address, token: address, amount: uint256):
    perp_v2.deposit(perp_v2.market(house, base), token, amount)


@external
def perp_withdraw(house: address, base: address, token: address, amount: uint256):
    perp_v2.withdraw(perp_v2.market(house, base), token, amount)


@external
def perp_sell(house: address, base: address, amount: uint256, least: uint256):
    perp_v2.sell(perp_v2.market(house, base), amount, least)


@external
def perp_buy(house: address, base: address, amount: uint256, most: uint256):
    perp_v2.buy(perp_v2.market(house, base), amount, most)
