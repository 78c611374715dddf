# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A deposit that takes everything, and burns all gas when it is to give back
@notice A share is an asset. Its shares can still be handed to somebody else.
"""

from ethereum.ercs import IERC20

asset: public(immutable(address))
balanceOf: public(HashMap[address, uint256])


@deploy
def __init__(_asset: address):
    asset = _asset


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
    self.balanceOf[receiver] += assets
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    assert assets == 0, UNREACHABLE # the INVALID instruction, which leaves nothing of the gas
    return 0


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self.balanceOf[msg.sender] -= amount
    self.balanceOf[receiver] += amount
    return True
