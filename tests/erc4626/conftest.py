"""The situations as a fixture: each test that asks for one runs in all of them."""

from __future__ import annotations

import pytest

from erc4626.situations import SITUATIONS, Subject
from lab.world import World


@pytest.fixture(params=SITUATIONS)
def subject(request: pytest.FixtureRequest, revm_world: World) -> Subject:
    """One of our vaults in one of its states."""
    return SITUATIONS[request.param](revm_world)
