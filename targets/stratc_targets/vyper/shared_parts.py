"""Parts that several amounts of a plan have in common, and names for them: `nav_80_percent`.

Only parts that cannot revert are shared (shares of a quantity, differences that stop at zero), since a shared part is
computed whether or not the branch that uses it is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from stratc_compiler.expr import Expr, Formula, Monus, MulDiv, Num, Var, children, variables


def shared_parts(exprs: tuple[Expr, ...], bound: frozenset[str]) -> tuple[Expr, ...]:
    """Shareable parts that occur more than once, inner ones first; none depends on the names `bound` later."""
    counts = Counter(part for expr in exprs for part in _shareable(expr))
    repeated = [part for part, count in counts.items() if count > 1]
    free = [part for part in repeated if not any(var.name in bound for var in variables(part))]
    return tuple(sorted(free, key=_depth))


def _shareable(node: Expr | Formula) -> Iterator[Expr]:
    for child in children(node):
        yield from _shareable(child)
    if part_name(node) is not None and not isinstance(node, Var):
        yield node  # type: ignore[misc]


def _depth(node: Expr | Formula) -> int:
    return 1 + max((_depth(child) for child in children(node)), default=0)


def part_name(node: Expr | Formula) -> str | None:
    """What a shareable part is called; None for what is not shared."""
    match node:
        case Var(name):
            return name
        case MulDiv(left, Num(top), Num(bottom)) if bottom and top <= bottom:
            whole = part_name(left)
            return whole and f"{whole}_{_share(top / bottom)}"
        case Monus(left, right):
            first, second = part_name(left), part_name(right)
            return first and second and f"{first}_above_{second}"
        case _:
            return None


def _share(ratio: Fraction) -> str:
    for unit, scale in (("percent", 100), ("bps", 10_000), ("ppm", 1_000_000)):
        if (ratio * scale).denominator == 1:
            return f"{ratio * scale}_{unit}"
    return f"{ratio.numerator}_of_{ratio.denominator}"
