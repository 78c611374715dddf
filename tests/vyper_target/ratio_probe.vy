# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Shows to the outside what `oracle` makes of a price that is told in another token
"""

from . import oracle

initializes: oracle

FEED: immutable(oracle.Feed)
OTHER: immutable(oracle.Feed)


@deploy
def __init__(source: address, other: address, heartbeat: uint256, sequencer_feed: address):
    oracle.__init__(sequencer_feed)
    oracle.check_sequencer()
    FEED = oracle.connect(source, heartbeat)
    OTHER = oracle.connect(other, heartbeat)


@external
@view
def price() -> uint256:
    return oracle.price_in(FEED, oracle.price_of(OTHER))


@external
@view
def price_or_none() -> uint256:
    return oracle.price_in_or_none(FEED, oracle.price_or_none(OTHER))
