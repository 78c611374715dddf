"""The examples, and a prover that remembers: proofs take seconds, and several tests ask for the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from stratc_compiler import driver
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Verification
from stratc_dsl.span import Source

FOLDER = Path(__file__).parents[2] / "examples"
TREASURY = str(FOLDER / "treasury.strat")
CARRY = str(FOLDER / "eth_carry.strat")
BLUE = str(FOLDER / "blue_carry.strat")
IDLE = str(FOLDER.parent / "tests" / "vyper_target" / "idle.strat")
"""Where any strategy does: the quickest to prove and to compile."""
CARRY_45 = str(FOLDER / "refuted" / "eth_carry_45.strat")

_decide = driver.verify
_decided: dict[tuple[Source, str], Verification] = {}


def _remembered(vault: Vault, source: Source, options: driver.Options) -> Verification:
    key = (source, vault.strategy.name)
    if key not in _decided:
        _decided[key] = _decide(vault, source, options)
    return _decided[key]


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below a folder with its bytes."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, each strategy is really decided, but only once in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(driver, "verify", _remembered)
        yield
