"""The same strategy, the same verdicts and the same certificate: whatever the seeds, and however many processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import pytest
import z3  # noqa: TID251 - its seeds are the process's own, and no business of the compiler

from proofs.said import named
from stratc_compiler import lp
from stratc_compiler.cases import Allowance
from stratc_compiler.driver import Options, verify
from stratc_compiler.expr import Formula
from stratc_compiler.verdict import Verification

TESTS = Path(__file__).parents[1]
SEEDS = range(10)
FEW = range(4)
"""In every run; the long one takes all of them."""

PARAMETERS = ("smt.random_seed", "sat.random_seed", "nlsat.seed")

PROVED, REFUTED, UNKNOWN = "100000", "100018", "100001"
"""Small ones: all is proved of the first; the other two are not decided by guesses, but by models or by none."""


def said(seed: int, name: str) -> str:
    """The certificate that a new process makes, with this seed for Python's hashes, of one process or two."""
    command = [sys.executable, "proofs/said.py", str(1 + seed % 2), name]
    settings = {**os.environ, "PYTHONPATH": str(TESTS), "PYTHONHASHSEED": str(seed)}
    return subprocess.run(command, cwd=TESTS, env=settings, capture_output=True, text=True, check=True).stdout


def test_hashes_and_processes_change_no_byte() -> None:
    answers = {said(seed, PROVED) for seed in FEW}
    assert len(answers) == 1
    assert '"verdict": "proved"' in answers.pop()


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", ["treasury", "eth_carry", PROVED, REFUTED, UNKNOWN])
def test_hashes_and_processes_change_no_byte_of_an_example(name: str) -> None:
    assert len({said(seed, name) for seed in SEEDS}) == 1


@pytest.fixture
def seeds(monkeypatch: pytest.MonkeyPatch) -> Iterator[Iterator[int]]:
    """Solvers with one seed after the other."""

    def one_by_one() -> Iterator[int]:
        for seed in SEEDS:
            for parameter in PARAMETERS:
                z3.set_param(parameter, seed)
            with monkeypatch.context() as patched:
                patched.setattr(lp, "OPTIONS", (*lp.OPTIONS, ("random_seed", seed)))
                yield seed

    yield one_by_one()
    for parameter in PARAMETERS:
        z3.set_param(parameter, 0)


def verdicts(verification: Verification) -> list[tuple[str, str]]:
    return [(claim.name, type(claim.verdict).__name__) for claim in verification.claims]


@pytest.mark.parametrize(("name", "kind"), [(PROVED, "Proved"), (REFUTED, "Refuted"), (UNKNOWN, "Unknown")])
def test_seeds_of_solvers_change_no_verdict(
    name: str, kind: str, seeds: Iterator[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Solvers go other ways, and find other proofs and other models, of the same claims."""
    asked: list[Sequence[Formula]] = []
    look = Allowance.found
    monkeypatch.setattr(Allowance, "found", lambda self, formulas: asked.append(formulas) or look(self, formulas))
    found = [verify(*named(name), Options(workers=1)) for _ in islice(seeds, len(FEW))]
    assert len(found) == len(FEW)
    assert all(verdicts(one) == verdicts(found[0]) for one in found)
    assert any(one != found[0] for one in found)
    assert kind in {verdict for _, verdict in verdicts(found[0])}
    assert bool(asked) == (kind != "Proved")  # of what is proved no model is looked for


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("name", ["treasury", "eth_carry", PROVED, REFUTED, UNKNOWN])
def test_seeds_of_solvers_change_no_verdict_of_an_example(name: str, seeds: Iterator[int]) -> None:
    found = [verdicts(verify(*named(name), Options(workers=1))) for _ in seeds]
    assert found == [found[0]] * len(SEEDS)
