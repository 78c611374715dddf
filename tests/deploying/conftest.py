"""One build, compiled once, and a market of its own on anvil that it is deployed in."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from cli.examples import TREASURY, remembering
from deploying.market import Command
from lab.chain import AnvilChain
from lab.kept import kept
from lab.world import World, build_world
from stratc.__main__ import main
from stratc_targets.vyper import build, emit
from stratc_targets.vyper.build import Compiled

_compile = build.compile_vault


def _once(sources: Mapping[str, str]) -> Compiled:
    return kept(lambda: _compile(sources), "compiled", json.dumps(sources))


@pytest.fixture(scope="session", autouse=True)
def _compiling_once() -> Iterator[None]:
    """The real compiler, asked once for the same sources."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "compile_vault", _once)
        patch.setattr(emit, "compile_vault", _once)
        yield


@pytest.fixture(scope="session")
def treasury(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of examples/treasury.strat, proved and built."""
    out = tmp_path_factory.mktemp("built")
    with remembering():
        assert main(["build", TREASURY, "--out", str(out)]) == 0
    return out / "Treasury"


@pytest.fixture(scope="module")
def market() -> Iterator[World]:
    """A market that nobody puts back: transactions of a process outside are mined in it."""
    with AnvilChain() as chain:
        yield build_world(chain)


@pytest.fixture
def command(
    market: World,
    treasury: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    """`stratc deploy` of the treasury, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return Command(market, treasury, capsys, monkeypatch)
