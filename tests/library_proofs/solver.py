"""Claims about integers put to Z3, never as bit-vectors.

Before the solver sees a term, its products are multiplied out, exactly, and each division is replaced by a quotient and
a remainder with the facts that define them. So what it has to find is mostly linear; where that does not do, a proof
hands it instances of lemmas (`lemmas`). An answer is a matter of a resource limit, not of seconds.

Nonlinear questions are a matter of luck too: what is found at once in a fresh process may be missed in one that has
asked others before. So what stays undecided is asked again from other random seeds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import z3

from library_proofs.terms import Term, negated

RLIMIT = 20_000_000
SEEDS = range(4)


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: whether a claim follows from facts."""

    theorem: str
    facts: tuple[Term, ...]
    claim: Term


PROVED: list[Question] = []
"""Everything that was proved, for those who look whether the facts can be true at all."""


_REFUTED: set[str] = set()
"""What has no solution, says the solver. It is not asked again: most steps about a faulty source are sound."""


class Unproved(Exception):
    """A theorem does not hold, or nobody knows. `values` are those of a counterexample where there is one."""

    def __init__(self, theorem: str, why: str, values: Mapping[str, int] | None = None) -> None:
        shown = ", ".join(f"{name} = {value}" for name, value in (values or {}).items())
        super().__init__(f"{theorem}: {why}{': ' if shown else ''}{shown}")
        self.theorem, self.why, self.values = theorem, why, dict(values or {})


def prove(theorem: str, facts: tuple[Term, ...], claim: Term) -> None:
    """The claim follows from the facts. Raises Unproved: refuted by a model of the solver, or not decided."""
    printer = _Printer()
    asserted = [printer.truth(fact) for fact in (*facts, negated(claim))]
    text = "\n".join(printer.declarations(asserted))
    if text in _REFUTED:
        PROVED.append(Question(theorem, facts, claim))
        return
    solver, answer = _asked(text)
    if answer == z3.unsat:
        _REFUTED.add(text)
        PROVED.append(Question(theorem, facts, claim))
        return
    if answer == z3.unknown:
        raise Unproved(theorem, f"not decided ({solver.reason_unknown()})")
    model = solver.model()
    values = {
        str(one.name()): model[one].as_long()
        for one in model.decls()
        if one.arity() == 0 and z3.is_int_value(model[one]) and "#" not in str(one.name())
    }
    raise Unproved(theorem, "refuted", values)


def _asked(text: str) -> tuple[z3.Solver, z3.CheckSatResult]:
    """What the solver says, from the first seed that decides."""
    for seed in SEEDS:
        solver = z3.Solver(ctx=z3.Context())
        solver.set("rlimit", RLIMIT)
        solver.set("random_seed", seed)
        solver.from_string(text)
        answer = solver.check()
        if answer != z3.unknown:
            break
    return solver, answer


Sum = dict[tuple[str, ...], int]
"""A polynomial: to each product of atoms, in order, its coefficient. An atom is text that the solver reads."""


@dataclass(slots=True)
class _Printer:
    """Terms as SMT-LIB text. Equal divisions and equal choices share their unknowns."""

    declared: dict[str, str] = field(default_factory=dict)
    defined: list[str] = field(default_factory=list)
    shared: dict[tuple[str, ...], str] = field(default_factory=dict)
    sums: dict[Term, Sum] = field(default_factory=dict)

    def declarations(self, asserted: list[str]) -> list[str]:
        return [
            "(declare-fun bit_and (Int Int) Int)",
            "(declare-fun bit_or (Int Int) Int)",
            "(declare-fun is_power (Int) Bool)",
            *(f"(declare-const {name} {sort})" for name, sort in self.declared.items()),
            *(f"(assert {line})" for line in (*self.defined, *asserted)),
        ]

    def truth(self, given: Term) -> str:
        match given:
            case Term("truth", _, value):
                return "true" if value else "false"
            case Term("unknown", _, name):
                return self._declare(str(name), "Bool")
            case Term("not", (inner,)):
                return f"(not {self.truth(inner)})"
            case Term("and", parts):
                return f"(and {' '.join(self.truth(part) for part in parts)})"
            case Term("is_power", (inner,)):
                return f"(is_power {self.text(inner)})"
            case Term("<" | "<=" | "=", (left, right)):
                # One side less the other, so that what is equal cancels.
                return f"({given.op} {_text(_plus(self.sum(left), self.sum(right), -1))} 0)"
            case _:
                raise TypeError(f"no truth value: {given}")

    def text(self, given: Term) -> str:
        return _text(self.sum(given))

    def sum(self, given: Term) -> Sum:
        if given not in self.sums:
            self.sums[given] = self._sum(given)
        return self.sums[given]

    def _sum(self, given: Term) -> Sum:
        match given:
            case Term("number", _, value):
                return {(): int(value)} if value else {}
            case Term("unknown", _, name):
                return {(self._declare(str(name), "Int"),): 1}
            case Term("+", (left, right)):
                return _plus(self.sum(left), self.sum(right), 1)
            case Term("-", (left, right)):
                return _plus(self.sum(left), self.sum(right), -1)
            case Term("*", (left, right)):
                return _product(self.sum(left), self.sum(right))
            case Term("bit_and" | "bit_or" as op, (left, right)):
                return {(f"({op} {self.text(left)} {self.text(right)})",): 1}
            case Term("div" | "mod" as op, (left, right)):
                return {(self._division(op, left, right),): 1}
            case Term("choice", (condition, then, otherwise)):
                return {(self._choice(self.truth(condition), self.text(then), self.text(otherwise)),): 1}
            case _:
                raise TypeError(f"no number: {given}")

    def _declare(self, name: str, sort: str) -> str:
        quoted = f"|{name}|"
        assert self.declared.setdefault(quoted, sort) == sort
        return quoted

    def _division(self, op: str, left: Term, right: Term) -> str:
        dividend, divisor = self.sum(left), self.sum(right)
        key = ("division", _text(dividend), _text(divisor))
        if key not in self.shared:
            count = str(len(self.shared))
            self.shared[key] = count
            quotient, rest = self._declare(f"#div{count}", "Int"), self._declare(f"#mod{count}", "Int")
            again = _plus(_product({(quotient,): 1}, divisor), {(rest,): 1}, 1)
            within = f"(and (<= 0 {rest}) (< {rest} {key[2]}))"
            self.defined.append(f"(=> (< 0 {key[2]}) (and (= {key[1]} {_text(again)}) {within}))")
            self.defined.append(f"(=> (= 0 {key[2]}) (and (= 0 {quotient}) (= 0 {rest})))")
        return f"|#{op}{self.shared[key]}|"

    def _choice(self, condition: str, then: str, otherwise: str) -> str:
        key = ("choice", condition, then, otherwise)
        if key not in self.shared:
            self.shared[key] = self._declare(f"#choice{len(self.shared)}", "Int")
            self.defined.append(f"(= {self.shared[key]} (ite {condition} {then} {otherwise}))")
        return self.shared[key]


def _plus(left: Sum, right: Sum, factor: int) -> Sum:
    total = {atoms: left.get(atoms, 0) + factor * right.get(atoms, 0) for atoms in (*left, *right)}
    return {atoms: coefficient for atoms, coefficient in total.items() if coefficient}


def _product(left: Sum, right: Sum) -> Sum:
    total: Sum = {}
    for a, m in left.items():
        for b, n in right.items():
            total = _plus(total, {tuple(sorted(a + b)): m * n}, 1)
    return total


def _text(given: Sum) -> str:
    terms = [_monomial(atoms, given[atoms]) for atoms in sorted(given)]
    return terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})" if terms else "0"


def _monomial(atoms: tuple[str, ...], coefficient: int) -> str:
    factor = str(coefficient) if coefficient >= 0 else f"(- {-coefficient})"
    if not atoms:
        return factor
    return atoms[0] if coefficient == 1 and len(atoms) == 1 else f"(* {factor} {' '.join(atoms)})"
