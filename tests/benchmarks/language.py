"""The language's speed: by phase, growth with length, and formatting.

Prints; asserts nothing. Times are CPU seconds, so that other work on the machine counts for little.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from stratc_dsl import Source, parse_strategies
from stratc_dsl.check import check
from stratc_dsl.format import format_text, is_same_strategy
from stratc_dsl.use import load_program, no_reader

EXAMPLES = Path(__file__).parents[2] / "examples"
CARRY = (EXAMPLES / "eth_carry.strat").read_text("utf-8")
STRATEGIES = 1_000

T = TypeVar("T")


def main() -> None:
    phases()
    growth()
    formatting()


def phases(count: int = STRATEGIES) -> None:
    """So many strategies of some 60 lines, one file each, and what part of the time each phase takes."""
    sources = [Source(f"{number}.strat", CARRY.replace("EthCarry", f"S{number}")) for number in range(count)]
    load_program(sources[0], no_reader)  # the tables
    programs, parsing = _timed(lambda: [load_program(source, no_reader) for source in sources])
    checked, checking = _timed(lambda: [check(program, may_only_share=False) for program in programs])
    assert all(len(strategies) == 1 for strategies, _ in checked)
    total, lines = parsing + checking, CARRY.count("\n") * count
    print(f"{count:,} strategies, {lines:,} lines: {total:.2f} s, {lines / total:,.0f} lines a second")
    print(f"  lexer, parser and tree {parsing / total:>6.1%}\n  names, dimensions, meaning {checking / total:>2.1%}")


def growth() -> None:
    """One file of 0.6, 1.3, 2.5, 5 and 10 MB, each in a process of its own: time and memory for each MB."""
    for copies in (450, 900, 1_800, 3_600, 7_200):
        said = _python(f"import language; language.one_file({copies})")
        print(said, end="")


def one_file(copies: int) -> None:
    """Parse and check one file of so many strategies; print what it took."""
    text = "".join(CARRY.replace("EthCarry", f"S{number}") for number in range(copies))
    result, seconds = _timed(lambda: parse_strategies(Source("long.strat", text)))
    assert len(result.strategies) == copies
    size, peak = len(text.encode()) / 1e6, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{size:>5.1f} MB  {seconds:>7.2f} s  {seconds / size:>5.2f} s/MB  {peak:>6.0f} MB  {peak / size:>4.0f} MB/MB"
    )


def formatting(sizes: tuple[int, ...] = (112, 225, 450, 900)) -> None:
    """Format one file of 0.15, 0.3, 0.6 and 1.2 MB, and check that its meaning stayed: time for each MB."""
    for copies in sizes:
        text = "".join(CARRY.replace("EthCarry", f"S{number}") for number in range(copies)).replace(":  ", ":")
        size = len(text.encode()) / 1e6
        formatted, seconds = _timed(lambda text=text: format_text(Source("long.strat", text)))
        same, comparing = _timed(lambda text=text, after=formatted.text: is_same_strategy(text, after))
        assert same
        print(f"{size:>5.2f} MB  format {seconds / size:>5.2f} s/MB, compare {comparing / size:>5.2f} s/MB")


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    done = work()
    return done, time.process_time() - started


def _python(program: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", program]
    here = Path(__file__).parent
    return subprocess.run(command, cwd=here, env=environment, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    main()
