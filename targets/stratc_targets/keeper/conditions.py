"""Floors, bands and triggers, as keeper.json has them, and how far a vault is from each. Exact arithmetic, no I/O.

Members are those of the vault's State; values are 10^-18 USD. A side of a comparison is a quotient of two sums, as the
compiler's `predicates` has it. A quotient over nothing is without bound: health, where there is no debt.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import inf, prod
from typing import Any

Number = Fraction | float
"""Exact, or without bound."""

Numbers = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Term:
    """`weight` times the product of some members, over a whole number."""

    weight: Fraction
    members: tuple[str, ...]
    over: int

    def of(self, state: Numbers) -> Fraction:
        return self.weight * prod(state[member] for member in self.members) / self.over


@dataclass(frozen=True, slots=True)
class Side:
    """The sum of `top` over the sum of `bottom`."""

    top: tuple[Term, ...]
    bottom: tuple[Term, ...]

    def parts(self, state: Numbers) -> tuple[Fraction, Fraction]:
        """What is above, and what is below, which is never negative."""
        top, bottom = (sum((term.of(state) for term in terms), Fraction(0)) for terms in (self.top, self.bottom))
        return top, bottom

    def of(self, state: Numbers) -> Number:
        top, bottom = self.parts(state)
        return top / bottom if bottom else -inf if top < 0 else inf


@dataclass(frozen=True, slots=True)
class Compare:
    """`left relation right`. `usd` says that both are values, else they are plain numbers."""

    left: Side
    relation: str
    right: Side
    usd: bool

    def room(self, state: Numbers) -> Number:
        """How far the left side is on the right side of the edge, as a share of the edge: 0 at it, negative beyond."""
        left, right = self.left.of(state), self.right.of(state)
        if isinstance(left, float) or isinstance(right, float):
            by: Number = 0.0 if left == right else float(left) - float(right)
        else:
            by = (left - right) / abs(right) if right else left - right
        return by if self.relation.startswith(">") else -by

    def holds(self, state: Numbers) -> bool:
        """Exactly, as the contract has it: multiplied out, so that of nothing over nothing all but `<` and `>` hold."""
        (top, bottom), (other_top, other_bottom) = self.left.parts(state), self.right.parts(state)
        left, right = top * other_bottom, other_top * bottom
        match self.relation:
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">=":
                return left >= right
            case _:
                return left > right


@dataclass(frozen=True, slots=True)
class Several:
    """All of them hold (`and`), or one of them (`or`)."""

    word: str
    of: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negated:
    of: Condition


@dataclass(frozen=True, slots=True)
class OutsideBand:
    """Some weight has left its band."""


Condition = Compare | Several | Negated | OutsideBand


@dataclass(frozen=True, slots=True)
class Band:
    """Where the weight of a position is kept; shares of nav, of a debt too without sign. None where an edge is open.

    What counts is its value, `less` another member of State where that is named.
    """

    position: str
    debt: bool
    value: str
    target: Fraction
    low: Fraction | None
    high: Fraction | None
    less: str | None = None

    def worth(self, state: Numbers) -> int:
        """What counts, in 10^-18 USD."""
        return state[self.value] - (0 if self.less is None else state[self.less])

    def weight(self, state: Numbers, nav: str) -> Fraction | None:
        """Its share of nav, None where there is no nav."""
        return Fraction(self.worth(state), state[nav]) if state[nav] else None

    def room(self, state: Numbers, nav: str) -> Number:
        """How much of nav may come or go before the nearer edge; negative outside.

        Without nav only nothing is inside, as the contract has it: of all else there is too much.
        """
        return _room(self.worth(state), state[nav], self.low, self.high)


def _room(worth: int, nav: int, low: Fraction | None, high: Fraction | None) -> Number:
    """How much of nav a worth is away from the nearer of two edges, which are shares of nav; negative outside."""
    if not nav:
        beyond = (worth < 0 and low is not None) or (worth > 0 and high is not None)
        return -inf if beyond else inf
    share = Fraction(worth, nav)
    return min(inf if low is None else share - low, inf if high is None else high - share)


@dataclass(frozen=True, slots=True)
class Floor:
    text: str
    condition: Condition


@dataclass(frozen=True, slots=True)
class Loan:
    """What is owed at a venue, by its health factor at the vault's prices."""

    venue: str
    health: Side

    def buffer(self, state: Numbers) -> Number:
        """What collateral can lose against the debt before it is liquidated, as a share; negative where it can be.

        Without bound where nothing is owed, below all numbers where nothing covers what is.
        """
        health = self.health.of(state)
        if isinstance(health, float):
            return inf
        return 1 - 1 / health if health else -inf


@dataclass(frozen=True, slots=True)
class Account:
    """What is short at a venue of perpetuals: its margin ratio, and the one below which it may be liquidated."""

    venue: str
    margin: Side
    least: Fraction

    def rise(self, state: Numbers) -> Number:
        """By what share the price may rise before that, with nothing else changed; negative where it has.

        Without bound where nothing is short. Cash over what the short costs is 1 + margin, and a rise divides it.
        """
        margin = self.margin.of(state)
        return (1 + margin) / (1 + self.least) - 1 if isinstance(margin, Fraction) else margin


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """How nav hangs on a price: `long` less `short`; a share of nav where it is hedged. None where an edge is open."""

    name: str
    long: str
    short: str
    low: Fraction | None
    high: Fraction | None

    def share(self, state: Numbers, nav: str) -> Fraction | None:
        """Of nav, with its sign; None where there is no nav."""
        return Fraction(state[self.long] - state[self.short], state[nav]) if state[nav] else None

    def room(self, state: Numbers, nav: str) -> Number:
        """How much of nav it is away from the nearer edge; negative outside. Without nav only nothing is inside."""
        return _room(state[self.long] - state[self.short], state[nav], self.low, self.high)


@dataclass(frozen=True, slots=True)
class Goals:
    """What holds in a vault whose keeper has done its work. `nav` is the member that holds it."""

    nav: str
    floors: tuple[Floor, ...]
    bands: tuple[Band, ...]
    loans: tuple[Loan, ...] = ()
    sensitivities: tuple[Sensitivity, ...] = ()
    accounts: tuple[Account, ...] = ()

    def room(self, condition: Condition, state: Numbers) -> Number:
        """How far inside a condition the vault is: positive where it holds, negative where not, 0 at the edge.

        Of comparisons as a share of the edge, of bands as a share of nav; of several the one that decides.
        """
        match condition:
            case Compare():
                return condition.room(state)
            case Several("and", operands):
                return min(self.room(one, state) for one in operands)
            case Several(_, operands):
                return max(self.room(one, state) for one in operands)
            case Negated(operand):
                return -self.room(operand, state)
            case OutsideBand():
                return -min((band.room(state, self.nav) for band in self.bands), default=inf)

    def holds(self, condition: Condition, state: Numbers) -> bool:
        """Whether a condition holds, exactly."""
        match condition:
            case Compare():
                return condition.holds(state)
            case Several("and", operands):
                return all(self.holds(one, state) for one in operands)
            case Several(_, operands):
                return any(self.holds(one, state) for one in operands)
            case Negated(operand):
                return not self.holds(operand, state)
            case OutsideBand():
                return any(band.room(state, self.nav) < 0 for band in self.bands)


def nearness(trigger: Condition, goals: Goals, state: Numbers) -> Fraction | None:
    """How much is gone of the way from a trigger to the nearest floor of the same quantity: 0 at the trigger, 1 there.

    None where no floor is of that quantity. Beyond the floor it is more than 1, before the trigger less than 0.
    """
    if not isinstance(trigger, Compare):
        return None
    found = []
    for floor in goals.floors:
        if isinstance(floor.condition, Compare) and floor.condition.left == trigger.left:
            start, end = trigger.right.of(state), floor.condition.right.of(state)
            now = trigger.left.of(state)
            if isinstance(start, Fraction) and isinstance(end, Fraction) and start != end:
                found.append((start - now) / (start - end) if isinstance(now, Fraction) else Fraction(0))
    return max(found, default=None)


def parse_goals(document: dict[str, Any]) -> Goals:
    """The floors and bands of a document that fits the schema."""
    floors = tuple(Floor(one["text"], parse_condition(one["condition"])) for one in document["floors"])
    loans = tuple(Loan(one["venue"], _side(one["health"])) for one in document["loans"])
    bands = tuple(_band(one) for one in document["bands"])
    sensitivities = tuple(_sensitivity(one) for one in document.get("sensitivities", []))
    accounts = tuple(_account(one) for one in document.get("accounts", []))
    return Goals(document["readings"]["nav"], floors, bands, loans, sensitivities, accounts)


def _account(given: dict[str, Any]) -> Account:
    return Account(given["venue"], _side(given["margin"]), Fraction(given["least"]))


def _sensitivity(given: dict[str, Any]) -> Sensitivity:
    edges = {edge: None if given[edge] is None else Fraction(given[edge]) for edge in ("low", "high")}
    return Sensitivity(**given | edges)


def parse_condition(given: dict[str, Any]) -> Condition:
    """A condition of a document that fits the schema."""
    match given["kind"]:
        case "compare":
            return Compare(_side(given["left"]), given["relation"], _side(given["right"]), given["usd"])
        case "not":
            return Negated(parse_condition(given["of"]))
        case "outside_band":
            return OutsideBand()
        case word:
            return Several(word, tuple(parse_condition(one) for one in given["of"]))


def members_of(condition: Condition | Side) -> Iterator[str]:
    """Every member of State that a condition reads itself; bands read their own."""
    match condition:
        case Side(top, bottom):
            yield from (member for term in (*top, *bottom) for member in term.members)
        case Compare(left, _, right):
            for side in (left, right):
                yield from members_of(side)
        case Several(_, operands):
            for one in operands:
                yield from members_of(one)
        case Negated(operand):
            yield from members_of(operand)
        case OutsideBand():
            pass


def _side(given: dict[str, Any]) -> Side:
    return Side(*(tuple(_term(one) for one in given[part]) for part in ("top", "bottom")))


def _term(given: dict[str, Any]) -> Term:
    return Term(Fraction(given["weight"]), tuple(given["members"]), int(given["over"]))


def _band(given: dict[str, Any]) -> Band:
    edges = {edge: None if given[edge] is None else Fraction(given[edge]) for edge in ("low", "high")}
    return Band(**given | edges | {"target": Fraction(given["target"])})
