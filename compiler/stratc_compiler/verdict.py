"""Obligations, verdicts and what a whole verification says. Data only; no solver terms."""

from __future__ import annotations

from typing import Any

from stratc_compiler.expr import Formula
from stratc_compiler.guardian import Guardian as Guardian
from stratc_compiler.vault import Vault
from stratc_dsl.record import Record
from stratc_dsl.span import Placed, Source


class GuardedAssumption(Placed):
    """One thing the proofs rest on. `text` is in the strategy's words; implied ones have no place in the source."""

    id: str
    text: str
    guardian: Guardian
    how: str
    written: bool


class Hypothesis(Record):
    """A formula that may be used, and the assumption or state predicate it comes from."""

    label: str
    formula: Formula


class Obligation(Placed):
    """Holds iff `hypotheses` and not `goal` together are unsatisfiable over the reals.

    `id` is stable across edits elsewhere: "recovers/rebalance/funds/3". With `witness` set the claim is the opposite:
    that there is a model, and that one was replayed in exact integers.
    """

    id: str
    claim: str
    text: str
    hypotheses: tuple[Hypothesis, ...]
    goal: Formula
    witness: bool = False


class Used(Record):
    """An assumption that a scenario makes use of, `fully` if to the edge of what it allows."""

    assumption: GuardedAssumption
    fully: bool


class Scenario(Record):
    """A replayed counterexample: lines of (label, text) for people, and the exact integers for machines.

    `settled` and `after` map variable names of the model to integers (see `vault.py` for units). `rules` are those that
    the keeper began in it, by name, and last the one that is due again, where that is what breaks.
    """

    lines: tuple[tuple[str, str], ...]
    settled: dict[str, int]
    after: dict[str, int]
    broken: str
    assumptions: tuple[Used, ...] = ()
    rules: tuple[str, ...] = ()


class Proved(Record):
    pass


class Refuted(Placed):
    """`scenario` is None only where the claim is that something can happen and it provably cannot."""

    why: str
    scenario: Scenario | None
    help: str | None = None


class Unknown(Record):
    why: str


Verdict = Proved | Refuted | Unknown


class Query(Record):
    """Two texts of SMT-LIB 2 assertions: what is known, and the negation of the goal. Unsatisfiable: the goal holds."""

    context: str
    goal: str


class Derivation(Record):
    """A proof that `stratc_checker` has accepted, and the numbers of the hypotheses that it uses."""

    query: Query
    proof: dict[str, Any]
    uses: frozenset[int]


class SolverSays(Record):
    """The solver's word alone: a proof for the checker was not found."""

    query: Query


class Round(Record):
    """A round in exact integers: a settled state, the state at a moment of it, and the flows between (base units).

    As evidence of a witness obligation it was replayed: there is such a round.
    """

    settled: dict[str, int]
    moment: dict[str, int]
    deposited: int
    withdrawn: int


Evidence = Derivation | SolverSays | Round


class ObligationResult(Record):
    """`evidence` is there iff the verdict is `Proved`."""

    obligation: Obligation
    verdict: Verdict
    evidence: Evidence | None = None


class ClaimResult(Placed):
    """One claim of the strategy: `name` ("survives", "safe(aave)"), what it says, and the verdict over its parts."""

    name: str
    text: str
    verdict: Verdict
    obligations: tuple[ObligationResult, ...]

    @property
    def on_solver_alone(self) -> tuple[str, ...]:
        """Ids of the obligations of which there is no proof to check: Z3 says that they hold, and nobody else."""
        return tuple(one.obligation.id for one in self.obligations if isinstance(one.evidence, SolverSays))


class Verification(Record):
    """Everything that one run says about one strategy."""

    vault: Vault
    source: Source
    claims: tuple[ClaimResult, ...]
    assumptions: tuple[GuardedAssumption, ...]

    @property
    def proved(self) -> bool:
        return all(isinstance(claim.verdict, Proved) for claim in self.claims)
