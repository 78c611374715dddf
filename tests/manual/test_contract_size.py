"""docs/contract-size.md and docs/gas.md: the tables are what the compiler and anvil say now.

`STRATC_UPDATE_GOLDEN=1` writes them.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import gas, modes
from manual.corpus import UPDATE
from vyper_target.modes import MODES, STRATEGIES, compiled

DOCS = Path(__file__).parents[2] / "docs"


def check(page: str, name: str, lines: list[str]) -> None:
    """The table between the page's two marks is this one."""
    path = DOCS / page
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(f"<!-- {name} -->\n")
    _, _, after = rest.partition("<!-- end -->")
    table = "".join(f"{line}\n" for line in lines)
    wanted = f"{before}<!-- {name} -->\n{table}<!-- end -->{after}"
    if UPDATE:
        path.write_text(wanted, encoding="utf-8")
    assert wanted == text or UPDATE


@pytest.mark.long
def test_the_sizes_are_those_of_the_page() -> None:
    check("contract-size.md", "sizes", modes.sizes())


@pytest.mark.long
def test_the_sizes_of_ranges_and_shorts_are_those_of_the_page() -> None:
    check("contract-size.md", "others", modes.others())


@pytest.mark.long
@pytest.mark.anvil
def test_the_gas_is_that_of_the_page() -> None:
    measured = gas.run()
    check("gas.md", "gas", gas.table(measured))
    plain, bare = measured["idle only"], measured[gas.BASELINE]
    for operation in ("first deposit", "second deposit", "deposit, new holder", "mint", "second withdraw"):
        assert plain[operation] <= 1.3 * bare[operation], f"{operation}: more than the page promises"


@pytest.mark.long
@pytest.mark.parametrize("name", STRATEGIES)
def test_the_choice_rests_on_what_is_so(name: str) -> None:
    """The page's words: what is chosen is near the smallest of its generator, and the other one is smaller."""
    size = {mode: compiled(name, mode).size for mode in MODES}
    assert 0.95 * size["gas"] < size["codesize"] < size["gas"] < 0.85 * size["none"]
    assert size["gas, venom"] < 0.92 * size["gas"]
    assert size["codesize, venom"] < 0.82 * size["codesize"]
