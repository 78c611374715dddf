# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title ERC-20 calls
@notice Moves tokens that return true, and tokens that return nothing; a token that returns false reverts.
"""

from ethereum.ercs import IERC20


@internal
@view
def held(token: address) -> uint256:
    """
    @notice What this contract holds.
    """
    return staticcall IERC20(token).balanceOf(self)


@internal
def pull(token: address, sender: address, amount: uint256):
    """
    @notice Take exactly `amount` from `sender`, who has approved it. Tokens that keep a fee are refused.
    """
    before: uint256 = self.held(token)
    self.take(token, sender, amount)
    assert self.held(token) == before + amount, "tokens: fee on transfer"


@internal
def take(token: address, sender: address, amount: uint256):
    """
    @notice The same for callers who look themselves at what has come.
    """
    assert extcall IERC20(token).transferFrom(sender, self, amount, default_return_value=True), "tokens: not taken"


@internal
def push(token: address, receiver: address, amount: uint256):
    """
    @notice Pay out.
    """
    assert extcall IERC20(token).transfer(receiver, amount, default_return_value=True), "tokens: not paid"


@internal
def allow(token: address, spender: address, amount: uint256):
    """
    @notice Let `spender` take exactly what the next call needs.
    """
    assert extcall IERC20(token).approve(spender, amount, default_return_value=True), "tokens: not approved"
