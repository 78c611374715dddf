"""The vault of the integration tests, written once by the installed command."""

from __future__ import annotations

import pytest

from integration.command import Built, built_by_command
from vyper_target.vaults import EXAMPLES


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/eth_carry.strat, proved and built: some twenty seconds."""
    return Built(built_by_command(EXAMPLES / "eth_carry.strat", tmp_path_factory.mktemp("built")))
