# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Rounds
@notice A round begins when the vault is settled. What is withdrawn or deposited, where the strategy bounds that, is
        counted against the assets it began with.
"""

event RoundBegan:
    assets: uint256

round_assets: public(uint256) # total assets when the round began; zero before the first one
round_withdrawn: public(uint256) # paid out to users since then, where that is counted
round_deposited: public(uint256) # paid in by users since then, where that is counted


@internal
def _begin(assets: uint256):
    self.round_assets = assets
    self.round_withdrawn = 0
    log RoundBegan(assets=assets)


@internal
def _shrink(assets: uint256):
    """
    @dev Some have left with their part of everything: the round goes on as if it had begun without them.
    """
    self.round_assets = assets


@internal
def _count(assets: uint256):
    self.round_withdrawn += assets


@internal
def _count_deposit(assets: uint256):
    self.round_deposited += assets


@internal
def _forget_deposits():
    """
    @dev Beside `_begin`, where deposits are counted.
    """
    self.round_deposited = 0
