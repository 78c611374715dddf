"""The vault of the integration tests, written once by the installed command."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integration.command import Built, built_by_command
from lab.chain import AnvilChain
from lab.world import World, build_world, with_perp
from vyper_target.vaults import EXAMPLES


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/eth_carry.strat, proved and built: some twenty seconds."""
    return Built(built_by_command(EXAMPLES / "eth_carry.strat", tmp_path_factory.mktemp("built")))


@pytest.fixture
def perp_chain() -> Iterator[World]:
    """The market on a chain of its own, with Perp v2 on it."""
    with AnvilChain() as chain:
        yield with_perp(build_world(chain))
