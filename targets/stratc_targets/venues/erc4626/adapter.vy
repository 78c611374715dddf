# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title ERC-4626 adapter
@notice A deposit in another vault, worth what its shares convert to, rounded down.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC4626
from . import tokens

interface Ours:
    def ACTIONS() -> address: view


LARGEST_SHARE: constant(uint256) = 100_000 # one share is worth at most this part of the position


@internal
@view
def check_asset(venue: address, asset: address):
    """
    @notice Reverts unless the venue's asset is this one.
    """
    assert staticcall IERC4626(venue).asset() == asset, "erc4626: asset differs"


@internal
@view
def actions_of(venue: address) -> address:
    """
    @notice Where the actions of a vault of ours are.
    """
    return staticcall Ours(venue).ACTIONS()


@internal
@view
def held(venue: address) -> uint256:
    """
    @notice What this contract's shares are worth in the asset.
    """
    return staticcall IERC4626(venue).convertToAssets(staticcall IERC20(venue).balanceOf(self))


@internal
@view
def liquidity(venue: address) -> uint256:
    """
    @notice What the venue would pay out to this contract now.
    """
    return staticcall IERC4626(venue).maxWithdraw(self)


@internal
def deposit(venue: address, asset: address, amount: uint256, rounding: uint256):
    """
    @notice Deposit. Reverts where the position grows by less than `amount`, but for `rounding` units and one share:
            a venue that charges for entry, or whose shares were inflated until one is worth a real part of the
            position.
    """
    before: uint256 = self.held(venue)
    tokens.allow(asset, venue, amount)
    extcall IERC4626(venue).deposit(amount, self)
    # Shares are whole: what does not fill one more share is lost to rounding, as the scale assumption allows.
    share: uint256 = min(staticcall IERC4626(venue).convertToAssets(1), (before + amount) // LARGEST_SHARE)
    assert self.held(venue) + rounding + 1 + share >= before + amount, "erc4626: deposit lost value"


@internal
def withdraw(venue: address, asset: address, amount: uint256):
    """
    @notice Withdraw exactly `amount`. Reverts where the venue pays less.
    """
    before: uint256 = tokens.held(asset)
    extcall IERC4626(venue).withdraw(amount, self, self)
    assert tokens.held(asset) >= before + amount, "erc4626: paid less"
