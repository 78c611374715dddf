"""The keeper serves the queue: what was asked for is set aside as rounds allow, oldest first, and nothing is in vain.

The real process, over the emitted EthCarry vault beside the protocols' own contracts.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from keeper.rig import until
from keeper.test_guarded import done, kept, nothing_more_is_done
from lab.world import World

pytestmark = [pytest.mark.anvil, pytest.mark.timeout(240)]


def test_requests_are_served_as_rounds_allow(anvil_world: World, tmp_path: Path) -> None:
    """A round pays 5% of its assets: of three requests of 2% the third has to wait for the next round."""
    with kept(anvil_world, tmp_path) as (vault, keeper):
        user = anvil_world.users[0]
        part = vault.call("balanceOf", user) // 50
        numbers = [int(vault.contract.send("requestRedeem", part, user, user, sender=user).value) for _ in range(3)]
        until(lambda: done(keeper)[3:4] == ["serve"], "the first serving")
        assert vault.call("claimableRedeemRequest", numbers[0], user) == part
        until(lambda: vault.call("requests_done") == 3, "all requests served")
        assert [vault.call("claimableRedeemRequest", number, user) for number in numbers] == [part] * 3
        until(lambda: done(keeper)[-1] == "serve", "the last serving told")
        assert done(keeper)[3:].count("serve") > 1
        nothing_more_is_done(anvil_world, keeper)
        vault.contract.send("claim", numbers[0], user, sender=user)
        assert not [one for one in keeper.events() if one["event"] in ("would_revert", "reverted", "too_much_gas")]
        assert keeper.terminate() == 0
