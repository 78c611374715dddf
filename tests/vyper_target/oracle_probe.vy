# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows `oracle` to the outside
"""

from . import oracle

initializes: oracle

FEED: immutable(oracle.Feed)


@deploy
def __init__(source: address, heartbeat: uint256, sequencer_feed: address):
    oracle.__init__(sequencer_feed)
    oracle.check_sequencer()
    FEED = oracle.connect(source, heartbeat)


@external
@view
def price() -> uint256:
    return oracle.price(FEED)


@external
@view
def usable() -> bool:
    return oracle.usable(FEED)


@external
@view
def age() -> uint256:
    return oracle.age(FEED)
