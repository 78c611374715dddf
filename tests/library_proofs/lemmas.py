"""Lemmas, proved once to be used at any terms, and arguments: claims that follow from facts that are established."""

from __future__ import annotations

from dataclasses import dataclass, field

from library_proofs.meaning import Meaning
from library_proofs.solver import prove
from library_proofs.terms import Term, both, equal, implies, is_power, number, replaced, term, unknown, unknowns


@dataclass(frozen=True, slots=True)
class Lemma:
    """`statement` holds whatever integers its unknowns are: so says Z3."""

    name: str
    statement: Term

    def at(self, **terms: Term | int) -> Term:
        """The statement of these terms, each of its unknowns given one. Raises Unproved."""
        names = set(unknowns([self.statement]))
        assert set(terms) == names, f"{self.name} speaks of {sorted(names)}"
        if self not in _PROVED:
            self.prove()
            _PROVED.add(self)
        return self.instance({name: term(one) for name, one in terms.items()})

    def prove(self) -> None:
        prove(self.name, (), self.statement)

    def instance(self, terms: dict[str, Term]) -> Term:
        return replaced(self.statement, terms)


@dataclass(frozen=True, slots=True)
class Induction(Lemma):
    """`statement` holds for every power of two `n`: for 1 by the facts `base`, and for 2n where it does for n.

    The step may use the statement for n at other terms (`hypotheses`), and the facts `step`.
    """

    base: tuple[Term, ...] = ()
    hypotheses: tuple[tuple[tuple[str, Term], ...], ...] = ()
    step: tuple[Term, ...] = ()

    def prove(self) -> None:
        n = unknown("n")
        prove(f"{self.name}, for 1", self.base, replaced(self.statement, {"n": number(1)}))
        assumed = (replaced(self.statement, dict(one)) for one in self.hypotheses)
        powers = (is_power(n), is_power(2 * n), n >= 1)
        prove(f"{self.name}, for 2n", (*powers, *assumed, *self.step), replaced(self.statement, {"n": 2 * n}))

    def instance(self, terms: dict[str, Term]) -> Term:
        return implies(is_power(terms["n"]), replaced(self.statement, terms))


_PROVED: set[Lemma] = set()


@dataclass(slots=True)
class Argument:
    """A theorem's proof, step by step: each step follows from what was established before, and from no more."""

    theorem: str
    established: set[Term] = field(default_factory=set)

    @staticmethod
    def about(theorem: str, meaning: Meaning) -> Argument:
        """What is known of a function: its unknowns are words, its names have their values."""
        return Argument(theorem, set(meaning.facts))

    def assume(self, *conditions: Term) -> Argument:
        """The same in a case; what follows there is stated with its conditions by `conclude`."""
        return Argument(self.theorem, {*self.established, *conditions})

    def use(self, lemma: Lemma, **terms: Term | int) -> Term:
        fact = lemma.at(**terms)
        self.established.add(fact)
        return fact

    def show(self, step: str, claim: Term, *facts: Term) -> Term:
        """The claim follows from the facts, by Z3. Raises Unproved, which names theorem and step."""
        for fact in facts:
            assert fact in self.established, f"{self.theorem}, {step}: {fact} is not established"
        prove(f"{self.theorem}: {step}", facts, claim)
        self.established.add(claim)
        return claim


A, B, C, D, N, Q, R = (unknown(name) for name in ("a", "b", "c", "d", "n", "q", "r"))

PRODUCTS_KEEP_ORDER = Lemma("a <= b and 0 <= c give a c <= b c", implies(both(A <= B, number(0) <= C), A * C <= B * C))
PRODUCTS_KEEP_EQUALITY = Lemma("a = b gives a c = b c", implies(equal(A, B), equal(A * C, B * C)))
QUOTIENT_IS_UNIQUE = Lemma(
    "n = q d + r and 0 <= r < d give q = n div d, r = n mod d",
    implies(
        both(equal(N, Q * D + R), number(0) <= R, R < D),
        both(equal(N // D, Q), equal(N % D, R)),
    ),
)
