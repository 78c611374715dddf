"""docs/attacks.md: every recorded kind of loss has its line, every test that a line names exists and runs."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "attacks.md"

LOSSES = {
    "donation to an empty vault": "Resupply 2025-06-26",
    "empty market at a venue": "Hundred 2023-04-15, Onyx, Sonne 2024-05-14",
    "price per share as an oracle": "Cream 2021-10-27",
    "spot price moved by a flash loan": "Harvest 2020-10-26",
    "flash loan that nobody asked for": "receivers of Aave's and others' loans without a check of the initiator",
    "rounding, many times over": "Balancer v2 2025-11-03",
    "stale or clamped oracle": "Venus, Blizz 2022-05-12",
    "sequencer outage": "Arbitrum 2023-12-15",
    "oracle that jumps": "Synthetix sKRW 2019-06-25",
    "poisoned observations": "Inverse Finance 2022-04-02",
    "unit error in an oracle": "Moonwell 2026-02-15",
    "lender's oracle misreads": "Aave CAPO 2026-03-10",
    "hard-coded price": "Stream xUSD 2025-11-03, Resolv USR 2026-03-22",
    "leverage loop, depeg": "stETH June 2022",
    "stable depeg": "USDC 2023-03-11, USDe 2025-10-10",
    "bridged collateral": "KelpDAO rsETH 2026-04-18",
    "governance moves LTV and threshold": "Aave 3.6 2026-01-27",
    "funding reversal": "ETH perpetuals 2022, 2024-04",
    "hedge leg removed": "auto-deleveraging 2025-10-10",
    "swap without a least price": "Yearn treasury 2023-12-11",
    "pool pushed under liquidity": "Visor 2021-11-26, Gamma 2024-01-04",
    "fees of a position": "Popsicle Finance 2021-08-03",
    "position or account of the vault's in others' hands": "permits, approvals and callbacks of position managers",
    "ether left at a router": "Uniswap's periphery pays with its own ether first",
    "a venue that stops": "Perp v2 closes its markets 2024; what reverts is not to take the rest along",
    "a rule that costs more than stated": "bounded by Sommelier's Cellars around each rebalance",
    "read-only reentrancy": "dForce 2023-02-10, Conic 2023-07-21",
    "compiler's lock does not lock": "Curve, Vyper 0.2.15 to 0.3.0, 2023-07-30",
    "bank run, unbounded exit": "Aave WETH April 2026",
    "bad debt, first to leave": "Stream, Kelp",
}
"""What has cost vaults and their users money, with the incidents."""

NO_TWIN = {"price per share as an oracle", "position or account of the vault's in others' hands"}
"""Where no line of the text is the defence: what stops it is who pays for a gift, or what is not there to be called."""


def lines() -> dict[str, list[str]]:
    """The table: loss to (what stops it, attack, twin)."""
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {loss: rest for loss, *rest in cells}


def named(text: str) -> set[str]:
    return set(re.findall(r"`(test_\w+)`", text))


def defined() -> set[str]:
    """Every test of this folder but the ones of this page."""
    files = [file for file in HERE.glob("test_*.py") if file != Path(__file__)]
    trees = [ast.parse(file.read_text(encoding="utf-8")) for file in files]
    return {
        node.name
        for tree in trees
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def test_every_loss_has_its_line() -> None:
    assert list(lines()) == list(LOSSES)


def test_every_line_is_shown_or_says_why_not() -> None:
    for loss, (stops, attack, twin) in lines().items():
        if stops.startswith("not of a vault"):
            assert not named(attack) | named(twin), loss
        else:
            assert named(attack), loss
            assert named(twin) or loss in NO_TWIN, loss


def test_every_test_that_is_named_exists_and_every_one_is_named() -> None:
    assert named(PAGE.read_text(encoding="utf-8")) == defined()
