"""A world that is as rough as is assumed: venues that round, pools off their oracle, lenders that read other prices."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from fuzzing.accounts import buying_back
from fuzzing.choices import Choices
from fuzzing.worths import FINE, Unassumed, amounts, covered, root, view
from stratc_compiler.expr import Formula, number
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, Reverted
from stratc_compiler.ranges import Range, worth
from stratc_compiler.vault import FlashLoan, Held, Swap, Trade, VenueModel

ANY_PRICE = Fraction(100)
"""A pool at which nobody looks may be so far from its oracle."""


class RoughWorld(IdealWorld):
    """Venues that leave positions off by their stated rounding, and swaps inside the slippage.

    Where liquidity is taken out it is looked whether pools are `near` their oracle's price, but not by the exit.
    """

    choices: Choices = None  # type: ignore[assignment]
    operations: int = 0
    near: bool = True

    def _told(self, token: str, units: int) -> str:
        return str(units)

    def _next(self, what: str, low: int, high: int) -> int:
        self.operations += 1
        return self.choices.whole(f"{what} {self.operations}", low, high)

    def _round(self, held: Held) -> None:
        if not (held.debt and self.state[held.name] == 0):  # a debt that is repaid in full is gone
            off = self._next("rounding", -held.rounding, held.rounding)
            self.state[held.name] = max(self.state[held.name] + off, 0)

    def enter(self, held: Held, amount: int) -> None:
        super().enter(held, amount)
        self._round(held)
        venue = self.vault.venue(held.venue) if held.venue and held.debt else None
        if venue is not None and not self._lets(venue, venue.after_borrow, borrowing=True):
            raise Reverted(f"borrowing {held.name} exceeds the venue's loan-to-value")

    def leave(self, held: Held, amount: int) -> None:
        super().leave(held, amount)
        self._round(held)
        venue = self.vault.venue(held.venue) if held.venue and not held.debt else None
        if venue is not None and not self._lets(venue, venue.after_withdraw, borrowing=False):
            raise Reverted(f"withdrawing {held.name} would leave the debt uncovered")

    def _lets(self, venue: VenueModel, check: Formula | None, *, borrowing: bool) -> bool:
        """Whether a lender agrees, by its check as the model has it and by what its own oracle reads."""
        if check is None:
            return True
        return view(self).holds(check) and covered(self.vault, self.state, venue.name, self.choices, borrowing)

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        worth = Fraction(amount * self.state[f"price({item.sold})"], self.state[f"unit({item.sold})"])
        fair = worth * self.state[f"unit({item.bought})"] / self.state[f"price({item.bought})"]
        best = max(floor(fair * (1 + item.swap.slippage)), minimum)
        return super().swap(item, amount, self._next("swap", minimum, best))

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        """Filled anywhere between the worst that is let through and as far on the better side of the oracle's price."""
        assert item.short.perp is not None
        fair = buying_back(self.vault, self.state, item.short, amount)
        better = fair * (1 + (-1 if item.covers else 1) * item.short.perp.slippage)
        least, most = sorted((bound, floor(better)))
        super().trade(item, amount, self._next("fill", least, most))
        if not covered(self.vault, self.state, item.short.venue or "", self.choices):
            raise Reverted(f"{item.short.name} is left with too little margin")

    def lend(self, loan: FlashLoan, amount: int) -> int:
        return self._next("flash premium", amount, super().lend(loan, amount))

    # ── ranges of liquidity ────────────────────────────────────────────────────────────────

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        """As much liquidity as what is given allows for in a pool that is near enough."""
        of = held.range
        assert of is not None
        self.operations += 1
        off = self.choices.between(f"pool is off {self.operations}", -of.off, of.off)
        for _ in range(30):
            took, liquidity = self._taken(of, token, base, root(of, self.state, off))
            if self._worth_more(held, liquidity) >= minimum:
                break
            off /= 2
        else:
            raise Unassumed(f"adds({held.venue})")
        self._idle(of.token, -took[0], f"entering {held.name}")
        self._idle(of.base, -took[1], f"entering {held.name}")
        self.state[held.name] += liquidity
        return took

    def _taken(self, of: Range, token: int, base: int, at: int) -> tuple[tuple[int, int], int]:
        """What a pool at this root takes of what is given, rounded up, and the liquidity for it, rounded down."""
        one = amounts(of, self.state, FINE, at)
        most = [Fraction(given) / each for given, each in zip((token, base), one, strict=True) if each]
        liquidity = floor(min(most) * FINE)
        needed = amounts(of, self.state, liquidity, at)
        return (min(ceil(needed[0]), token), min(ceil(needed[1]), base)), liquidity

    def _worth_more(self, held: Held, liquidity: int) -> int:
        """What the contract sees that the position is worth more, in 10^-18 USD."""
        assert held.range is not None
        state, before = Evaluator(self.vault, self), self.state[held.name]
        after, then = (state.value(worth(held.range, number(size))) for size in (before + liquidity, before))
        return after - then

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        """What it consists of in a pool that is off its oracle, and all fees."""
        of = held.range
        assert of is not None
        if liquidity > self.state[held.name]:
            raise Reverted(f"withdrawing {held.name} asks for more liquidity than there is")
        self.operations += 1
        low, high = (-of.off, of.off) if self.near else (1 / ANY_PRICE - 1, ANY_PRICE - 1)
        at = root(of, self.state, self.choices.between(f"pool is off {self.operations}", low, high))
        fees, self.state[of.fees.name] = Fraction(self.state.get(of.fees.name, 0)), 0
        in_token = fees * self.choices.share(f"fees in {of.token}")
        earned = (self._units(of.token, in_token), self._units(of.base, fees - in_token))
        came = tuple(
            max(floor(part + fee) - self._next("rounding", 0, 1), 0)
            for part, fee in zip(amounts(of, self.state, liquidity, at), earned, strict=True)
        )
        self._idle(of.token, came[0], held.name)
        self._idle(of.base, came[1], held.name)
        self.state[held.name] -= liquidity
        return came[0], came[1]

    def _units(self, token: str, usd: Fraction) -> Fraction:
        return usd * self.state[f"unit({token})"] / self.state[f"price({token})"]
