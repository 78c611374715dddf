"""Obligations to verdicts: eliminate shocks, ask the solver, and have every refutation replayed."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.claims import ClaimSpec
from stratc_compiler.environment import Box
from stratc_compiler.expr import Formula, Not
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import GaveUp, Query, Sat, Unsat
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import (
    ClaimResult,
    Obligation,
    ObligationResult,
    Proved,
    Refuted,
    Unknown,
    Verdict,
)
from stratc_compiler.witness import find_scenario


@dataclass(frozen=True, slots=True)
class Prover:
    """Proves claims of one vault under one resource limit."""

    vault: Vault
    box: Box
    rlimit: int

    def claim(self, spec: ClaimSpec) -> ClaimResult:
        """Proved iff all obligations are; refuted iff one has a scenario that replays; otherwise unknown."""
        results = tuple(self._obligation(obligation, spec) for obligation in spec.obligations)
        return ClaimResult(spec.name, spec.text, overall(results), results, spec.span)

    def _obligation(self, obligation: Obligation, spec: ClaimSpec) -> ObligationResult:
        eliminated = eliminate(obligation)
        query = query_of(eliminated.obligation, self.rlimit)
        smtlib = query.smtlib()
        match query.solve():
            case Unsat():
                return ObligationResult(eliminated.obligation, Proved(), smtlib)
            case GaveUp(why):
                return ObligationResult(eliminated.obligation, Unknown(f"the solver gave up: {why}"), smtlib)
            case Sat():
                pass
        if not eliminated.exact:
            nonlinear = query_of(obligation, self.rlimit, linear=False)
            if isinstance(nonlinear.solve(), Unsat):
                return ObligationResult(obligation, Proved(), nonlinear.smtlib())
        return ObligationResult(eliminated.obligation, self._refute(eliminated.obligation, spec), smtlib)

    def _refute(self, obligation: Obligation, spec: ClaimSpec) -> Verdict:
        scenario = find_scenario(obligation, spec.about, self.vault, self.box, self.rlimit)
        if scenario is None:
            return Unknown("a counterexample over the reals was found, but none that replays in exact integers")
        return Refuted(scenario.broken, scenario, span=obligation.span)


def query_of(obligation: Obligation, rlimit: int, linear: bool = True) -> Query:
    """The query whose unsatisfiability is the obligation's proof."""
    formulas: tuple[Formula, ...] = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
    return Query((*formulas, Not(obligation.goal)), rlimit, linear)


def overall(results: tuple[ObligationResult, ...]) -> Verdict:
    """The first refutation, else the first unknown, else proved."""
    verdicts = [result.verdict for result in results]
    for kind in (Refuted, Unknown):
        for verdict in verdicts:
            if isinstance(verdict, kind):
                return verdict
    return Proved()
