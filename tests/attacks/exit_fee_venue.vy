# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title An ERC-4626 venue that comes to charge for leaving
@notice A share is an asset. It pays what it is asked for, and takes more shares for it than that.
"""

from ethereum.ercs import IERC20

asset: public(immutable(address))
balanceOf: public(HashMap[address, uint256])
fee: uint256 # millionths of what is withdrawn


@deploy
def __init__(_asset: address):
    asset = _asset


@external
def charge(millionths: uint256):
    self.fee = millionths


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    return shares


@external
@view
def maxWithdraw(owner: address) -> uint256:
    return self.balanceOf[owner] * 10**6 // (10**6 + self.fee)


@external
def deposit(assets: uint256, receiver: address) -> uint256:
    extcall IERC20(asset).transferFrom(msg.sender, self, assets)
    self.balanceOf[receiver] += assets
    return assets


@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    shares: uint256 = assets + assets * self.fee // 10**6
    self.balanceOf[owner] -= shares
    extcall IERC20(asset).transfer(receiver, assets)
    return shares
