"""`docs/contract.md` walks through the vault that is emitted: what it quotes is there, what it lists is all."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import pytest

from stratc_compiler.standing import Mode
from vyper_target.vaults import example, files

PAGE = (Path(__file__).parents[2] / "docs" / "contract.md").read_text(encoding="utf-8")


@cache
def emitted() -> dict[str, str]:
    """The carry; not made where tests are only collected, which every process of a run does."""
    return files(example("eth_carry"))


def rows(header: str) -> list[list[str]]:
    """The rows of the table with this header, as texts of cells."""
    table = PAGE[PAGE.index(header) :].split("\n\n")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


@pytest.mark.parametrize("quoted", re.findall(r"```vyper\n(.*?)```", PAGE, re.DOTALL))
def test_what_is_quoted_is_emitted(quoted: str) -> None:
    assert any(quoted in emitted()[f"contracts/{name}.vy"] for name in ("Vault", "Actions", "book"))


def test_every_file_is_listed() -> None:
    listed = {name for row in rows("| file |") for name in re.findall(r"`(\w+)(?:\.vy)?`", row[0])}
    assert listed == {Path(path).stem for path in emitted() if path.startswith("contracts/")}


def test_every_mode_is_listed() -> None:
    assert {(int(row[0]), row[1]) for row in rows("| mode |")} == {(mode.value, mode.name) for mode in Mode}


def test_every_call_is_in_the_table_or_the_users() -> None:
    """What changes something and is not listed is ERC-20's, ERC-4626's, or redemption in kind, which is described."""
    listed = {name for row in rows("| call |") for name in re.findall(r"`(\w+)`", row[0])}
    abi = json.loads(emitted()["abi.json"])
    changing = {one.get("name") for one in abi if one.get("stateMutability") in ("nonpayable", "payable")}
    users = {"deposit", "mint", "withdraw", "redeem", "redeem_in_kind", "redeem_unwound"}
    users |= {"requestRedeem", "take_back", "serve", "claim"}
    users |= {"transfer", "transferFrom", "approve", "permit"}
    assert changing - {None} - users == listed
    assert "`redeem_in_kind`" in PAGE
