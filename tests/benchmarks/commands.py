"""How long the command takes on each example, as a user waits for it: whole processes, median of three."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = 3


def seconds(*arguments: str) -> float:
    """The median wall time of one command line; any exit status will do, a refutation takes its time too."""
    taken = []
    for _ in range(RUNS):
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "stratc", *arguments], capture_output=True, check=False)
        taken.append(time.perf_counter() - started)
    return median(taken)


def main() -> None:
    print(f"{'--help':<34} {seconds('--help'):>6.2f} s")
    for example in sorted(EXAMPLES.rglob("*.strat")):
        name = example.relative_to(EXAMPLES.parent).as_posix()
        with tempfile.TemporaryDirectory() as out:
            check, verify = seconds("check", str(example)), seconds("verify", str(example))
            build = seconds("build", str(example), "--out", out)
        print(f"{name:<34} {check:>6.2f} s check {verify:>8.2f} s verify {build:>8.2f} s build")


if __name__ == "__main__":
    main()
