"""What a function means: terms over unbounded integers. Printed for the solver (`solver`), evaluated by Python here.

Division and remainder are floor division, as Python's, and zero where the divisor is zero: every term has a value in
every state, and what reverts is said beside it, never in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

WORD = 2**256
MAX = WORD - 1


@dataclass(frozen=True, slots=True)
class Term:
    """An operation on terms; a number, a truth value or the name of an unknown is its `leaf`."""

    op: str
    args: tuple[Term, ...] = ()
    leaf: int | bool | str | None = None

    def __add__(self, other: Term | int) -> Term:
        return _number("+", self, term(other))

    def __sub__(self, other: Term | int) -> Term:
        return _number("-", self, term(other))

    def __mul__(self, other: Term | int) -> Term:
        return _number("*", self, term(other))

    def __radd__(self, other: int) -> Term:
        return term(other) + self

    def __rsub__(self, other: int) -> Term:
        return term(other) - self

    def __rmul__(self, other: int) -> Term:
        return term(other) * self

    def __floordiv__(self, other: Term | int) -> Term:
        return _number("div", self, term(other))

    def __mod__(self, other: Term | int) -> Term:
        return _number("mod", self, term(other))

    def __le__(self, other: Term | int) -> Term:
        return _truth("<=", self, term(other))

    def __lt__(self, other: Term | int) -> Term:
        return _truth("<", self, term(other))

    def __ge__(self, other: Term | int) -> Term:
        return term(other) <= self

    def __gt__(self, other: Term | int) -> Term:
        return term(other) < self

    def same(self, other: Term | int) -> Term:
        """Equal values, of numbers or of truth values; `==` asks whether two terms are one."""
        return same_truth(self, term(other)) if is_truth(self) else equal(self, other)


def number(value: int) -> Term:
    return Term("number", leaf=value)


def unknown(name: str) -> Term:
    """An integer of that name; see `unknowns`. A name that ends in `?` is a truth value."""
    return Term("unknown", leaf=name)


TRUE = Term("truth", leaf=True)
FALSE = Term("truth", leaf=False)


def term(value: Term | int) -> Term:
    return value if isinstance(value, Term) else number(value)


def equal(left: Term | int, right: Term | int) -> Term:
    return _truth("=", term(left), term(right))


def both(*parts: Term) -> Term:
    """All of the parts."""
    flat = [one for part in parts for one in (part.args if part.op == "and" else (part,))]
    if FALSE in flat:
        return FALSE
    kept = tuple(dict.fromkeys(part for part in flat if part != TRUE))
    return kept[0] if len(kept) == 1 else Term("and", kept) if kept else TRUE


def either(*parts: Term) -> Term:
    return negated(both(*(negated(part) for part in parts)))


def negated(part: Term) -> Term:
    match part:
        case Term("truth", _, value):
            return FALSE if value else TRUE
        case Term("not", (inner,)):
            return inner
        case _:
            return Term("not", (part,))


def implies(condition: Term, then: Term) -> Term:
    return either(negated(condition), then)


def same_truth(left: Term, right: Term) -> Term:
    return both(implies(left, right), implies(right, left))


def choice(condition: Term, then: Term, otherwise: Term) -> Term:
    """`then` where the condition holds, else `otherwise`: numbers or truth values."""
    if condition in (TRUE, FALSE) or then == otherwise:
        return then if condition == TRUE else otherwise
    if is_truth(then):
        return both(implies(condition, then), implies(negated(condition), otherwise))
    return Term("choice", (condition, then, otherwise))


def bits(op: str, left: Term, right: Term) -> Term:
    """`bit_and` or `bit_or`: of these the solver is told nothing but the lemmas of `bits`."""
    return _number(op, left, right)


def is_power(given: Term | int) -> Term:
    """A power of two. Of this too the solver is only told what `bits` says."""
    value = term(given).leaf
    if isinstance(value, int):
        return TRUE if value > 0 and value & (value - 1) == 0 else FALSE
    return Term("is_power", (term(given),))


def ceiling(product: Term, divisor: Term) -> Term:
    """The quotient rounded up."""
    return product // divisor + choice(equal(product % divisor, 0), number(0), number(1))


def difference(left: Term, right: Term) -> Term:
    """left - right, or zero where that is negative."""
    return choice(right < left, left - right, number(0))


def least(left: Term, right: Term) -> Term:
    """The smaller of the two."""
    return choice(right < left, right, left)


def is_truth(given: Term) -> bool:
    return given.op in ("truth", "<", "<=", "=", "not", "and", "is_power") or (
        given.op == "unknown" and str(given.leaf).endswith("?")
    )


_COMPUTED: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "div": lambda a, b: a // b if b else 0,
    "mod": lambda a, b: a % b if b else 0,
    "bit_and": lambda a, b: a & b,
    "bit_or": lambda a, b: a | b,
    "<=": lambda a, b: a <= b,
    "<": lambda a, b: a < b,
    "=": lambda a, b: a == b,
}


def _number(op: str, left: Term, right: Term) -> Term:
    if left.op == right.op == "number":
        return number(_COMPUTED[op](left.leaf, right.leaf))
    return Term(op, (left, right))


def _truth(op: str, left: Term, right: Term) -> Term:
    if left.op == right.op == "number":
        return TRUE if _COMPUTED[op](left.leaf, right.leaf) else FALSE
    return Term(op, (left, right))


def evaluated(given: Term, values: Mapping[str, int | bool]) -> int | bool:
    """The term's value; `values` has one for every unknown in it."""
    match given:
        case Term("number" | "truth", _, value):
            return value  # type: ignore[return-value]
        case Term("unknown", _, name):
            return values[str(name)]
        case Term("not", (inner,)):
            return not evaluated(inner, values)
        case Term("is_power", (inner,)):
            return is_power(int(evaluated(inner, values))) == TRUE
        case Term("and", parts):
            return all(evaluated(part, values) for part in parts)
        case Term("choice", (condition, then, otherwise)):
            return evaluated(then if evaluated(condition, values) else otherwise, values)
        case Term(op, (left, right)):
            return _COMPUTED[op](evaluated(left, values), evaluated(right, values))  # type: ignore[no-any-return]
        case _:
            raise TypeError(f"no term: {given}")


def unknowns(given: Iterable[Term]) -> Iterator[str]:
    """Every unknown's name, as often as it occurs."""
    for one in given:
        if one.op == "unknown":
            yield str(one.leaf)
        yield from unknowns(one.args)


def replaced(given: Term, terms: Mapping[str, Term]) -> Term:
    """The term with terms in the place of unknowns."""
    match given:
        case Term("unknown", _, name):
            return terms.get(str(name), given)
        case Term("not", (inner,)):
            return negated(replaced(inner, terms))
        case Term("is_power", (inner,)):
            return is_power(replaced(inner, terms))
        case Term("and", parts):
            return both(*(replaced(part, terms) for part in parts))
        case Term("choice", (condition, then, otherwise)):
            return choice(replaced(condition, terms), replaced(then, terms), replaced(otherwise, terms))
        case Term("number" | "truth"):
            return given
        case Term(op, (left, right)):
            build = _truth if op in ("<", "<=", "=") else _number
            return build(op, replaced(left, terms), replaced(right, terms))
        case _:
            raise TypeError(f"no term: {given}")
