"""How proofs scale, beside Z3 given the same claim as it stands; what checking them takes; whole examples.

Prints; asserts nothing but that what should be proved is.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TypeVar

import z3  # noqa: TID251 - what the search is compared with

from stratc.analysis import load
from stratc_checker import proof as checker
from stratc_checker.proof import Context
from stratc_checker.query import Reader
from stratc_compiler.audit import audit
from stratc_compiler.certificate import certificate_json
from stratc_compiler.claims import ClaimSpec, claims_of
from stratc_compiler.driver import Options, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Add, Cmp, Expr, Formula, Mul, Not, Rel, Sub, number
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.relax import ZERO, real
from stratc_compiler.smtlib import script
from stratc_compiler.verdict import Derivation, Hypothesis, Obligation

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
HEDGES = (
    EXAMPLES / "short_ether.strat",
    ROOT / "tests" / "vyper_target" / "hedged_staking.strat",
    ROOT / "tests" / "proofs" / "hedged_range.strat",
)
PATIENCE = 20
"""Seconds after which Z3 is not waited for any longer."""

T = TypeVar("T")


def main() -> None:
    sizes("survives: shocked collaterals in one loan", "n", loan, (4, 8, 16, 32, 64, 128, 256))
    sizes("drawdown: hedged pairs of liquidity, value 2 L t + q (1 - t^2)", "k", hedged, (1, 2, 3, 4, 8, 16, 32))
    hedges()
    examples()


def loan(count: int) -> Obligation:
    """Collaterals at thresholds of 80 to 89%, each -20 .. +20% and its amount -1 .. +1%; interest; health from 1.35."""
    facts: list[Formula] = []
    before: Expr = ZERO
    after: Expr = ZERO
    for index in range(count):
        held, moved, price, growth = (real(f"{name}{index}") for name in ("held", "moved", "price", "growth"))
        facts += [Cmp(held, Rel.GE, ZERO), Cmp(moved, Rel.EQ, Mul(Mul(held, growth), price))]
        facts += _within(price, "0.8", "1.2") + _within(growth, "0.99", "1.01")
        threshold = number(Fraction(80 + index % 10, 100))
        before, after = Add(before, Mul(threshold, held)), Add(after, Mul(threshold, moved))
    debt, owed, interest = (real(name) for name in ("debt", "owed", "interest"))
    facts += [Cmp(debt, Rel.GE, number(1)), Cmp(owed, Rel.EQ, Mul(debt, interest)), *_within(interest, "1", "1.001")]
    facts.append(Cmp(before, Rel.GE, Mul(number(Fraction("1.35")), debt)))
    return _obligation(facts, Cmp(after, Rel.GE, owed))


def hedged(count: int) -> Obligation:
    """Liquidity hedged to within 5%, t (the root of the price's move) 0.8 .. 1.2: at most 7% is lost."""
    facts: list[Formula] = []
    before: Expr = ZERO
    after: Expr = ZERO
    for index in range(count):
        liquidity, hedge, t = (real(f"{name}{index}") for name in ("L", "q", "t"))
        facts += [Cmp(liquidity, Rel.GE, ZERO), Cmp(hedge, Rel.GE, ZERO), *_within(t, "0.8", "1.2")]
        facts += [Cmp(hedge, Rel.GE, Mul(number(Fraction("0.95")), liquidity))]
        facts += [Cmp(hedge, Rel.LE, Mul(number(Fraction("1.05")), liquidity))]
        value = Add(Mul(Mul(number(2), liquidity), t), Mul(hedge, Sub(number(1), Mul(t, t))))
        before, after = Add(before, Mul(number(2), liquidity)), Add(after, value)
    return _obligation(facts, Cmp(after, Rel.GE, Mul(number(Fraction("0.93")), before)))


def _within(factor: Expr, low: str, high: str) -> list[Formula]:
    return [Cmp(factor, Rel.GE, number(Fraction(low))), Cmp(factor, Rel.LE, number(Fraction(high)))]


def _obligation(facts: list[Formula], goal: Formula) -> Obligation:
    return Obligation("benchmark", "benchmark", "", tuple(Hypothesis("given", fact) for fact in facts), goal)


def sizes(title: str, letter: str, build: Callable[[int], Obligation], counts: tuple[int, ...]) -> None:
    """One line for each size: search with checked proof, the check alone, Z3 with the claim as it stands."""
    print(f"{title}\n{letter:>5} {'proved':>9} {'checked':>9} {'Z3 alone':>10}  ratio")
    for count in counts:
        obligation = build(count)
        (answered,), proving = timed(lambda asked=obligation: answer(*tasks_of((asked,), Effort())))
        assert isinstance(answered.evidence, Derivation)
        _, checking = timed(lambda held=answered.evidence: checked([held]))
        said, alone = z3_alone(obligation)
        ratio = f"{alone / proving:,.0f}" if said == "unsat" else f"> {alone / proving:,.0f}"
        print(f"{count:>5} {proving:>7.3f} s {checking:>7.3f} s {alone:>8.2f} s  {ratio} ({said})")


def z3_alone(obligation: Obligation, patience: float = PATIENCE) -> tuple[str, float]:
    solver = z3.Solver()
    solver.set("timeout", max(1, int(patience * 1000)))
    facts = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
    solver.from_string(script((*facts, Not(obligation.goal))))
    said, taken = timed(solver.check)
    return str(said), taken


def hedges() -> None:
    """Each claim of strategies that hedge: all that it asks, one question after another, in this process."""
    print(f"{'claims of hedges':<28} {'asked':>6} {'proved':>9} {'checked':>9} {'Z3 alone':>10}  Z3 decides")
    for file in HEDGES:
        (model,) = load(str(file)).models
        print(file.name)
        for claim in claims_of(model.vault, box_of(model.vault)):
            hedge(claim)


def hedge(claim: ClaimSpec) -> None:
    """One line; Z3 is given each obligation as it stands, and the same patience for all of them together."""
    answers, proving = timed(lambda: [one for task in tasks_of(claim.obligations, Effort()) for one in answer(task)])
    held = [one.evidence for one in answers if isinstance(one.evidence, Derivation)]
    _, checking = timed(lambda: checked(held))
    decided, alone = 0, 0.0
    for obligation in claim.obligations:
        said, taken = z3_alone(obligation, PATIENCE - alone)
        decided, alone = decided + (said == "unsat"), alone + taken
        if alone >= PATIENCE:
            break
    asked = len(claim.obligations)
    ratio = f"{alone / proving:,.0f}" if decided == asked else f"> {alone / proving:,.0f}"
    print(
        f"  {claim.name:<26} {asked:>6} {proving:>7.3f} s {checking:>7.3f} s {alone:>8.2f} s  "
        f"{decided} of {asked}, ratio {ratio}"
    )


def examples() -> None:
    """Every claim of each example: proved, every proof checked by the checker alone, the certificate audited, each in
    this process and in its processor's seconds; proved by two processes, in seconds that pass."""
    print(f"{'all claims':<28} {'1 process':>9} {'2':>8} {'checked':>9} {'audited':>9}  of proving in one process")
    for file in sorted(EXAMPLES.glob("*.strat")):
        (model,) = load(str(file)).models
        verification, one = timed(lambda m=model: verify(m.vault, m.source, Options(workers=1)), time.process_time)
        _, two = timed(lambda m=model: verify(m.vault, m.source, Options(workers=2)))
        evidence = (result.evidence for claim in verification.claims for result in claim.obligations)
        held = [one for one in evidence if isinstance(one, Derivation)]
        _, checking = timed(lambda all_=held: checked(all_), time.process_time)
        document = json.loads(certificate_json(verification))
        forget()
        _, audited = timed(lambda d=document, m=model: audit(d, m.vault, m.source), time.process_time)
        print(
            f"{file.name:<28} {one:>7.2f} s {two:>6.2f} s {checking:>7.3f} s {audited:>7.3f} s  "
            f"{checking / one:.0%} and {audited / one:.0%}"
        )


def checked(proofs: Sequence[Derivation]) -> None:
    """Each proof checked once, by the checker alone: it reads what the proofs know, and what is asked."""
    forget()
    reader = Reader()
    contexts = {text: Context(text, reader) for text in dict.fromkeys(one.query.context for one in proofs)}
    for query, proof in {one.query: one.proof for one in proofs}.items():
        contexts[query.context].check(query.goal, proof)


def forget() -> None:
    """What the checker keeps between proofs: whoever audits begins with none of it."""
    for memo in (checker._added, checker._product, checker._variable, checker._fraction):
        memo.cache_clear()


def timed(work: Callable[[], T], clock: Callable[[], float] = time.perf_counter) -> tuple[T, float]:
    """What the work gives, and the seconds that it took; of `time.process_time`, the processor's in this process."""
    started = clock()
    done = work()
    return done, clock() - started


if __name__ == "__main__":
    sys.exit(main())
