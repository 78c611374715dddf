"""Theorems of the runtime library: `arith`, and what `oracle` scales. Each is about the sources that it is given."""

from __future__ import annotations

from library_proofs.bits import OR_IS_NO_LESS
from library_proofs.known import Known
from library_proofs.lemmas import PRODUCTS_KEEP_ORDER, D, Lemma, N
from library_proofs.meaning import Meaning
from library_proofs.quotient import prove_quotient
from library_proofs.reading import Sources, constants, functions, largest_asserted, module
from library_proofs.solver import prove
from library_proofs.terms import (
    WORD,
    Term,
    bits,
    both,
    ceiling,
    difference,
    either,
    equal,
    implies,
    least,
    number,
    same_truth,
    unknown,
)
from library_proofs.translator import translate

X, Y, DIVISOR = unknown("x"), unknown("y"), unknown("divisor")

CEILING = Lemma(
    "a quotient rounded up is the least number that is not below it",
    implies(D > 0, both(ceiling(N, D) * D >= N, (ceiling(N, D) - 1) * D < N)),
)

DIFFERENCE = Lemma(
    "a difference that stops at zero",
    both(implies(N >= D, equal(difference(N, D), N - D)), implies(N <= D, equal(difference(N, D), 0))),
)
LEAST = Lemma(
    "the smaller of two",
    both(least(N, D) <= N, least(N, D) <= D, either(equal(least(N, D), N), equal(least(N, D), D))),
)
"""What these three mean: `MulDiv`, `Monus` and `Min` of the model, as what the contract calls."""

Promise = tuple[Term, tuple[tuple[Term, str], ...]]


def _quotient(x: Term, y: Term, divisor: Term) -> Promise:
    return _defined((x * y) // divisor, divisor)


def _rounded_up(x: Term, y: Term, divisor: Term) -> Promise:
    return _defined(ceiling(x * y, divisor), divisor)


def _defined(value: Term, divisor: Term) -> Promise:
    return value, ((divisor > 0, "divides by zero"), (value < WORD, "overflows"))


def _monus(left: Term, right: Term) -> Promise:
    return difference(left, right), ()


QUOTIENT = Known({"arith._quotient": _quotient})
"""What `mul_div_down` and `mul_div_up` may take for granted."""

ARITH = Known({"arith.mul_div_down": _quotient, "arith.mul_div_up": _rounded_up, "arith.monus": _monus})
"""What the theorems of this module say of `arith`: what the vault may take for granted."""


def arith(sources: Sources, name: str, known: Known | None = None) -> Meaning:
    """A function of arith.vy."""
    return translate(functions(module(sources, "contracts/arith.vy"))[name], known)


def quotient(sources: Sources) -> None:
    """`_quotient` is the true quotient, and reverts exactly where the divisor is zero or it is no word."""
    prove_quotient(arith(sources, "_quotient"))


def mul_div_down(sources: Sources) -> None:
    """`mul_div_down` is the quotient rounded down, and reverts exactly where there is none or it is no word."""
    keeps(arith(sources, "mul_div_down", QUOTIENT), _quotient(X, Y, DIVISOR), *_small(sources))


def mul_div_up(sources: Sources) -> None:
    """`mul_div_up` is the quotient rounded up, and reverts exactly where there is none or it is no word."""
    keeps(arith(sources, "mul_div_up", QUOTIENT), _rounded_up(X, Y, DIVISOR), *_small(sources))


def _small(sources: Sources) -> tuple[Term, ...]:
    """Where x, y and the divisor less one are found small together, each of them is, and their product is a word."""
    largest = constants(module(sources, "contracts/arith.vy"))["SMALL"] - 1
    return (
        OR_IS_NO_LESS.at(n=WORD, a=X, b=Y),
        OR_IS_NO_LESS.at(n=WORD, a=bits("bit_or", X, Y), b=(DIVISOR - 1) % WORD),
        PRODUCTS_KEEP_ORDER.at(a=X, b=largest, c=Y),
        PRODUCTS_KEEP_ORDER.at(a=0, b=X, c=Y),
    )


def monus(sources: Sources) -> None:
    """`monus` is the difference, or zero where that is negative; it never reverts."""
    keeps(arith(sources, "monus"), _monus(unknown("left"), unknown("right")))


def keeps(function: Meaning, promise: Promise, *lemmas: Term) -> None:
    """The function has the promised value, and reverts exactly where that is promised. Raises Unproved."""
    value, conditions = promise
    facts = (*function.facts, *lemmas)
    holds = both(*(condition for condition, _ in conditions))
    prove(f"{function.name}: reverts exactly where it should", facts, same_truth(function.succeeds, holds))
    prove(f"{function.name}: value", (*facts, function.succeeds), function.returned.same(value))


def model(_: Sources) -> None:
    """What is rounded up, a difference that stops at zero and the smaller of two are what their names say."""
    for lemma in (CEILING, DIFFERENCE, LEAST):
        lemma.prove()


def scaled(sources: Sources) -> None:
    """`oracle._scaled` is answer * 10^18 / 10^decimals rounded down, and does not revert for what `price` lets through.

    That is an answer up to LARGEST_ANSWER, and decimals up to those that `connect` lets through.
    """
    tree = module(sources, "contracts/oracle.vy")
    answer, largest = unknown("answer"), constants(tree)["LARGEST_ANSWER"]
    most = largest_asserted(functions(tree)["connect"], "decimals")
    for decimals in range(most + 1):
        read = translate(functions(tree)["_scaled"], given={"unit": number(10**decimals)})
        in_range = both(number(0) < answer, answer <= largest)
        name = f"{read.name}, {decimals} decimals"
        prove(f"{name}: reverts nowhere in range", (*read.facts, in_range), read.succeeds)
        value = (answer * 10**18) // number(10**decimals)
        prove(f"{name}: value", (*read.facts, in_range), equal(read.returned, value))


THEOREMS = {one.__name__: one for one in (model, quotient, mul_div_down, mul_div_up, monus, scaled)}
