# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Fees
@notice When fees were last charged, up to which share price, and whom they are minted to. Nobody can change the latter.
"""

event FeesMinted:
    recipient: indexed(address)
    shares: uint256

event MarkRaised:
    high_water_mark: uint256

fee_recipient: public(immutable(address))

charged_at: public(uint256) # when the management fee was last charged
high_water_mark: public(uint256) # the highest share price charged so far, as 10^18 times the first one, rounded up


@deploy
def __init__(_recipient: address):
    fee_recipient = _recipient


@internal
def _start(first_mark: uint256):
    """
    @dev Once, by the constructor of the contract in whose storage fees are counted.
    """
    assert fee_recipient != empty(address), "fees: no recipient"
    self.charged_at = block.timestamp
    self.high_water_mark = first_mark


@internal
@view
def _elapsed() -> uint256:
    return unsafe_sub(block.timestamp, self.charged_at)


@internal
def _count_time():
    self.charged_at = block.timestamp


@internal
def _raise_mark(reached: uint256):
    if reached != self.high_water_mark:
        self.high_water_mark = reached
        log MarkRaised(high_water_mark=reached)


@internal
def _log_minted(shares: uint256):
    log FeesMinted(recipient=fee_recipient, shares=shares)
