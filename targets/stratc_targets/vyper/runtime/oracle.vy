# pragma version 0.4.3
# SPDX-License-Identifier: Apache-2.0
"""
@title Chainlink prices
@notice Reads a feed strictly (a price or a revert with its reason) or asks whether it could be read. On a chain with a
        sequencer no price is good while that is down, or has just come back: feeds may still tell of before.
@dev Prices are in 10^-18 USD per whole token; where a feed tells a token in another one, the price is the product,
     rounded down. A round's `answeredInRound` is not looked at: Chainlink has deprecated it
     and promises nothing of it. An answer that was carried over is as old as its `updatedAt`, which is.
"""

interface Aggregator:
    def decimals() -> uint8: view

struct Feed:
    source: address
    unit: uint256 # what the feed calls 1: 10 to the power of its decimals
    heartbeat: uint256 # seconds that the strategy says an answer is good for

# Seconds granted on top of the heartbeat for an update to land on chain: the strategy's number is taken at its word.
GRACE: constant(uint256) = 0

# No price comes near 2^128 units of a feed; the bound keeps the scaling from overflowing.
LARGEST_ANSWER: constant(int256) = 2**128

# What a price that is told in another token is a product of is below this, so that no product overflows.
TOO_LARGE_A_FACTOR: constant(uint256) = 2**128

# Where a round's data has its times, in bytes.
STARTED_AT: constant(uint256) = 64
UPDATED_AT: constant(uint256) = 96

# Seconds for which a sequencer must have been up: as Chainlink's own example has it.
SEQUENCER_GRACE: constant(uint256) = 3_600

SEQUENCER_FEED: public(immutable(address)) # Chainlink's uptime feed of the sequencer; zero on a chain without one


@deploy
def __init__(sequencer_feed: address):
    SEQUENCER_FEED = sequencer_feed


@internal
@view
def check_sequencer():
    """
    @notice Reverts where a sequencer's feed is named that does not answer as one: 0 is up, 1 is down.
    """
    if SEQUENCER_FEED != empty(address):
        answer: int256 = 0
        since: uint256 = 0
        answer, since = self._latest(SEQUENCER_FEED, STARTED_AT)
        assert since != 0 and (answer == 0 or answer == 1), "oracle: no sequencer feed"


@internal
@view
def connect(source: address, heartbeat: uint256) -> Feed:
    """
    @notice The feed at an address. Reverts where none answers there.
    """
    decimals: uint256 = convert(staticcall Aggregator(source).decimals(), uint256)
    assert decimals <= 36, "oracle: decimals of the feed"
    feed: Feed = Feed(source=source, unit=10**decimals, heartbeat=heartbeat)
    assert self._latest(source, UPDATED_AT)[1] != 0, "oracle: no answer"
    return feed


@internal
@view
def sequencer_is_up() -> bool:
    """
    @notice Whether the chain's sequencer has been up for longer than the grace period, or there is none. Never reverts.
    """
    if SEQUENCER_FEED == empty(address):
        return True
    answer: int256 = 0
    since: uint256 = 0
    answer, since = self._latest(SEQUENCER_FEED, STARTED_AT)
    # Nothing is 0 as well where a feed does not answer, or has not been told anything yet.
    return answer == 0 and since != 0 and since < block.timestamp and block.timestamp - since > SEQUENCER_GRACE


@internal
@view
def only_while_up():
    """
    @notice Reverts while the sequencer is not known to be up, and for the grace period after.
    """
    assert self.sequencer_is_up(), "oracle: sequencer not up for an hour"


@internal
@view
def price(feed: Feed) -> uint256:
    """
    @notice The price now. Reverts where it is not `usable`.
    """
    self.only_while_up()
    return self.price_of(feed)


@internal
@view
def price_of(feed: Feed) -> uint256:
    """
    @notice The price now, for those who have asked for the sequencer. Reverts where it is missing, not positive, from
            the future or older than its heartbeat.
    """
    answer: int256 = 0
    updated_at: uint256 = 0
    answer, updated_at = self._latest(feed.source, UPDATED_AT)
    assert updated_at != 0, "oracle: no answer"
    assert updated_at <= block.timestamp, "oracle: answer from the future"
    assert unsafe_sub(block.timestamp, updated_at) <= feed.heartbeat + GRACE, "oracle: stale price"
    assert 0 < answer and answer <= LARGEST_ANSWER, "oracle: price out of range"
    scaled: uint256 = self._scaled(answer, feed.unit)
    assert scaled != 0, "oracle: price out of range"
    return scaled


@internal
@view
def price_in(feed: Feed, other: uint256) -> uint256:
    """
    @notice The price where the feed tells whole tokens of another one, whose price is given. Reverts as `price_of` does.
    """
    told: uint256 = self._product(self.price_of(feed), other)
    assert told != 0, "oracle: price out of range"
    return told


@internal
@view
def usable(feed: Feed) -> bool:
    """
    @notice Whether `price` would answer. Never reverts.
    """
    return self.sequencer_is_up() and self.price_or_none(feed) != 0


@internal
@view
def price_in_or_none(feed: Feed, other: uint256) -> uint256:
    """
    @notice What `price_in` would answer, or zero where it would revert, or the other price is none. Never reverts.
    """
    return self._product(self.price_or_none(feed), other)


@internal
@view
def price_or_none(feed: Feed) -> uint256:
    """
    @notice What `price_of` would answer, or zero where it would revert. Never reverts.
    """
    answer: int256 = 0
    updated_at: uint256 = 0
    answer, updated_at = self._latest(feed.source, UPDATED_AT)
    if updated_at == 0 or updated_at > block.timestamp or block.timestamp - updated_at > feed.heartbeat + GRACE:
        return 0
    if answer <= 0 or answer > LARGEST_ANSWER:
        return 0
    return self._scaled(answer, feed.unit)


@internal
@pure
def _product(told: uint256, other: uint256) -> uint256:
    """
    @dev Zero where a factor is out of range.
    """
    if told >= TOO_LARGE_A_FACTOR or other >= TOO_LARGE_A_FACTOR:
        return 0
    return told * other // 10 ** 18


@internal
@view
def age(feed: Feed) -> uint256:
    """
    @notice Seconds since the last answer; the largest number where there is none, or it is from the future.
    """
    updated_at: uint256 = self._latest(feed.source, UPDATED_AT)[1]
    if updated_at == 0 or updated_at > block.timestamp:
        return max_value(uint256)
    return block.timestamp - updated_at


@internal
@view
def _latest(source: address, time: uint256) -> (int256, uint256):
    """
    @dev The answer, and the time that stands at that place of the round's data; zeros where there is none.
    """
    # A raw call, since a feed that reverts must read as "no answer" to those who only ask.
    answered: bool = False
    data: Bytes[160] = b""
    answered, data = raw_call(
        source,
        method_id("latestRoundData()"),
        max_outsize=160,
        is_static_call=True,
        revert_on_failure=False,
    )
    if not answered or len(data) < 160:
        return 0, 0
    return extract32(data, 32, output_type=int256), extract32(data, time, output_type=uint256)


@internal
@pure
def _scaled(answer: int256, unit: uint256) -> uint256:
    """
    @dev Of an answer that is in range, rounded down: below 2^188 before it is divided.
    """
    return unsafe_div(unsafe_mul(convert(answer, uint256), 10**18), unit)
