"""The situations as a fixture: each test that asks for one runs in all of them."""

from __future__ import annotations

import pytest

from erc4626.others import OTHERS
from erc4626.situations import SITUATIONS, Subject
from lab.world import World


@pytest.fixture(params=SITUATIONS)
def subject(request: pytest.FixtureRequest, revm_world: World) -> Subject:
    """One of our vaults in one of its states."""
    return SITUATIONS[request.param](revm_world)


@pytest.fixture(params=SITUATIONS | OTHERS)
def anyones(request: pytest.FixtureRequest, revm_world: World) -> Subject:
    """The same, and vaults by others: for what must hold of any vault."""
    return (SITUATIONS | OTHERS)[request.param](revm_world)
