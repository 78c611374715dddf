"""What volatility the assumptions of a round come to: a price that swings as far as it may, observed once a period.

No proof has such a bound, since rounds may begin early and a keeper may be late. But a rule whose condition needs more
than this is a fuse, and a scenario that needed more would be none of the assumed world.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.environment import Box
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
    """Observations of a price that goes back and forth, as many as end inside the window; None without a bound."""
    factor = _furthest(ring, box)
    if factor is None:
        return None
    stays = box.absolute.get(ring.token)
    low = Fraction(FROM) if stays is None or stays.low == 0 else stays.low
    ends = int(low * WAD), int(low * factor * WAD)
    apart = max(box.period, ring.gap)
    moves = -(-ring.window // apart)
    return tuple(Observation(apart * turn, ends[turn % 2]) for turn in range(moves + 1))


def _furthest(ring: Ring, box: Box) -> Fraction | None:
    """By how much the price may rise in one round so that it may fall back in the next."""
    moves, stays = box.usd[ring.token], box.absolute.get(ring.token)
    factors = [] if moves.high is None else [moves.high]
    factors += [1 / moves.low] if moves.low else []
    if stays is not None and stays.high is not None and stays.low:
        factors.append(stays.high / stays.low)
    return min(factors, default=None)
