# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A borrower by the Morpho Blue adapter
@notice Gives every flash loan back, and remembers what it was asked for.
"""

from . import morpho_blue
from . import tokens

token: address
amount: public(uint256)
held: public(uint256)
lender: public(address)


@external
def ask(morpho: address, asset: address, amount: uint256):
    self.token = asset
    morpho_blue.flash_loan(morpho, asset, amount)


@external
def onMorphoFlashLoan(assets: uint256, data: Bytes[1]):
    self.amount = assets
    self.held = tokens.held(self.token)
    self.lender = msg.sender
    tokens.allow(self.token, msg.sender, assets)
