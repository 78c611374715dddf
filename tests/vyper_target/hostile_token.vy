# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A token with every bad habit, one at a time
@dev `transferFrom` and `transfer` return what `answer` says: 0 nothing at all, 1 true, 2 false.
"""

interface Victim:
    def deposit(assets: uint256, receiver: address) -> uint256: nonpayable
    def totalAssets() -> uint256: view
    def balanceOf(owner: address) -> uint256: view

decimals: public(constant(uint8)) = 6

balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
answer: public(uint256)
fee: public(uint256)
victim: address
entry: uint256


@external
def set_habits(answer: uint256, fee: uint256):
    self.answer = answer
    self.fee = fee


@external
def attack(victim: address, entry: uint256):
    """
    @notice During the next transfers call the victim: 1 deposit, 2 totalAssets, 3 balanceOf.
    """
    self.victim = victim
    self.entry = entry


@external
def mint(receiver: address, amount: uint256):
    self.balanceOf[receiver] += amount


@external
def allow(owner: address, spender: address, amount: uint256):
    """
    @notice `approve` for tests, which decode answers by the book.
    """
    self.allowance[owner][spender] = amount


@external
@raw_return
def approve(spender: address, amount: uint256) -> Bytes[32]:
    self.allowance[msg.sender][spender] = amount
    return self._answer()


@external
@raw_return
def transfer(receiver: address, amount: uint256) -> Bytes[32]:
    self._move(msg.sender, receiver, amount)
    return self._answer()


@external
@raw_return
def transferFrom(owner: address, receiver: address, amount: uint256) -> Bytes[32]:
    self.allowance[owner][msg.sender] -= amount
    self._move(owner, receiver, amount)
    return self._answer()


@internal
def _move(owner: address, receiver: address, amount: uint256):
    if self.entry == 1:
        extcall Victim(self.victim).deposit(1, self)
    if self.entry == 2:
        assert staticcall Victim(self.victim).totalAssets() >= 0
    if self.entry == 3:
        assert staticcall Victim(self.victim).balanceOf(self) >= 0
    self.balanceOf[owner] -= amount
    self.balanceOf[receiver] += amount - self.fee


@internal
@view
def _answer() -> Bytes[32]:
    if self.answer == 0:
        return b""
    return abi_encode(self.answer == 1)
