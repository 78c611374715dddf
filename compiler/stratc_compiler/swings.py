"""What volatility the assumptions of a round come to: a price that moves as far as it may, observed once a period.

No proof has such a bound, since rounds may begin early and a keeper may be late. But a rule whose condition needs more
than this is a fuse, and a scenario that needed more would be none of the assumed world.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.environment import Box, Interval
from stratc_compiler.interpret import World
from stratc_compiler.text import WAD
from stratc_compiler.vault import Ring, Vault
from stratc_compiler.volatility import Observation, realised

FROM = 2_000
"""USD, where no range says otherwise; a volatility is a matter of ratios."""


def strongest(ring: Ring, vault: Vault, box: Box, world: World) -> int | None:
    """The volatility of the strongest swings that are assumed, in 10^-18; None where nothing bounds them."""
    seen = swings(ring, box)
    return None if seen is None else realised(ring, seen, seen[-1], vault, world)


def swings(ring: Ring, box: Box) -> tuple[Observation, ...] | None:
    """Observations of such a price, as many as end inside the window; None without a bound."""
    apart = max(box.period, ring.gap)
    stays = box.absolute.get(ring.token)
    if stays is None or stays.high is None or not stays.low:
        least, path = Fraction(FROM), _path(box.usd[ring.token], None, -(-ring.window // apart))
    else:
        least, path = stays.low, _path(box.usd[ring.token], stays.high / stays.low, -(-ring.window // apart))
    if path is None:
        return None
    unit = least / min(path) * WAD
    return tuple(Observation(apart * turn, int(unit * at)) for turn, at in enumerate(path))


def _path(moves: Interval, wide: Fraction | None, turns: int) -> list[Fraction] | None:
    """A price that makes the largest move each time; in a range that is so `wide` the larger one of those that fit.

    None where nothing ends the largest move.
    """
    high, low = moves.high, moves.low
    if wide is not None:
        high, low = wide if high is None else min(high, wide), max(low, 1 / wide)
    if high is None or (not low and high < 2):
        return None
    rises = high - 1 >= 1 - low
    ends = None if wide is None else (Fraction(1), wide) if rises else (1 / wide, Fraction(1))
    path = [Fraction(1)]
    for _ in range(turns):
        next_ones = [path[-1] * by for by in ((high, low) if rises else (low, high))]
        if ends is not None:
            next_ones = [one for one in next_ones if ends[0] <= one <= ends[1]] or [_further(path[-1], *ends)]
        path.append(next_ones[0])
    return path


def _further(at: Fraction, low: Fraction, high: Fraction) -> Fraction:
    return high if high - at >= at - low else low
