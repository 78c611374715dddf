"""Verify random strategies and attack what is proved: `python tests/fuzzing/proofs.py 10000`. Ends at the first fault.

Every strategy that is done is a line of the log; numbers that stand there are not done again. What is printed are the
figures of the whole log: what was generated, proved, refuted, unknown and why, and how often proofs were attacked.
"""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from fuzzing.attack import Broken, attack, claims
from fuzzing.invented import invented
from stratc_compiler.driver import Options, model, verify
from stratc_compiler.errors import Unsupported
from stratc_compiler.verdict import SolverSays, Unknown, Verdict, Verification
from stratc_dsl import Severity, parse_strategies
from stratc_targets.venues import venue_factories

TRIES = 40
"""Rounds that are tried against each claim that was proved."""

ONE_PROCESS = Options(workers=1)


@dataclass
class Examined:
    """One strategy: why it was refused, or verdicts and causes by kind of claim, and what the attack met."""

    name: str
    refused: str = ""
    verdicts: list[tuple[str, str, str]] = field(default_factory=list)
    by_solver: int = 0
    rounds: int = 0
    untouched: list[str] = field(default_factory=list)
    seconds: float = 0.0
    fault: str = ""


def main(arguments: Sequence[str]) -> int:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int, help="how many strategies, those of the log included")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument("--log", type=Path, default=Path("build/fuzz-proofs.jsonl"))
    given = parser.parse_args(arguments)
    given.log.parent.mkdir(parents=True, exist_ok=True)
    done = logged(given.log)
    given.log.write_text("".join(_line(number, one) for number, one in done.items()), encoding="utf-8")
    numbers = [number for number in range(given.first, given.first + given.count) if number not in done]
    with given.log.open("a", encoding="utf-8") as log:
        for number, one in _each(numbers, given.workers):
            done[number] = one
            log.write(_line(number, one))
            log.flush()
            if one.fault:
                print(f"strategy {number}: {one.fault}\n{invented(number).text}")
                break
    print(figures(list(done.values())))
    return 1 if any(one.fault for one in done.values()) else 0


def _each(numbers: list[int], workers: int) -> Iterator[tuple[int, Examined]]:
    with ProcessPoolExecutor(workers) as pool:
        try:
            yield from zip(numbers, pool.map(partial(examine, tries=TRIES), numbers), strict=True)
        finally:
            pool.shutdown(cancel_futures=True)


def _line(number: int, one: Examined) -> str:
    return json.dumps({"number": number, **asdict(one)}) + "\n"


def logged(log: Path) -> dict[int, Examined]:
    """What a log says, by number; a line that was cut off says nothing."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.exists() else []
    read = [json.loads(line) for line in lines if line.endswith("\n")]
    return {one.pop("number"): Examined(**one) for one in read}


# ── one strategy ───────────────────────────────────────────────────────────────────────────


def verified(number: int) -> Verification | str:
    """The verification of a strategy, or why there is none."""
    source = invented(number)
    parsed = parse_strategies(source)
    errors = [one for one in parsed.diagnostics if one.severity is Severity.ERROR]
    if errors:
        return errors[0].code
    (strategy,) = parsed.strategies
    try:
        return verify(model(strategy, source, venue_factories(strategy)), source, ONE_PROCESS)
    except Unsupported as error:
        return f"not supported: {error.what}"


def examine(number: int, tries: int) -> Examined:
    """Verify the strategy of this number and attack what is proved of it."""
    started = time.perf_counter()
    one = Examined(invented(number).name)
    try:
        verification = verified(number)
        if isinstance(verification, str):
            one.refused = verification
        else:
            one.verdicts = told(verification)
            one.by_solver = by_solver(verification)
            found = attack(verification, number, tries)
            one.rounds = sum(attacked.rounds for attacked in found.values())
            one.untouched = [name for name, attacked in found.items() if not attacked.rounds]
    except Broken as broken:
        one.fault = f"wrongly proved: {broken}"
    except Exception as error:
        one.fault = f"the verification ended in {error!r}"
    one.seconds = round(time.perf_counter() - started, 2)
    return one


def told(verification: Verification) -> list[tuple[str, str, str]]:
    """Kind of claim, verdict, and the cause of an unknown, claim by claim."""
    kinds = (one if isinstance(one, str) else type(one).__name__ for one in claims(verification.vault))
    results = zip(kinds, verification.claims, strict=True)
    return [(kind, type(one.verdict).__name__, cause(one.verdict)) for kind, one in results]


def by_solver(verification: Verification) -> int:
    """How many obligations rest on the solver's word alone."""
    results = [result for claim in verification.claims for result in claim.obligations]
    return sum(isinstance(result.evidence, SolverSays) for result in results)


def cause(verdict: Verdict) -> str:
    """Why a verdict is unknown, without what is particular to the strategy."""
    return verdict.why.split(":")[0] if isinstance(verdict, Unknown) else ""


# ── figures ────────────────────────────────────────────────────────────────────────────────


def figures(examined: list[Examined]) -> str:
    """The table that is printed."""
    verdicts = [verdict for one in examined for verdict in one.verdicts]
    by_kind = Counter((kind, verdict) for kind, verdict, _ in verdicts)
    known = [one for one in examined if one.verdicts]
    lines = [f"{len(examined):,} strategies, {len(examined) - len(known):,} of them refused before anything is proved"]
    lines.append(f"{'claim':<16} {'proved':>8} {'refuted':>8} {'unknown':>8}")
    for kind in dict.fromkeys(kind for kind, _, _ in verdicts):
        counts = [by_kind[kind, verdict] for verdict in ("Proved", "Refuted", "Unknown")]
        lines.append(f"{kind:<16} " + " ".join(f"{count:>8,}" for count in counts))
    lines.append(f"unknown: {unknown_share(examined):.2%} of all claims")
    causes = Counter(why for _, verdict, why in verdicts if verdict == "Unknown")
    lines += [f"{count:>8,}  {why}" for why, count in causes.most_common()]
    lines.append(f"{sum(one.by_solver for one in known):,} obligations rest on the solver's word alone")
    rounds, untouched = sum(one.rounds for one in known), sum(len(one.untouched) for one in known)
    broken = [one for one in examined if one.fault]
    lines.append(f"{rounds:,} rounds against what is proved: {len(broken)} faults; {untouched} claims met none")
    lines += [f"{one.name}: {one.fault[:200]}" for one in broken]
    if examined:
        total, slowest = sum(one.seconds for one in examined), max(examined, key=lambda one: one.seconds)
        average = total / len(examined)
        lines.append(f"{average:.2f} s each in one process, the slowest {slowest.name} with {slowest.seconds:.0f} s")
    return "\n".join(lines)


def unknown_share(examined: list[Examined]) -> float:
    verdicts = [verdict for one in examined for _, verdict, _ in one.verdicts]
    return verdicts.count("Unknown") / max(len(verdicts), 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
