"""Chains and runners of the keeper's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from keeper.rig import KEEPER, Runner
from keeper.stub import deploy
from lab.chain import AnvilChain, Contract


@pytest.fixture
def chain() -> Iterator[AnvilChain]:
    with AnvilChain() as chain:
        yield chain


@pytest.fixture
def vault(chain: AnvilChain) -> Contract:
    """A stub vault that obeys the keeper's account."""
    return deploy(chain, KEEPER)


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tmp_path, capsys, monkeypatch)
