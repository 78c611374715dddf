"""What nav of a vault is on many paths: by the exact interpreter one by one, in exact arrays, in floating point.

Prints; asserts nothing but that exact arrays say what the interpreter says. Times are CPU seconds of one process.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import TypeVar

import numpy as np

from stratc.analysis import load
from stratc_compiler.arrays import Exact, Paths, integers
from stratc_compiler.estimates import Estimated, estimates
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator

EXAMPLES = Path(__file__).parents[2] / "examples"
PATHS = 100_000
ROOT = 2**96 * 2_000**0.5 / 10**6
"""Of 2,000 USD a WETH, in smallest units, by 2^-96."""

HELD = {
    "eth_carry": {"aave.collateral(WETH)": 400 * 10**18, "aave.debt(USDC)": 320_000 * 10**6, "save": 420_000 * 10**6},
    "fee_range": {"pool": 10**17, "low(pool)": int(ROOT * 0.7), "high(pool)": int(ROOT * 1.4)},
}

State = dict[str, int]
T = TypeVar("T")


def main() -> None:
    print(f"{'nav on paths':<14} {'paths':>8} {'one by one':>11} {'exact':>9} {'float':>9}  off, as a share of nav")
    for name in HELD:
        nav(name)


def nav(name: str, paths: int = PATHS) -> None:
    """One line, of one example at so many prices of WETH."""
    (found,) = load(str(EXAMPLES / f"{name}.strat")).models
    vault, states = found.vault, _states(name, paths)
    known = {key: _column(states, key) for key in states[0]}
    one_by_one, slow = timed(lambda: [Evaluator(vault, IdealWorld(vault, state)).named("nav") for state in states])
    exact, faster = timed(
        lambda: Paths(Exact(), vault.definitions, {k: integers(v) for k, v in known.items()}).named("nav")
    )
    assert list(exact.values) == one_by_one
    drawn = {key: estimates(values) for key, values in known.items()}
    told, fastest = timed(lambda: Paths(Estimated(), vault.definitions, drawn).named("nav"))
    off = np.max(told.off / told.values)
    print(f"{name:<14} {paths:>8,} {slow:>9.2f} s {faster:>7.2f} s {fastest:>7.3f} s  {off:.1e}")


def _states(name: str, paths: int) -> list[State]:
    random = Random(1)
    still = {"price(USDC)": 10**18, "unit(USDC)": 10**6, "unit(WETH)": 10**18, "idle(USDC)": 10**11, "idle(WETH)": 0}
    return [still | HELD[name] | {"price(WETH)": int(10**18 * random.uniform(1_000, 4_000))} for _ in range(paths)]


def _column(states: Sequence[State], name: str) -> Sequence[int] | int:
    """What is alike on all paths is told once."""
    values = [state[name] for state in states]
    return values[0] if len(set(values)) == 1 else values


def timed(work: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    done = work()
    return done, time.process_time() - started


if __name__ == "__main__":
    sys.exit(main())
