"""Parts that several amounts of a plan have in common, and names for them: `nav_80_percent`.

What an amount needs in any case is computed once, before the first amount that needs it. A part that only some branch
of it needs is shared where it cannot revert (shares of a quantity, differences that stop at zero), since it is then
computed whichever branch is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from fractions import Fraction

from stratc_compiler.expr import (
    Add,
    And,
    Expr,
    Formula,
    If,
    Kind,
    Monus,
    MulDiv,
    Num,
    Or,
    TokenDim,
    Var,
)
from stratc_targets.vyper.names import sanitized


@dataclass(frozen=True, slots=True)
class Printed:
    """How expressions are printed: `parts` are what stands in a node's text, `answers` what functions are asked for."""

    parts: Callable[[Expr | Formula], tuple[Expr | Formula, ...]]
    answers: Set[Expr] = frozenset()

    def needed(self, exprs: Iterable[Expr]) -> Counter[Expr]:
        """In how many places each shareable part stands; what is within a part that is repeated counts once."""
        counts: Counter[Expr] = Counter()

        def visit(node: Expr | Formula) -> None:
            if self._is_part(node):
                counts[node] += 1  # type: ignore[index]
                if counts[node] > 1:  # type: ignore[index]
                    return
            for part in self.parts(node):
                visit(part)

        for expr in exprs:
            visit(expr)
        return counts

    def shareable(self, node: Expr | Formula, *, always: bool = True) -> Iterator[Expr]:
        """Parts of an amount that may be computed before it, each after those within it."""
        for place, part in enumerate(self.parts(node)):
            yield from self.shareable(part, always=always and not (place and isinstance(node, If | And | Or)))
        if self._is_part(node) and (always or _never_reverts(node)):
            yield node  # type: ignore[misc]

    def _is_part(self, node: Expr | Formula) -> bool:
        return node in self.answers or (not isinstance(node, Var) and part_name(node) is not None)


def _never_reverts(node: Expr | Formula) -> bool:
    match node:
        case Var():
            return True
        case MulDiv(left, Num(top), Num(bottom)) if bottom and top <= bottom:
            return _never_reverts(left)
        case Monus(left, right):
            return _never_reverts(left) and _never_reverts(right)
        case _:
            return False


def part_name(node: Expr | Formula) -> str | None:
    """What a part is called; None for what is not shared."""
    match node:
        case Var(name):
            return name
        case MulDiv(left, Num(top), Num(bottom)) if bottom:
            whole = part_name(left)
            return whole and f"{whole}_{_share(top / bottom)}"
        case MulDiv(left, Var(dim=TokenDim(Kind.PRICE)), Var(dim=TokenDim(Kind.UNIT))):
            priced = part_name(left)
            return priced and f"value_of_{priced}"
        case MulDiv(left, Var(dim=TokenDim(Kind.UNIT, token)), Var(dim=TokenDim(Kind.PRICE))):
            worth = part_name(left)
            return worth and f"{worth}_in_{sanitized(token)}"
        case Monus(left, right):
            first, second = part_name(left), part_name(right)
            return first and second and f"{first}_above_{second}"
        case Add(left, right):
            first, second = part_name(left), part_name(right)
            return first and second and f"{first}_and_{second}"
        case _:
            return None


def _share(ratio: Fraction) -> str:
    for unit, scale in (("percent", 100), ("bps", 10_000), ("ppm", 1_000_000)):
        if (ratio * scale).denominator == 1:
            return f"{ratio * scale}_{unit}"
    return f"{ratio.numerator}_of_{ratio.denominator}"
