# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title An ERC-4626 venue with hooks
@notice A share is an asset. Calls the intruder before and after it takes or pays, and whenever it is asked for a value.
"""

from ethereum.ercs import IERC20

interface Intruder:
    def called(): nonpayable
    def looked() -> bool: view

asset: public(immutable(address))
INTRUDER: immutable(address)
shares: HashMap[address, uint256]
after: bool


@deploy
def __init__(intruder: address, _asset: address):
    INTRUDER = intruder
    asset = _asset


@external
def call_after(after: bool):
    self.after = after


@external
@view
def balanceOf(owner: address) -> uint256:
    assert staticcall Intruder(INTRUDER).looked()
    return self.shares[owner]


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    assert staticcall Intruder(INTRUDER).looked()
    return shares


@external
@view
def maxWithdraw(owner: address) -> uint256:
    assert staticcall Intruder(INTRUDER).looked()
    return self.shares[owner]


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    if not self.after:
        extcall Intruder(INTRUDER).called()
    extcall IERC20(asset).transferFrom(msg.sender, self, assets)
    self.shares[receiver] += assets
    if self.after:
        extcall Intruder(INTRUDER).called()
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    if not self.after:
        extcall Intruder(INTRUDER).called()
    self.shares[owner] -= assets
    extcall IERC20(asset).transfer(receiver, assets)
    if self.after:
        extcall Intruder(INTRUDER).called()
    return assets
