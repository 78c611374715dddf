# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows the venue adapters to the outside: one function for each of theirs, positions held by this contract
"""

from . import aave_v3
from . import erc4626
from . import morpho_blue
from . import tokens
from . import uniswap_v3


@external
@view
def aave_a_token(pool: address, asset: address) -> address:
    return aave_v3.a_token(pool, asset)


@external
@view
def aave_debt_token(pool: address, asset: address) -> address:
    return aave_v3.debt_token(pool, asset)


@external
@view
def aave_check_risk(pool: address, asset: address, ltv: uint256, threshold: uint256):
    aave_v3.check_risk(pool, asset, ltv, threshold)


@external
@view
def aave_check_not_isolated(pool: address, asset: address):
    aave_v3.check_not_isolated(pool, asset)


@external
@view
def aave_shortfall(pool: address, asset: address, ltv: uint256, threshold: uint256) -> uint256:
    return aave_v3.shortfall(pool, asset, ltv, threshold)


@external
@view
def aave_category_shortfall(
    pool: address, category: uint256, asset: address, ltv: uint256, threshold: uint256
) -> uint256:
    return aave_v3.category_shortfall(pool, category, asset, ltv, threshold)


@external
def aave_enter_category(pool: address, category: uint256):
    aave_v3.enter_category(pool, category)


@external
@view
def aave_check_category_risk(pool: address, category: uint256, asset: address, ltv: uint256, threshold: uint256):
    aave_v3.check_category_risk(pool, category, asset, ltv, threshold)


@external
@view
def aave_check_category_loan(pool: address, category: uint256, asset: address):
    aave_v3.check_category_loan(pool, category, asset)


@external
def aave_pledge(pool: address, asset: address, amount: uint256):
    aave_v3.pledge(pool, asset, amount)


@external
@view
def aave_held(position: address) -> uint256:
    return aave_v3.held(position)


@external
@view
def aave_liquidity(pool: address, asset: address, collateral: address) -> uint256:
    return aave_v3.liquidity(pool, asset, collateral)


@external
def aave_supply(pool: address, asset: address, amount: uint256):
    aave_v3.supply(pool, asset, amount)


@external
def aave_withdraw(pool: address, asset: address, amount: uint256):
    aave_v3.withdraw(pool, asset, amount)


@external
def aave_borrow(pool: address, asset: address, amount: uint256):
    aave_v3.borrow(pool, asset, amount)


@external
def aave_repay(pool: address, asset: address, amount: uint256):
    aave_v3.repay(pool, asset, amount)


@external
@view
def save_check_asset(venue: address, asset: address):
    erc4626.check_asset(venue, asset)


@external
@view
def save_held(venue: address) -> uint256:
    return erc4626.held(venue)


@external
@view
def save_liquidity(venue: address) -> uint256:
    return erc4626.liquidity(venue)


@external
def save_deposit(venue: address, asset: address, amount: uint256, rounding: uint256):
    erc4626.deposit(venue, asset, amount, rounding)


@external
def save_withdraw(venue: address, asset: address, amount: uint256):
    erc4626.withdraw(venue, asset, amount)


@external
@view
def dex_check_pool(router: address, fee: uint24, token_a: address, token_b: address):
    uniswap_v3.check_pool(router, fee, token_a, token_b)


@external
def dex_swap(
    router: address, fee: uint24, sold: address, bought: address, amount: uint256, minimum: uint256
) -> uint256:
    return uniswap_v3.swap(router, fee, sold, bought, amount, minimum)


@external
@pure
def blue_market_id(market: morpho_blue.MarketParams) -> bytes32:
    return morpho_blue.market_id(market)


@external
@view
def blue_check_market(morpho: address, id: bytes32):
    morpho_blue.check_market(morpho, id)


@external
@view
def blue_check_oracle(source: address, price: uint256, unit: uint256, loan_price: uint256, loan_unit: uint256):
    morpho_blue.check_oracle(source, price, unit, loan_price, loan_unit)


@external
@view
def blue_collateral(morpho: address, id: bytes32) -> uint256:
    return morpho_blue.collateral(morpho, id)


@external
@view
def blue_owed(morpho: address, id: bytes32, params: morpho_blue.MarketParams) -> uint256:
    return morpho_blue.owed(morpho, id, params)


@external
@view
def blue_lent(morpho: address, id: bytes32, params: morpho_blue.MarketParams) -> uint256:
    return morpho_blue.lent(morpho, id, params)


@external
@view
def blue_not_borrowed(morpho: address, id: bytes32) -> uint256:
    return morpho_blue.not_borrowed(morpho, id)


@external
def blue_supply(morpho: address, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.supply(morpho, params, amount)


@external
def blue_withdraw(morpho: address, id: bytes32, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.withdraw(morpho, id, params, amount)


@external
def blue_supply_collateral(morpho: address, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.supply_collateral(morpho, params, amount)


@external
def blue_withdraw_collateral(morpho: address, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.withdraw_collateral(morpho, params, amount)


@external
def blue_borrow(morpho: address, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.borrow(morpho, params, amount)


@external
def blue_repay(morpho: address, id: bytes32, params: morpho_blue.MarketParams, amount: uint256):
    morpho_blue.repay(morpho, id, params, amount)
