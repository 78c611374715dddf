# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Modes of the vault
@notice OPEN (0): everything. FROZEN (1): no deposits, only rules that reduce risk. EXITED (2): all sold, redeem only.
        STUCK (3): sold but for what some venue keeps, of which nobody is to give up a part unasked: redeem in kind only.
"""

from . import roles

uses: roles

OPEN: constant(uint256) = 0
FROZEN: constant(uint256) = 1
EXITED: constant(uint256) = 2
STUCK: constant(uint256) = 3

event ModeChanged:
    mode: uint256
    by: indexed(address)

mode: public(uint256)


@external
def freeze():
    """
    @notice Stop deposits and risk, at once. Guardian or owner.
    """
    roles._only_guardian()
    self._freeze()


@external
def unfreeze():
    """
    @notice Open a frozen vault again. Owner only.
    """
    roles._only_owner(method_id("unfreeze()", output_type=Bytes[4]))
    assert self.mode == FROZEN, "mode: not frozen"
    self._set(OPEN)


@internal
def _freeze():
    assert self.mode == OPEN, "mode: not open"
    self._set(FROZEN)


@internal
def _exit(everything: bool):
    """
    @dev For good, where everything is sold: what comes in later is a gift to the holders.
    """
    if self.mode != EXITED:
        self._set(EXITED if everything else STUCK)


@internal
@view
def _is_open() -> bool:
    return self.mode == OPEN


@internal
@view
def _is_exited() -> bool:
    return self.mode >= EXITED


@internal
@view
def _is_stuck() -> bool:
    return self.mode == STUCK


@internal
@view
def _only_open():
    assert self.mode == OPEN, "mode: not open"


@internal
@view
def _not_exited():
    assert self.mode < EXITED, "mode: exited"


@internal
def _set(mode: uint256):
    self.mode = mode
    log ModeChanged(mode=mode, by=msg.sender)
