"""Strategies that nobody would write, by number, of every shape that is supported, sound and broken ones alike."""

from __future__ import annotations

from random import Random

from fuzzing.draft import Draft, base, proves
from fuzzing.leveraged import SHAPES_AT_PERPETUALS, SHAPES_BEYOND
from fuzzing.shapes import SHAPES, SHAPES_IN_OTHERS
from stratc_dsl import Source

IN_OTHERS = 1_000_000
"""Numbers from here on are strategies of other shapes; those before it stay what they were in the long run."""

BEYOND = 2_000_000
"""And from here on those that say more of lenders, of what was measured, of hedges and of ranges."""

AT_PERPETUALS = 3_000_000
"""And from here on those that are short at a venue of perpetuals."""

FROM = {0: SHAPES, IN_OTHERS: SHAPES_IN_OTHERS, BEYOND: SHAPES_BEYOND, AT_PERPETUALS: SHAPES_AT_PERPETUALS}


def invented(number: int) -> Source:
    """The strategy of this number."""
    draft = Draft(Random(number))
    shapes = next(shapes for first, shapes in reversed(FROM.items()) if number >= first)
    shape = draft.chance.choices(list(shapes), [weight for weight, _ in shapes.values()])[0]
    base(draft)
    shapes[shape][1](draft)
    proves(draft)
    draft.chance.shuffle(draft.order)
    return Source(f"{shape}-{number}.strat", draft.text("Invented"))
