"""What `ring` counts of a move: the model's. That it forgets nothing too early is tried (`test_ring.py`)."""

from __future__ import annotations

from library_proofs.lemmas import PRODUCTS_KEEP_ORDER
from library_proofs.library import ARITH
from library_proofs.model_terms import quantity
from library_proofs.reading import Sources, functions, module
from library_proofs.solver import prove
from library_proofs.terms import WORD, both, ceiling, equal, number, unknown
from library_proofs.translator import translate
from stratc_compiler.expr import Min, MulDiv, Var, dim_of, price
from stratc_compiler.text import WAD
from stratc_compiler.volatility import move, observed_price

THEN, NOW, APART, MOVE = unknown("then"), unknown("now"), unknown("apart"), unknown("move")

LARGEST_PRICE = WORD // WAD
"""No price that `oracle` lets through is larger: of a ratio it is a word over 10^18."""


def squared(sources: Sources) -> None:
    """`ring._squared` is the square of the model's move, and does not revert for prices that `oracle` lets through."""
    read = translate(functions(module(sources, "contracts/ring.vy"))["_squared"], ARITH)
    moved = move("T")
    assert isinstance(moved, Min)
    assert isinstance(moved.left, MulDiv)
    apart = Var("apart", dim_of(moved.left.right))
    names = {observed_price("T").name: THEN, price("T").name: NOW, apart.name: APART}
    prices = both(*(both(number(0) < one, one <= LARGEST_PRICE) for one in (THEN, NOW)))
    facts = (*read.facts, prices)
    prove(f"{read.name}: how far apart", facts, equal(APART, quantity(moved.left.right, names)))
    counted = Min(MulDiv(moved.left.left, apart, moved.left.divisor, moved.left.rounding), moved.right)
    prove(f"{read.name}: move", facts, equal(MOVE, quantity(counted, names)))
    prove(f"{read.name}: value", facts, equal(read.returned, MOVE * MOVE))
    up = ceiling(number(WAD) * APART, THEN)
    order = (PRODUCTS_KEEP_ORDER.at(a=1, b=THEN, c=up), PRODUCTS_KEEP_ORDER.at(a=0, b=MOVE, c=MOVE))
    small = PRODUCTS_KEEP_ORDER.at(a=MOVE, b=number(moved.right.value.numerator), c=MOVE)  # type: ignore[union-attr]
    prove(f"{read.name}: reverts nowhere", (*facts, *order, small), read.succeeds)


THEOREMS = {"squared": squared}
