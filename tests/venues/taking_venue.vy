# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title An ERC-4626 venue of the kind that an adapter must not trust: it keeps a part of what goes in and out
"""

from ethereum.ercs import IERC20

asset: public(immutable(address))
entry_fee: public(uint256) # in millionths
exit_shortfall: public(uint256) # in units
balanceOf: public(HashMap[address, uint256])


@deploy
def __init__(_asset: address):
    asset = _asset


@external
def take(entry_fee: uint256, exit_shortfall: uint256):
    self.entry_fee = entry_fee
    self.exit_shortfall = exit_shortfall


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    return shares


@external
@view
def maxWithdraw(owner: address) -> uint256:
    return self.balanceOf[owner]


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    extcall IERC20(asset).transferFrom(msg.sender, self, assets)
    shares: uint256 = assets - assets * self.entry_fee // 10**6
    self.balanceOf[receiver] += shares
    return shares


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    self.balanceOf[owner] -= assets
    extcall IERC20(asset).transfer(receiver, assets - self.exit_shortfall)
    return assets
