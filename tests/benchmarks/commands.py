"""How long the command takes on each example, as a user waits for it: whole processes, median of three.

`verify` and `build` are measured without a cache, `cached` is a `verify` with everything in it.

And how long one `stratc check` takes against the import of its parser library, below which it cannot come.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

EXAMPLES = Path(__file__).parents[2] / "examples"
RUNS = 3
STARTS = 15

CHECK = ("-m", "stratc", "check", str(EXAMPLES / "eth_carry.strat"))
LARK = ("-c", "import lark")


def seconds(*arguments: str, cache: str = "") -> float:
    """The median wall time of one command line; any exit status will do, a refutation takes its time too."""
    return median(_started("-m", "stratc", *arguments, cache=cache) for _ in range(RUNS))


def start(runs: int = STARTS) -> str:
    """The medians of `stratc check` and of `import lark`, by turns: other work on the machine then slows both alike."""
    _started(*CHECK)  # the caches
    taken = [(_started(*CHECK), _started(*LARK)) for _ in range(runs)]
    check, lark = (median(one) for one in zip(*taken, strict=True))
    return f"import lark {lark:.3f} s, stratc check one.strat {check:.3f} s: {check / lark:.2f} times `import lark`"


def _started(*arguments: str, cache: str = "") -> float:
    """The wall time of one Python process that keeps bytecode, as an installed command does; without `cache`, cold."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    subprocess.run([sys.executable, *arguments], env=environment | {"STRATC_CACHE_DIR": cache}, capture_output=True)
    return time.perf_counter() - started


def main() -> None:
    print(start())
    print(f"{'--help':<34} {seconds('--help'):>6.2f} s")
    for example in sorted(EXAMPLES.rglob("*.strat")):
        name = example.relative_to(EXAMPLES.parent).as_posix()
        with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as cache:
            check, verify = seconds("check", str(example)), seconds("verify", str(example))
            build = seconds("build", str(example), "--out", out)
            _started("-m", "stratc", "verify", str(example), cache=cache)
            cached = seconds("verify", str(example), cache=cache)
        print(f"{name:<34} {check:>6.2f} s check {verify:>6.2f} s verify {cached:>6.2f} s cached {build:>6.2f} s build")


if __name__ == "__main__":
    main()
