# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title An ERC-4626 venue, as far as a deployment asks: who leaves, or comes, is charged a part
"""

asset: public(immutable(address))
leaving: immutable(uint256) # basis points
coming: immutable(uint256)


@deploy
def __init__(_asset: address, _leaving: uint256, _coming: uint256):
    asset = _asset
    leaving = _leaving
    coming = _coming


@external
@view
def convertToAssets(shares: uint256) -> uint256:
    return shares // 10**12


@external
@view
def previewRedeem(shares: uint256) -> uint256:
    return shares // 10**12 * (10_000 - leaving) // 10_000


@external
@view
def convertToShares(assets: uint256) -> uint256:
    return assets * 10**12


@external
@view
def previewDeposit(assets: uint256) -> uint256:
    return assets * 10**12 * (10_000 - coming) // 10_000
