# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A borrower by the Aave v3 adapter
@notice Gives every flash loan back, and remembers what it was asked for.
"""

from . import aave_v3
from . import tokens

amount: public(uint256)
premium: public(uint256)


@external
@view
def check_flash_premium(pool: address, most: uint256):
    aave_v3.check_flash_premium(pool, most)


@external
def ask(pool: address, asset: address, amount: uint256):
    aave_v3.flash_loan(pool, asset, amount)


@external
def executeOperation(
    asset: address, amount: uint256, premium: uint256, initiator: address, params: Bytes[1]
) -> bool:
    assert initiator == self
    assert tokens.held(asset) >= amount
    self.amount = amount
    self.premium = premium
    tokens.allow(asset, msg.sender, amount + premium)
    return True
