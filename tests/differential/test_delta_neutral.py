"""The strategy that the language was designed by, within what a chain takes: on Uniswap's and Perp's own contracts it
does what the exact machine says, to the wei."""

from __future__ import annotations

import pytest

from differential.operations import Keep, Operation, Redeem, RedeemInKind, Settle, Turn
from differential.pair import Disagreement, pair_of
from differential.stories.delta import BEGUN, FALL, RALLY, by
from differential.story import PROBE
from lab.world import World
from stratc_targets.vyper.build import CODE_LIMIT, Mode, compile_in
from stratc_targets.vyper.emit import vault_sources
from vyper_target.modes import COMPACT, compiled, deploy_in_mode
from vyper_target.vaults import example

NAME = "delta_neutral"

FOLLOWED: tuple[Operation, ...] = (*BEGUN, *RALLY, Keep(), *FALL, Keep(), Settle(), *by(1_062, 8), Keep())
"""A rally and a fall of a fifth; then more than is assumed, at which the margin is topped up, out of the range too."""

LEFT: tuple[Operation, ...] = (
    RedeemInKind(0, 333),
    RedeemInKind(1, 500, forgone=0b10),
    Turn("emergency_exit", "guardian"),
    Redeem(0, 1_000),
    Redeem(1, 1_000),
)


def test_it_fits_on_a_chain_and_follows_a_rally_a_fall_and_what_nobody_assumed(perp_world: World) -> None:
    code = compiled(NAME, COMPACT)
    assert code.actions is not None
    assert max(code.size, code.actions.largest) <= CODE_LIMIT
    pair = pair_of(deploy_in_mode(perp_world, NAME, COMPACT))
    for step in FOLLOWED:
        step.apply(pair)
        pair.compare_state()
    ran = {name: pair.tally.done[name] for name in ("rebalance", "rehedge", "unwind_pool", "top_up_perp_margin")}
    assert ran == {"rebalance": 2, "rehedge": 2, "unwind_pool": 1, "top_up_perp_margin": 1}, pair.tally.told()
    assert pair.chain.call("guarded")


@pytest.mark.long
def test_everything_that_can_be_seen_of_it_is_as_the_machine_has_it_until_everybody_has_left(perp_world: World) -> None:
    pair = pair_of(deploy_in_mode(perp_world, NAME, COMPACT))
    for step in (*FOLLOWED, *LEFT):
        step.apply(pair)
        pair.compare(PROBE, pair.users[0])
    wanted = {"redeem in kind": 2, "emergency_exit": 1, "redeem": 2, "top_up_perp_margin": 1}
    if any(pair.tally.done[name] != times for name, times in wanted.items()):
        raise Disagreement(pair.tally.told())


@pytest.mark.long
def test_it_is_compiled_for_size_with_its_reasons_in_one_place_for_it_fits_in_no_other_way() -> None:
    given = example(NAME)
    sources = vault_sources(given.vault, given.verification.source)
    assert all(compile_in(mode, sources).excess is not None for mode in (Mode("gas"), Mode("codesize")))
