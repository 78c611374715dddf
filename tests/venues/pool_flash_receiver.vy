# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A borrower by the Uniswap v3 adapter
@notice Gives every flash loan back, short by so much, and remembers what it was asked for. Trades with it before, where
        told to.
"""

from . import tokens
from . import uniswap_v3

token: address
amount: uint256
short: uint256
router: address
fee: uint24
bought: address
premium: public(uint256)
held: public(uint256)
lender: public(address)


@external
@view
def pool(router: address, fee: uint24, token_a: address, token_b: address) -> address:
    return uniswap_v3.pool(router, fee, token_a, token_b)


@external
def trade(router: address, fee: uint24, bought: address):
    self.router = router
    self.fee = fee
    self.bought = bought


@external
def ask(pool: address, token: address, amount: uint256, short: uint256):
    self.token = token
    self.amount = amount
    self.short = short
    uniswap_v3.flash_loan(pool, token, amount)


@external
def uniswapV3FlashCallback(fee0: uint256, fee1: uint256, data: Bytes[1]):
    self.premium = fee0 + fee1
    self.held = tokens.held(self.token)
    self.lender = msg.sender
    if self.router != empty(address):
        uniswap_v3.swap(self.router, self.fee, self.token, self.bought, self.amount // 2, 0)
    tokens.push(self.token, msg.sender, self.amount + fee0 + fee1 - self.short)
