"""`room(v) >= r of nav`: how much more of each position a venue is assumed to take, or to lend."""

from __future__ import annotations

from fractions import Fraction

from stratc_compiler.errors import Unsupported
from stratc_dsl.strategy import RoomAtLeast, Strategy, Venue


def stated_room(venue: Venue, strategy: Strategy) -> Fraction | None:
    """The share of nav for which there is room at least; None where nothing is stated.

    Raises Unsupported where a token is held and owed there, both out of one stock: what is drawn leaves less to lend.
    """
    stated = next(
        (one for one in strategy.assumptions if isinstance(one, RoomAtLeast) and one.venue == venue.name), None
    )
    if stated is None:
        return None
    there = [one.position for one in strategy.allocations if one.position.venue == venue.name]
    owed = {one.token for one in there if one.kind == "debt"}
    both = sorted({one.token for one in there if one.kind != "debt"} & owed)
    if both:
        what = f"`room({venue.name})` where {' and '.join(both)} is held and owed"
        raise Unsupported(what, "hold it at another venue", stated.span)
    return stated.ratio


def ample(venue: Venue, strategy: Strategy) -> Fraction:
    """As much room, of nav, as any rule can ask for that builds a position up from nothing: the largest target."""
    targets = (abs(one.target) for one in strategy.allocations if one.position.venue == venue.name)
    return max(targets, default=Fraction(0))
