"""Vaults of the example strategies, deployed in the lab's market."""

from __future__ import annotations

import pytest

from lab.world import World
from vyper_target.vaults import Deployed, deploy, example


@pytest.fixture
def carry(revm_world: World) -> Deployed:
    """EthCarry, empty."""
    return deploy(revm_world, example("eth_carry"))


@pytest.fixture
def treasury(revm_world: World) -> Deployed:
    """Treasury, empty."""
    return deploy(revm_world, example("treasury"))
