"""Where the floating-point solver stands leads to an exact point, or to exact multipliers, without another solver."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from stratc_checker.query import Atom
from stratc_compiler.farkas import only_multipliers
from stratc_compiler.lp import Basis, Contradiction, Point, Relaxation
from stratc_compiler.rows import Row, row_of
from stratc_compiler.vertex import holds, vertex

X, Y = ("x",), ("y",)
coefficients = st.fractions(-3, 3, max_denominator=7)
rows = st.builds(
    lambda relation, x, y, constant: row({X: x, Y: y, (): constant}, relation),
    st.sampled_from(["=", ">=", ">"]),
    coefficients,
    coefficients,
    coefficients,
)


def row(polynomial: dict[tuple[str, ...], Fraction], relation: str) -> Row:
    return row_of(Atom(relation, {monomial: value for monomial, value in polynomial.items() if value}))


def solved(some: list[Row]) -> tuple[Relaxation, Point | Contradiction | None]:
    relaxation = Relaxation()
    relaxation.add(some, active=True)
    return relaxation, next(relaxation.hints())


@settings(max_examples=120, deadline=None)
@given(st.lists(rows, min_size=1, max_size=7))
def test_every_row_holds_at_the_point(some: list[Row]) -> None:
    relaxation, hint = solved(some)
    if isinstance(hint, Point):
        values = vertex(some, relaxation.basis())
        assert values is not None  # of rows as small as these, the floating-point solver knows
        assert all(holds(one.polynomial, one.relation, values) for one in some)


def test_a_basis_that_misses_a_row_leads_to_no_point() -> None:
    least, most = row({X: Fraction(1), (): Fraction(-1)}, ">="), row({X: Fraction(-1), (): Fraction(2)}, ">=")
    assert vertex([least, most], Basis([least], [], most_slack=True)) == {X: Fraction(1)}
    assert vertex([least, most], Basis([], [X], most_slack=True)) is None  # at zero, the first does not hold


def test_rows_that_cannot_all_bind_lead_to_no_point() -> None:
    one, two = row({X: Fraction(1), (): Fraction(-1)}, "="), row({X: Fraction(1), (): Fraction(-2)}, "=")
    assert vertex([one, two], Basis([one, two], [], most_slack=True)) is None


def test_multipliers_of_dust_are_found_among_the_rows_that_bind() -> None:
    """A trillionth of one row is needed to refute the others: no floating-point solver tells that from zero."""
    tiny = Fraction(1, 10**12)
    some = [
        row({X: Fraction(1), Y: -tiny}, ">="),
        row({Y: Fraction(1), (): Fraction(-1)}, ">="),
        row({X: Fraction(-1), (): tiny / 2}, ">"),
    ]
    relaxation, hint = solved(some)
    assert isinstance(hint, Contradiction)
    assert only_multipliers([some[number] for number in hint.rows]) is None
    found = only_multipliers([some[number] for number in sorted({*hint.rows, *relaxation.binding()})])
    assert found is not None
    assert {id(one) for _, one in found} == set(map(id, some))
