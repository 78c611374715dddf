"""What a share of a vault of ours can gain or lose while somebody holds it, from what is proved of the vault.

Claims speak of the vault's nav with flows taken out, a holder of its share price. Where the price in a round has been
between `low` and `high` times the opening one, others have left with at most the share W of opening nav, each at such a
price. So of an opening nav and supply of 1 there is at any moment, after deposits d and withdrawals w <= W,

    a nav of at least 1 - r + d - w over at most 1 + d/low - w/high shares,
    and one of at most 1 + g + d - w over at least 1 + d/high - w/low.

Both prices stay inside for every d and w if

    low = 1 - r - W (1 - low/high),    high = 1 + g + W (high/low - 1),

which gives low/high = (1 - r - 2W) / (1 + g - 2W). Trades of the keeper's pass, which come last in a round, cost or
bring part of what was deposited as well: at most r and g of it. Gifts to the vault are part of g.
"""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl.record import Record

ONE = Fraction(1)


class Range(Record):
    """What happens to a share's price is a factor between these; `high` None means without bound."""

    low: Fraction
    high: Fraction | None

    @property
    def spread(self) -> Range:
        """From any moment to any other of the same time."""
        if self.high is None or not self.low:
            return ANYTHING
        return Range(self.low / self.high, self.high / self.low)

    def then(self, other: Range, times: int = 1) -> Range:
        """This, and after it the other one, so many times."""
        high = None if self.high is None or other.high is None else self.high * other.high**times
        return Range(self.low * other.low**times, high)


ANYTHING = Range(Fraction(0), None)


def of_a_round(loss: Fraction, gain: Fraction | None, leaves: Fraction | None, trades: bool) -> Range:
    """From the beginning of a round to any moment of it: `loss` and `gain` of nav, `leaves` is the most withdrawn.

    `trades` says whether the keeper's pass swaps: then it can cost or bring part of what was deposited.
    """
    if gain is None or leaves is None or 2 * leaves >= 1 - loss:
        return ANYTHING
    ratio = (1 - loss - 2 * leaves) / (1 + gain - 2 * leaves)
    low, high = 1 - loss - leaves * (1 - ratio), 1 + gain + leaves * (1 / ratio - 1)
    return Range(low * (1 - loss), high * (1 + gain)) if trades else Range(low, high)


def begun_within(outer: int, inner: int) -> int:
    """Rounds of `inner` seconds that begin within one of `outer`, after the one that is under way.

    A keeper begins each a few looks before the period is over: where periods divide one another, one more fits in.
    """
    return outer // inner + 1


def while_held(a_round: Range, rounds: int) -> Range:
    """Over the rest of the round under way, in which the price may be anywhere at the beginning, and `rounds` more."""
    return a_round.spread.then(a_round, rounds)
