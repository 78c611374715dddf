"""Every mode of the compiler gives the same contract: the same stories, equal to the wei, beside the exact machine.

`build` emits the first mode, the second or the compact one where only that fits; the others say that a vault does not
hang on one code generator being right.
"""

from __future__ import annotations

import pytest

from differential.pair import pair_of
from differential.stories import STORIES
from differential.story import tell
from differential.test_differential import check, random_stories
from lab.world import World
from stratc_compiler.certify import ProvedVault
from vyper_target.modes import COMPACT, MODES, compiled, deploy_in_mode
from vyper_target.vaults import Deployed

VAULTS = ("treasury", "eth_carry")


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("mode", [*MODES, COMPACT])
@pytest.mark.parametrize("name", VAULTS)
def test_every_story_goes_the_same_in_every_mode(roomy_world: World, name: str, mode: str) -> None:
    stories = [story for story in STORIES.values() if story.vault == name]
    assert stories
    for story in stories:
        start = roomy_world.chain.snapshot()
        tell(pair_of(deploy_in_mode(roomy_world, name, mode, sequencer_feed_=roomy_world.sequencer)), story)
        roomy_world.chain.revert(start)


@pytest.mark.long
@pytest.mark.timeout(1_200)
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", VAULTS)
def test_random_stories_go_the_same_in_every_mode(roomy_world: World, name: str, mode: str) -> None:
    def deploy(market: World, _: ProvedVault) -> Deployed:
        return deploy_in_mode(market, name, mode)

    check(random_stories(roomy_world, name, 18, seeded=True, deploy=deploy), 700)


@pytest.mark.long
def test_the_modes_are_different_code() -> None:
    """What is compared is not one thing compared with itself."""
    assert len({compiled("idle only", mode).runtime for mode in MODES}) >= 5
