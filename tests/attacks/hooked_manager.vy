# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title A position manager with hooks
@notice Keeps positions at the real manager, in its own name, and calls the intruder before or after it does so. It can be
        stopped: then it answers nothing at all.
"""

from ethereum.ercs import IERC20

struct MintParams:
    token0: address
    token1: address
    fee: uint24
    lower: int24
    upper: int24
    desired0: uint256
    desired1: uint256
    least0: uint256
    least1: uint256
    recipient: address
    deadline: uint256

struct IncreaseParams:
    number: uint256
    desired0: uint256
    desired1: uint256
    least0: uint256
    least1: uint256
    deadline: uint256

struct DecreaseParams:
    number: uint256
    liquidity: uint128
    least0: uint256
    least1: uint256
    deadline: uint256

struct CollectParams:
    number: uint256
    recipient: address
    most0: uint128
    most1: uint128

struct Position:
    nonce: uint96
    operator: address
    token0: address
    token1: address
    fee: uint24
    lower: int24
    upper: int24
    liquidity: uint128
    inside0: uint256
    inside1: uint256
    owed0: uint128
    owed1: uint128

interface Manager:
    def factory() -> address: view
    def positions(number: uint256) -> Position: view
    def mint(params: MintParams) -> (uint256, uint128, uint256, uint256): nonpayable
    def increaseLiquidity(params: IncreaseParams) -> (uint128, uint256, uint256): nonpayable
    def decreaseLiquidity(params: DecreaseParams) -> (uint256, uint256): nonpayable
    def collect(params: CollectParams) -> (uint256, uint256): nonpayable

interface Intruder:
    def called(): nonpayable
    def looked() -> bool: view

INTRUDER: immutable(address)
MANAGER: immutable(address)
tokens: address[2]
after: bool
stopped: bool


@deploy
def __init__(intruder: address, manager: address):
    INTRUDER = intruder
    MANAGER = manager


@external
def call_after(after: bool):
    self.after = after


@external
def stop(stopped: bool):
    self.stopped = stopped


@internal
def _hook(after: bool):
    assert not self.stopped
    if self.after == after:
        extcall Intruder(INTRUDER).called()


@external
@view
def factory() -> address:
    return staticcall Manager(MANAGER).factory()


@external
@view
def positions(number: uint256) -> Position:
    assert not self.stopped
    assert staticcall Intruder(INTRUDER).looked()
    return staticcall Manager(MANAGER).positions(number)


@external
def mint(params: MintParams) -> (uint256, uint128, uint256, uint256):
    self._hook(False)
    self.tokens = [params.token0, params.token1]
    self._pull(params.desired0, params.desired1)
    mine: MintParams = params
    mine.recipient = self
    made: (uint256, uint128, uint256, uint256) = extcall Manager(MANAGER).mint(mine)
    self._give_back()
    self._hook(True)
    return made


@external
def increaseLiquidity(params: IncreaseParams) -> (uint128, uint256, uint256):
    self._hook(False)
    self._pull(params.desired0, params.desired1)
    added: (uint128, uint256, uint256) = extcall Manager(MANAGER).increaseLiquidity(params)
    self._give_back()
    self._hook(True)
    return added


@external
def decreaseLiquidity(params: DecreaseParams) -> (uint256, uint256):
    self._hook(False)
    owed: (uint256, uint256) = extcall Manager(MANAGER).decreaseLiquidity(params)
    self._hook(True)
    return owed


@external
def collect(params: CollectParams) -> (uint256, uint256):
    self._hook(False)
    paid: (uint256, uint256) = extcall Manager(MANAGER).collect(params)
    self._hook(True)
    return paid


@internal
def _pull(desired0: uint256, desired1: uint256):
    amounts: uint256[2] = [desired0, desired1]
    for side: uint256 in range(2):
        extcall IERC20(self.tokens[side]).transferFrom(msg.sender, self, amounts[side])
        extcall IERC20(self.tokens[side]).approve(MANAGER, amounts[side])


@internal
def _give_back():
    for token: address in self.tokens:
        extcall IERC20(token).transfer(msg.sender, staticcall IERC20(token).balanceOf(self))
