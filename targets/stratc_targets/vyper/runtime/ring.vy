# pragma version 0.4.3
# pragma nonreentrancy on
# SPDX-License-Identifier: Apache-2.0
"""
@title Rings of price observations
@notice What a price has moved by within a window: the sum of its squared moves from one observation to the next, of those
        that ended inside the window, and the move since the last observation. An observation changes nothing at the
        moment at which it is made: the move that it ends counted before.
@dev Observations are at least `gap` seconds apart, and a ring has room for as many moves as can so end inside a window: what
     is overwritten has left it. Prices are in 10^-18 USD per whole token, squared moves in 10^-36, rounded up.
"""

from . import arith

struct Ring:
    price: uint256 # at the last observation; zero before the first
    time: uint256 # of the last observation
    moves: uint256 # that were noted so far; they are numbered from zero
    oldest: uint256 # the first one that is in `variance`
    variance: uint256 # squared moves from `oldest` on, in all

# No move counts for more than a billionfold one, so that a square has room in a word beside its time, and no sum is too
# large.
LARGEST_MOVE: constant(uint256) = 10**27

TIME: constant(uint256) = 192 # a word of `moves` is the time at which the move ended times two to this, and its square

# No ring is longer: the compiler sees to that.
LONGEST: constant(uint256) = 192

rings: public(HashMap[uint256, Ring])
moves: public(HashMap[uint256, HashMap[uint256, uint256]]) # by ring and place in it


@internal
@view
def due(number: uint256, gap: uint256) -> bool:
    """
    @notice Whether an observation may be made.
    """
    return self.rings[number].price == 0 or block.timestamp >= self.rings[number].time + gap


@internal
def _observe(number: uint256, price: uint256, gap: uint256, window: uint256, length: uint256) -> bool:
    """
    @notice Note the price, if that is due; whether it was.
    """
    if not self.due(number, gap):
        return False
    ring: Ring = self.rings[number]
    if ring.price != 0:
        ring = self._inside(number, window, length)
        squared: uint256 = self._squared(ring.price, price)
        self.moves[number][ring.moves % length] = (block.timestamp << TIME) | squared
        ring.moves += 1
        ring.variance += squared
    ring.price = price
    ring.time = block.timestamp
    self.rings[number] = ring
    return True


@internal
@view
def variance(number: uint256, price: uint256, window: uint256, length: uint256) -> uint256:
    """
    @notice The sum of squared moves within the window, the one to the given price among them.
    """
    ring: Ring = self._inside(number, window, length)
    return 0 if ring.price == 0 else ring.variance + self._squared(ring.price, price)


@internal
@view
def _inside(number: uint256, window: uint256, length: uint256) -> Ring:
    """
    @dev The ring without those moves that have left the window since.
    """
    ring: Ring = self.rings[number]
    for _: uint256 in range(LONGEST):
        if ring.oldest == ring.moves:
            break
        oldest: uint256 = self.moves[number][ring.oldest % length]
        if (oldest >> TIME) + window > block.timestamp:
            break
        ring.variance -= oldest & (2**TIME - 1)
        ring.oldest += 1
    return ring


@internal
@pure
def _squared(then: uint256, now: uint256) -> uint256:
    """
    @dev Of the relative move between two prices.
    """
    apart: uint256 = now - then if now > then else then - now
    move: uint256 = min(arith.mul_div_up(10**18, apart, then), LARGEST_MOVE)
    return move * move
