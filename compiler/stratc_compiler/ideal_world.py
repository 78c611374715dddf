"""An ideal world beside the vault, in exact integers: what plans run in when a scenario is replayed.

Ideal means: venues book exactly what is moved, and swaps pay the contract's own minimum, which is the worst that the
slippage assumption admits. Whatever breaks a claim here breaks it on a chain whose venues round as little.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from msgspec import Struct, field

from stratc_compiler.expr import Formula, Num, Plain, Rounding, amount_worth, number
from stratc_compiler.interpret import Evaluator, Reverted, mul_div
from stratc_compiler.ranges import SAMPLE, Range, token_part, worth
from stratc_compiler.text import amount_text, percent
from stratc_compiler.vault import (
    FlashLoan,
    Held,
    Swap,
    Trade,
    Vault,
    VenueModel,
)

LIQUIDATED = "liquidated at"
"""What a step of liquidators begins with."""


class IdealWorld(Struct):
    """State variables as plain integers, by their names in the model.

    `rules` are those that were begun, by name, `swaps` the venues at which something was swapped, `leaned_on` the
    assumptions behind what a venue refused: its own oracle at its worst, the room that it has at least. `lent` is how
    much less room there is while a flash loan is out.
    """

    vault: Vault
    state: dict[str, int]
    log: list[str] = field(default_factory=list)
    rules: list[str] = field(default_factory=list)
    swaps: list[str] = field(default_factory=list)
    leaned_on: list[str] = field(default_factory=list)
    lent: dict[str, int] = field(default_factory=dict)

    def read(self, name: str) -> int:
        return self.state[name]

    def start_again(self, moment: Mapping[str, int]) -> None:
        """Back to a moment, with nothing done since."""
        self.state = dict(moment)
        for told in (self.log, self.rules, self.swaps, self.leaned_on):
            told.clear()

    def _idle(self, token: str, change: int, what: str) -> None:
        name = f"idle({token})"
        if self.state[name] + change < 0:
            raise Reverted(
                f"{what} needs {self._told(token, -change)}, idle holds {self._told(token, self.state[name])}"
            )
        self.state[name] += change

    def _told(self, token: str, units: int) -> str:
        return amount_text(self.vault, token, units)

    def enter(self, held: Held, amount: int) -> None:
        what = f"borrowing {held.name}" if held.debt else f"entering {held.name}"
        self._take_room(held, amount, what)
        self._idle(held.token, amount if held.debt else -amount, what)
        self.state[held.name] += amount
        self._realize(held, amount)
        self.log.append(f"{what}: {self._told(held.token, amount)}")
        venue = self.vault.venue(held.venue) if held.venue else None
        allowed = venue.after_borrow if venue is not None and held.debt else None
        if venue is not None and not self.lets(venue, allowed):
            raise Reverted(f"{what} exceeds the venue's loan-to-value{as_read(venue)}")

    def _realize(self, held: Held, amount: int) -> None:
        """Margin that comes in is realized."""
        if held.position.kind == "margin":
            self.state[held.liquidity.name] += amount

    def _take_room(self, held: Held, amount: int, what: str) -> None:
        room = self.state.get(held.room.name)
        if room is None:
            return
        if amount > room:
            self.leaned_on.append(f"room({held.venue})")
            asked, left = self._told(held.token, amount), self._told(held.token, room)
            raise Reverted(f"{what} asks for {asked}, {held.venue} has room for {left}")
        self.state[held.room.name] = room - amount

    def leave(self, held: Held, amount: int) -> None:
        what = f"repaying {held.name}" if held.debt else f"withdrawing {held.name}"
        if amount > self.state[held.name]:
            raise Reverted(f"{what} asks for more than there is: {self._told(held.token, amount)}")
        if not held.debt:
            self._draw(held, amount, what)
        self._idle(held.token, -amount if held.debt else amount, what)
        self.state[held.name] -= amount
        self.log.append(f"{what}: {self._told(held.token, amount)}")
        venue = self.vault.venue(held.venue) if held.venue else None
        allowed = venue.after_withdraw if venue is not None and not held.debt else None
        if venue is not None and not self.lets(venue, allowed):
            raise Reverted(f"{what} would leave the debt uncovered{as_read(venue)}")

    def lets(self, venue: VenueModel, check: Formula | None) -> bool:
        """Whether a check of a venue holds, whatever its oracle reads; true where there is none."""
        if check is None or Evaluator(self.vault, self).holds(check):
            return True
        self.leaned_on += [f"oracle({token})" for token, off in venue.off.items() if off]
        return False

    def _draw(self, held: Held, amount: int, what: str) -> None:
        available = self.state[held.liquidity.name]
        if amount > available:
            asked, can_pay = self._told(held.token, amount), self._told(held.token, available)
            raise Reverted(f"{what} asks for {asked}, the venue can pay {can_pay}")
        self.state[held.liquidity.name] = available - amount

    def liquidate(self, venue: VenueModel) -> bool:
        """Have all debt of a venue repaid for as much collateral as that allows; false where it does not allow it."""
        if self.lets(venue, venue.never_liquidated):
            return False
        state = Evaluator(self.vault, self)
        worth = {held.name: state.value(held.value) for held in venue.positions}
        pledged = sum(worth[held.name] for held in venue.positions if not held.debt)
        owed = sum(worth[held.name] for held in venue.positions if held.debt)
        repaid = min(Fraction(owed), pledged / venue.seized)
        shares = {True: repaid / owed, False: repaid * venue.seized / pledged if pledged else Fraction(0)}
        for held in venue.positions:
            less = int(self.state[held.name] * shares[held.debt])
            self.state[held.name] -= less
            word = "repaid" if held.debt else "taken"
            self.log.append(f"{LIQUIDATED} {venue.name}: {held.name} {self._told(held.token, less)} {word}")
        return True

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        self._idle(item.sold, -amount, f"selling {item.sold}")
        self._idle(item.bought, minimum, f"buying {item.bought}")
        self.swaps.append(item.swap.name)
        self.log.append(f"selling {self._told(item.sold, amount)} for {self._told(item.bought, minimum)}")
        return minimum

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        """At the worst price that may be filled. What of the cash is realized changes as the venue books it: all but
        what the part that is left was sold for.
        """
        short, cash = item.short, item.cash
        venue = self.vault.venue(short.venue or "")
        realized = self.state[cash.liquidity.name]
        what = f"{'buying back' if item.covers else 'selling'} {short.name}"
        if item.covers:
            size, has = self.state[short.name], self.state[cash.name]
            if amount > size or bound > has:
                raise Reverted(f"{what} asks for more than there is: {self._told(short.token, amount)}")
            profit = mul_div(max(has - realized, 0), amount, size, Rounding.DOWN)
            self.state[cash.liquidity.name] = max(realized + profit - bound, 0)
        sign = -1 if item.covers else 1
        self.state[short.name] += sign * amount
        self.state[cash.name] += sign * bound
        self.swaps.append(venue.name)
        self.log.append(f"{what}: {self._told(short.token, amount)} for {self._told(cash.token, bound)}")
        allowed = venue.after_cover if item.covers else venue.after_borrow
        if self.state[short.name] and not self.lets(venue, allowed):
            raise Reverted(f"{what} leaves less margin than {venue.name} asks for{as_read(venue)}")

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        """As little as may be asked for is worth it, and so little is taken."""
        of = held.range
        assert of is not None
        took = tuple(mul_div(one, *(1 - of.entering).as_integer_ratio(), Rounding.UP) for one in (token, base))
        self._idle(of.token, -took[0], f"entering {held.name}")
        self._idle(of.base, -took[1], f"entering {held.name}")
        self.state[held.name] += liquidity_worth(self, self.vault, of, minimum)
        self.log.append(f"entering {held.name}: {self._told(of.token, took[0])} and {self._told(of.base, took[1])}")
        return took[0], took[1]

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        """What it consists of by the oracle, which the pool is at, and the fees that wait there, in base."""
        of = held.range
        assert of is not None
        what = f"withdrawing {held.name}"
        if liquidity > self.state[held.name]:
            raise Reverted(f"{what} asks for more liquidity than there is")
        state = Evaluator(self.vault, self)
        part, all_of_it = (state.value(one(of, number(liquidity))) for one in (token_part, worth))
        token = state.value(amount_worth(Num(Fraction(part), Plain.VALUE), of.token, Rounding.DOWN)) if part else 0
        fees, self.state[of.fees.name] = self.state.get(of.fees.name, 0), 0
        rest = Num(Fraction(max(all_of_it - part, 0) + fees), Plain.VALUE)
        base = state.value(amount_worth(rest, of.base, Rounding.DOWN))
        self._idle(of.token, token, what)
        self._idle(of.base, base, what)
        self.state[held.name] -= liquidity
        self.log.append(f"{what}: {self._told(of.token, token)} and {self._told(of.base, base)}")
        return token, base

    def lend(self, loan: FlashLoan, amount: int) -> int:
        for name in self._rooms_beside(loan):
            self.lent[name] = min(amount, self.state[name])
            self.state[name] -= self.lent[name]
        self._idle(loan.token, amount, f"borrowing {loan.token}")
        self.log.append(f"flash loan from {loan.lender}: {self._told(loan.token, amount)}")
        return amount + mul_div(amount, loan.premium.numerator, loan.premium.denominator, Rounding.UP)

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        for name in self._rooms_beside(loan):
            self.state[name] += self.lent.pop(name)
        self._idle(loan.token, -owed, "giving the flash loan back")
        self.log.append(f"giving the flash loan back: {self._told(loan.token, owed)}")

    def _rooms_beside(self, loan: FlashLoan) -> list[str]:
        rooms = [held.room.name for held in self.vault.lent_beside(loan)]
        return [name for name in rooms if name in self.state]


def liquidity_worth(world: IdealWorld, vault: Vault, of: Range, value: int) -> int:
    """Liquidity that is worth so much, in 10^-18 USD, and hardly more.

    None where a range is worth next to nothing, and none of so much that no contract could read it (`scale(v)`).
    """
    state = Evaluator(vault, world)
    sample = state.value(worth(of, SAMPLE))
    if value == 0 or sample < 10**9:
        return 0
    found = mul_div(value, SAMPLE.value.numerator, sample, Rounding.UP)
    try:
        enough = state.value(worth(of, number(found))) >= value
    except Reverted:
        return 0
    return found if enough else found + 1 + found // 10**9


def as_read(venue: VenueModel) -> str:
    """At what readings a check of a venue is judged, where they may differ from the vault's prices."""
    off = " and ".join(f"{token} {percent(share)} off" for token, share in venue.off.items() if share)
    return f" where {venue.name} reads {off}" if off else ""
