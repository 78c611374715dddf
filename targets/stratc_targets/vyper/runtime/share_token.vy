# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title The vault's shares
@notice An ERC-20 token with 18 decimals. Only the vault mints and burns.
"""

from ethereum.ercs import IERC20

implements: IERC20

event Transfer:
    sender: indexed(address)
    receiver: indexed(address)
    value: uint256

event Approval:
    owner: indexed(address)
    spender: indexed(address)
    value: uint256

name: public(immutable(String[64]))
symbol: public(immutable(String[64]))
decimals: public(constant(uint8)) = 18

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(_name: String[64], _symbol: String[64]):
    name = _name
    symbol = _symbol


@external
def transfer(receiver: address, amount: uint256) -> bool:
    """
    @notice Move shares of the caller.
    """
    self._transfer(msg.sender, receiver, amount)
    return True


@external
def transferFrom(owner: address, receiver: address, amount: uint256) -> bool:
    """
    @notice Move shares that the owner has allowed the caller to move.
    """
    self._spend_allowance(owner, msg.sender, amount)
    self._transfer(owner, receiver, amount)
    return True


@external
def approve(spender: address, amount: uint256) -> bool:
    """
    @notice Let `spender` move up to `amount` shares of the caller; the largest number is without limit.
    """
    self.allowance[msg.sender][spender] = amount
    log Approval(owner=msg.sender, spender=spender, value=amount)
    return True


@internal
def _transfer(sender: address, receiver: address, amount: uint256):
    assert receiver != empty(address), "shares: no receiver"
    assert self.balanceOf[sender] >= amount, "shares: balance too low"
    self.balanceOf[sender] = unsafe_sub(self.balanceOf[sender], amount)
    self.balanceOf[receiver] += amount
    log Transfer(sender=sender, receiver=receiver, value=amount)


@internal
def _spend_allowance(owner: address, spender: address, amount: uint256):
    allowed: uint256 = self.allowance[owner][spender]
    assert allowed >= amount, "shares: allowance too low"
    if allowed != max_value(uint256):
        self.allowance[owner][spender] = unsafe_sub(allowed, amount)


@internal
def _mint(receiver: address, amount: uint256):
    assert receiver != empty(address), "shares: no receiver"
    self.totalSupply += amount
    self.balanceOf[receiver] += amount
    log Transfer(sender=empty(address), receiver=receiver, value=amount)


@internal
def _burn(owner: address, amount: uint256):
    assert self.balanceOf[owner] >= amount, "shares: balance too low"
    self.balanceOf[owner] = unsafe_sub(self.balanceOf[owner], amount)
    self.totalSupply = unsafe_sub(self.totalSupply, amount)
    log Transfer(sender=owner, receiver=empty(address), value=amount)
