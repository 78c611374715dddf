"""What `&` and `|` do, proved by induction on the number of bits from how they are defined bit by bit.

The definition: of 2a + i and 2b + j, i and j being bits, the last bit of the result is that of i and j, and the rest is
the result of a and b; of nothing and nothing it is nothing.
"""

from __future__ import annotations

from library_proofs.lemmas import PRODUCTS_KEEP_EQUALITY, QUOTIENT_IS_UNIQUE, A, B, D, Induction, N
from library_proofs.terms import Term, bits, both, equal, implies, is_power, number, term, unknown

E, M, T = (unknown(name) for name in "emt")


def definition(op: str, a: Term | int, b: Term | int) -> tuple[Term, ...]:
    """The definition at 2a + i and 2b + j, for all bits i and j."""
    a, b = term(a), term(b)
    return tuple(
        equal(bits(op, 2 * a + i, 2 * b + j), 2 * bits(op, a, b) + (i & j if op == "bit_and" else i | j))
        for i in (0, 1)
        for j in (0, 1)
    )


def of_nothing(op: str) -> Term:
    """The definition at 0 and 0."""
    return equal(Term(op, (number(0), number(0))), 0)


HALF, LAST = D // 2, D % 2

COMPLEMENT = Induction(
    "d and its complement share no bit",
    implies(both(number(0) <= D, D < N), equal(bits("bit_and", N - 1 - D, D), 0)),
    base=(of_nothing("bit_and"),),
    hypotheses=((("d", HALF),),),
    step=definition("bit_and", N - 1 - HALF, HALF),
)

LOWEST_BIT = Induction(
    "d and -d share the lowest bit of d",
    implies(
        both(number(0) < D, D < N, equal(T, bits("bit_and", N - D, D))),
        both(
            number(0) < T,
            equal(D % T, 0),
            equal((D // T) % 2, 1),
            equal(N % T, 0),
            N // T >= 2,
            is_power(N // T),
        ),
    ),
    # For an even d the lowest bit is twice that of its half; for an odd one it is 1.
    hypotheses=((("d", HALF), ("t", bits("bit_and", N - HALF, HALF))),),
    step=(
        *definition("bit_and", N - HALF, HALF),
        *definition("bit_and", N - 1 - HALF, HALF),
        COMPLEMENT.at(n=N, d=HALF),
        *(
            fact
            for whole, part in ((D, HALF), (2 * N, N))
            for t in (bits("bit_and", N - HALF, HALF),)
            for fact in (
                PRODUCTS_KEEP_EQUALITY.at(a=T, b=2 * t, c=part // t),
                QUOTIENT_IS_UNIQUE.at(n=whole, d=T, q=part // t, r=0),
                PRODUCTS_KEEP_EQUALITY.at(a=T, b=1, c=whole),
                QUOTIENT_IS_UNIQUE.at(n=whole, d=T, q=whole, r=0),
            )
        ),
    ),
)

OR_WITH_NOTHING = Induction(
    "0 | m = m",
    implies(both(number(0) <= M, M < N), equal(bits("bit_or", number(0), M), M)),
    base=(of_nothing("bit_or"),),
    hypotheses=((("m", M // 2),),),
    step=definition("bit_or", 0, M // 2),
)

_SIZE = unknown("size")

OR_IS_A_SUM = Induction(
    "a | n m = a + n m where a < n",
    implies(
        both(number(0) <= A, A < N, number(0) <= M, M < _SIZE, is_power(_SIZE)),
        equal(bits("bit_or", A, N * M), A + N * M),
    ),
    base=(OR_WITH_NOTHING.at(n=_SIZE, m=M),),
    hypotheses=((("a", A // 2),),),
    step=definition("bit_or", A // 2, N * M),
)

_EITHER = bits("bit_or", A, B)

OR_IS_NO_LESS = Induction(
    "a | b is no less than either, and has no more bits",
    implies(both(number(0) <= A, A < N, number(0) <= B, B < N), both(_EITHER >= A, _EITHER >= B, _EITHER < N)),
    base=(of_nothing("bit_or"),),
    hypotheses=((("a", A // 2), ("b", B // 2)),),
    step=definition("bit_or", A // 2, B // 2),
)
