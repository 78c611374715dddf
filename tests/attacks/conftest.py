"""Attacks happen on a chain that takes code of any size: weakened copies are compiled without optimising them."""

from __future__ import annotations

import pytest

from lab.world import World


@pytest.fixture
def revm_world(roomy_world: World) -> World:
    """The market in this process, put back after the test."""
    return roomy_world
