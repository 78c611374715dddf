# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Modes of the vault
@notice OPEN (1): everything. FROZEN (2): no deposits, only rules that reduce risk. EXITED (4): all sold, redeem only.
"""

from . import roles

uses: roles

flag Mode:
    OPEN
    FROZEN
    EXITED

event ModeChanged:
    mode: Mode
    by: indexed(address)

mode: public(Mode)


@deploy
def __init__():
    self._set(Mode.OPEN)


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
    roles._only_owner()
    assert self.mode == Mode.FROZEN, "mode: not frozen"
    self._set(Mode.OPEN)


@internal
def _freeze():
    assert self.mode == Mode.OPEN, "mode: not open"
    self._set(Mode.FROZEN)


@internal
def _exit():
    self._set(Mode.EXITED)


@internal
@view
def _is_open() -> bool:
    return self.mode == Mode.OPEN


@internal
@view
def _is_exited() -> bool:
    return self.mode == Mode.EXITED


@internal
@view
def _only_open():
    assert self.mode == Mode.OPEN, "mode: not open"


@internal
@view
def _not_exited():
    assert self.mode != Mode.EXITED, "mode: exited"


@internal
def _set(mode: Mode):
    self.mode = mode
    log ModeChanged(mode=mode, by=msg.sender)
