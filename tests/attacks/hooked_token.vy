# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A token with hooks
@notice Calls the intruder before and after balances move, and whenever a balance is read.
"""

interface Intruder:
    def called(): nonpayable
    def looked() -> bool: view

decimals: public(constant(uint8)) = 6
INTRUDER: immutable(address)
balances: HashMap[address, uint256]
allowance: public(HashMap[address, HashMap[address, uint256]])
after: bool


@deploy
def __init__(intruder: address):
    INTRUDER = intruder


@external
def call_after(after: bool):
    """
    @notice Call once balances have moved, instead of before.
    """
    self.after = after


@external
@view
def balanceOf(owner: address) -> uint256:
    assert staticcall Intruder(INTRUDER).looked()
    return self.balances[owner]


@external
def mint(receiver: address, amount: uint256):
    self.balances[receiver] += amount


@external
def approve(spender: address, amount: uint256) -> bool:
    self.allowance[msg.sender][spender] = amount
    return True


@external
def transfer(receiver: address, amount: uint256) -> bool:
    self._move(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, receiver, amount)
    return True


@internal
def _move(owner: address, receiver: address, amount: uint256):
    if not self.after:
        extcall Intruder(INTRUDER).called()
    self.balances[owner] -= amount
    self.balances[receiver] += amount
    if self.after:
        extcall Intruder(INTRUDER).called()
