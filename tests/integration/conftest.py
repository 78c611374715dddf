"""The vault of the integration tests, written once by the installed command."""

from __future__ import annotations

import pytest

from integration.command import Built, stratc


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """examples/eth_carry.strat, proved and built: some twenty seconds."""
    out = tmp_path_factory.mktemp("built")
    stratc("build", "examples/eth_carry.strat", "--out", out, status=0)
    return Built(out / "EthCarry")
