"""The theorem of `arith._quotient`: the true quotient, or a revert where the divisor is zero or it is no word.

Every step is about values that the translator read out of arith.vy, by the names that they have there. In what follows
the product is P, the quotient q, the remainder r, W is 2^256.
"""

from __future__ import annotations

from itertools import pairwise

from library_proofs.bits import LOWEST_BIT, OR_IS_A_SUM
from library_proofs.lemmas import PRODUCTS_KEEP_EQUALITY, PRODUCTS_KEEP_ORDER, QUOTIENT_IS_UNIQUE, Argument
from library_proofs.meaning import Meaning
from library_proofs.solver import Unproved
from library_proofs.terms import MAX, WORD, Term, both, either, equal, implies, is_power, number, same_truth, unknown

THEOREM = "_quotient is the true quotient, or reverts where there is none"

X, Y, D = unknown("x"), unknown("y"), unknown("divisor")
P = X * Y
Q, R = P // D, P % D


def prove_quotient(function: Meaning) -> tuple[Argument, Argument]:
    """`function` is `_quotient` as it was read. Gives the arguments of both cases. Raises Unproved."""
    proof = Argument.about(THEOREM, function)
    x_is_word, y_is_word, d_is_word = function.domain
    low, high = function.local("low"), function.local("high")
    bounds = proof.show(
        "P fits 512 bits",
        both(P >= 0, P <= MAX * MAX),
        x_is_word,
        y_is_word,
        proof.use(PRODUCTS_KEEP_ORDER, a=X, b=MAX, c=Y),
        proof.use(PRODUCTS_KEEP_ORDER, a=0, b=X, c=Y),
    )
    split = proof.show(
        "P = high W + low",
        both(equal(P, high * WORD + low), high >= 0, high < WORD, low >= 0, low < WORD),
        bounds,
        *(function.defined(name) for name in ("low", "folded", "high")),
    )
    fits = proof.show(
        "the quotient is a word iff high < divisor",
        implies(D > 0, same_truth(high < D, Q < WORD)),
        d_is_word,
        split,
        bounds,
        proof.use(PRODUCTS_KEEP_ORDER, a=WORD, b=Q, c=D),
        proof.use(PRODUCTS_KEEP_ORDER, a=Q, b=MAX, c=D),
    )
    proof.show("it reverts nowhere else", same_truth(function.succeeds, both(D > 0, Q < WORD)), d_is_word, split, fits)
    positive = proof.show(
        "the quotient is not negative",
        implies(D > 0, Q >= 0),
        bounds,
        proof.use(PRODUCTS_KEEP_ORDER, a=Q, b=-1 * number(1), c=D),
    )

    narrow = proof.assume(D > 0, equal(high, 0))
    narrow.show(
        "a product of one word is divided as it is",
        equal(function.returned, Q),
        D > 0,
        equal(high, 0),
        split,
        narrow.use(QUOTIENT_IS_UNIQUE, n=low, d=D, q=Q, r=R),
    )
    wide = proof.assume(D > 0, high > 0, high < D, Q < WORD)
    _wide(wide, function, split, positive)
    return narrow, wide


def _wide(proof: Argument, function: Meaning, split: Term, positive: Term) -> None:
    """The case of two words."""
    domain = function.domain
    low, high = function.local("low.2"), function.local("high.2")
    exact = proof.show(
        "without the remainder, high W + low = q divisor",
        both(equal(high * WORD + low, Q * D), high >= 0, high < WORD, low >= 0, low < WORD),
        *domain,
        D > 0,
        function.local("high") > 0,
        split,
        *(function.defined(name) for name in ("remainder", "high.2", "low.2")),
    )
    bits_of_divisor = _lowest_bit(proof, function)
    odd_part = _odd_part(proof, function, exact, bits_of_divisor)
    inverse = _inverse(proof, function, bits_of_divisor)
    low, odd = function.local("low.3"), function.local("odd")
    result = function.local("high.2") // function.local("twos")
    rest = Q * ((odd * inverse - 1) // WORD) - result * inverse
    proof.show(
        "the product with the inverse is the quotient",
        equal(function.returned, Q),
        D > 0,
        function.local("high") > 0,
        Q < WORD,
        positive,
        odd_part,
        is_inverse(odd, inverse, WORD),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=low, b=Q * odd - result * WORD, c=inverse),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=odd * inverse, b=((odd * inverse - 1) // WORD) * WORD + 1, c=Q),
        proof.use(QUOTIENT_IS_UNIQUE, n=low * inverse, d=WORD, q=rest, r=Q),
    )


def _lowest_bit(proof: Argument, function: Meaning) -> Term:
    """divisor = twos odd and W = twos c, with an odd `odd` and a power of two c."""
    domain = function.domain
    twos, odd = function.local("twos"), function.local("odd")
    c = number(WORD) // twos
    negative = proof.show("-divisor is W - divisor", equal((number(0) - D) % WORD, WORD - D), *domain, D > 0)
    return proof.show(
        "`twos` is the largest power of two in the divisor",
        both(
            equal(D, twos * odd),
            *(equal(odd % 2, 1), odd > 0, odd < WORD),
            *(equal(number(WORD), twos * c), twos > 0, twos <= D, c >= 2, is_power(c)),
        ),
        *domain,
        D > 0,
        negative,
        function.defined("twos"),
        function.defined("odd"),
        proof.use(LOWEST_BIT, n=WORD, d=D, t=twos),
        proof.use(PRODUCTS_KEEP_ORDER, a=1, b=twos, c=odd),
        proof.use(PRODUCTS_KEEP_ORDER, a=1, b=odd, c=twos),
        proof.use(PRODUCTS_KEEP_ORDER, a=odd, b=0, c=twos),
    )


def _odd_part(proof: Argument, function: Meaning, exact: Term, bits_of_divisor: Term) -> Term:
    """After the division by `twos`, low = q odd modulo W, the multiple of W being high div twos."""
    twos, odd, lift = (function.local(name) for name in ("twos", "odd", "lift"))
    before, high, low = (function.local(name) for name in ("low.2", "high.2", "low.3"))
    c = number(WORD) // twos
    down, kept, moved = Q * odd - high * c, high % twos, high // twos
    lifted = proof.show(
        "`lift` is W div twos, modulo W",
        either(both(equal(twos, 1), equal(lift, 0), equal(c, WORD)), both(twos >= 2, equal(lift, c))),
        bits_of_divisor,
        *function.domain,
        function.defined("lift"),
        proof.use(QUOTIENT_IS_UNIQUE, n=(number(0) - twos) % WORD, d=twos, q=c - 1, r=0),
        proof.use(PRODUCTS_KEEP_ORDER, a=2, b=twos, c=c),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=twos, b=1, c=c),
    )
    shifted = proof.show(
        "`low` loses its last bits",
        both(equal(before // twos, down), down >= 0, down < c),
        exact,
        bits_of_divisor,
        proof.use(PRODUCTS_KEEP_EQUALITY, a=D, b=twos * odd, c=Q),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=number(WORD), b=twos * c, c=high),
        proof.use(PRODUCTS_KEEP_ORDER, a=c, b=down, c=twos),
        proof.use(PRODUCTS_KEEP_ORDER, a=down, b=-1, c=twos),
        proof.use(QUOTIENT_IS_UNIQUE, n=before, d=twos, q=down, r=0),
    )
    room = proof.show(
        "what comes down from `high` fits above them",
        both(kept >= 0, kept < twos, c * kept >= 0, c * kept <= WORD - c),
        bits_of_divisor,
        proof.use(PRODUCTS_KEEP_ORDER, a=0, b=kept, c=c),
        proof.use(PRODUCTS_KEEP_ORDER, a=kept, b=twos - 1, c=c),
    )
    raised = proof.show(
        "`high` gives its last bits",
        equal((high * lift) % WORD, c * kept),
        lifted,
        room,
        bits_of_divisor,
        exact,
        proof.use(PRODUCTS_KEEP_EQUALITY, a=lift, b=c, c=high),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=lift, b=0, c=high),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=high, b=moved * twos + kept, c=c),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=number(WORD), b=twos * c, c=moved),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=kept, b=0, c=c),
        proof.use(QUOTIENT_IS_UNIQUE, n=high * lift, d=WORD, q=moved, r=c * kept),
        proof.use(QUOTIENT_IS_UNIQUE, n=high * lift, d=WORD, q=0, r=c * kept),
    )
    joined = proof.show(
        "they are put together",
        both(equal(low, down + c * kept), low >= 0, low < WORD),
        *(shifted, raised, room, bits_of_divisor),
        *function.domain,
        function.defined("low.3"),
        proof.use(OR_IS_A_SUM, n=c, a=down, m=kept, size=WORD),
    )
    return proof.show(
        "low = q odd modulo W",
        both(equal(low, Q * odd - moved * WORD), low >= 0, low < WORD),
        joined,
        bits_of_divisor,
        proof.use(PRODUCTS_KEEP_EQUALITY, a=high, b=moved * twos + kept, c=c),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=number(WORD), b=twos * c, c=moved),
    )


def is_inverse(odd: Term, inverse: Term, size: int) -> Term:
    """odd inverse = 1 modulo the size."""
    return equal((odd * inverse - 1) % size, 0)


def _inverse(proof: Argument, function: Meaning, bits_of_divisor: Term) -> Term:
    """The last value of `inverse`, which is one modulo W: five bits at first, twice as many by each step."""
    odd = function.local("odd")
    names = [name for name in function.definitions if name.split(".")[0] == "inverse"]
    start = function.local("inverse")
    size = 2**5
    right = [_five_bits(proof, function, last) for last in range(1, size, 2)]
    proof.show("the inverse has 5 bits right at first", is_inverse(odd, start, size), bits_of_divisor, *right)
    for before, after in pairwise(names):
        old, new, more = function.local(before), function.local(after), min(size * size, WORD)
        error, e = (odd * old - 1) // size, odd * old
        inner = (2 - e % WORD) % WORD
        wrapped = e // WORD - (2 - e % WORD) // WORD
        quotient = (WORD // more) * (e * wrapped - odd * ((old * inner) // WORD)) - (
            size * size // more
        ) * error * error
        proof.show(
            f"the inverse has {min(more.bit_length() - 1, 256)} bits right",
            is_inverse(odd, new, more),
            is_inverse(odd, old, size),
            function.defined(after),
            proof.use(PRODUCTS_KEEP_EQUALITY, a=new, b=old * inner - WORD * ((old * inner) // WORD), c=odd),
            proof.use(PRODUCTS_KEEP_EQUALITY, a=inner, b=2 - e + WORD * wrapped, c=e),
            proof.use(PRODUCTS_KEEP_EQUALITY, a=e - 1, b=size * error, c=e - 1),
            proof.use(PRODUCTS_KEEP_EQUALITY, a=e - 1, b=size * error, c=error),
            proof.use(QUOTIENT_IS_UNIQUE, n=odd * new - 1, d=more, q=quotient, r=0),
        )
        size = more
    if size != WORD:
        raise Unproved(THEOREM, f"the inverse has only {size.bit_length() - 1} bits right")
    return function.local(names[-1])


def _five_bits(proof: Argument, function: Meaning, last: int) -> Term:
    """The first value of `inverse` for an odd number that ends in these five bits."""
    odd, start = function.local("odd"), function.local("inverse")
    inverse = pow(last, -1, 32)
    case = equal(odd % 32, last)
    ends = proof.show(
        f"3 odd ^ 2 ends as it should where odd ends in {last:05b}",
        implies(case, equal(start % 32, inverse)),
        function.defined("inverse"),
    )
    odd_split, start_split = (odd // 32) * 32 + last, (start // 32) * 32 + inverse
    return proof.show(
        f"the inverse has 5 bits right where odd ends in {last:05b}",
        implies(case, is_inverse(odd, start, 32)),
        ends,
        proof.use(PRODUCTS_KEEP_EQUALITY, a=odd, b=odd_split, c=start),
        proof.use(PRODUCTS_KEEP_EQUALITY, a=start, b=start_split, c=odd_split),
    )
