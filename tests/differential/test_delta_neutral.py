"""The strategy that the language was designed by, as first written and as it is proved: it fits on a chain, and on
Uniswap's and Perp's own contracts it does what the exact machine says, to the wei."""

from __future__ import annotations

from fractions import Fraction

import pytest

from differential.operations import Keep, Observe, Operation, Redeem, RedeemInKind, Settle, Turn, Wait
from differential.pair import Disagreement, Pair, pair_of, pair_up
from differential.stories.delta import BEGUN, FALL, RALLY, by
from differential.story import PROBE
from lab.world import World
from stratc_targets.vyper.build import CODE_LIMIT, Mode, compile_in
from stratc_targets.vyper.emit import vault_sources
from vyper_target.modes import COMPACT, compiled, deploy_in_mode
from vyper_target.vaults import example

NAME = "delta_neutral_at_first"

FOLLOWED: tuple[Operation, ...] = (*BEGUN, *RALLY, Keep(), *FALL, Keep(), Settle(), *by(1_062, 8), Keep())
"""A rally and a fall of a fifth; then more than is assumed, at which the margin is topped up, out of the range too."""

LEFT: tuple[Operation, ...] = (
    RedeemInKind(0, 333),
    RedeemInKind(1, 500, forgone=0b10),
    Turn("emergency_exit", "guardian"),
    Redeem(0, 1_000),
    Redeem(1, 1_000),
)

CALM: tuple[Operation, ...] = tuple(step for _ in range(26) for step in (Wait(3_600), Observe()))
"""A day in which the price stands still, and somebody looks every hour."""


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


@pytest.mark.long
def test_what_is_proved_is_hedged_again_and_topped_up_by_the_keeper(perp_world: World) -> None:
    """A rally and a fall of a fifth, each in a round of its own; then down to where most of the range is ether, and up
    again, where the margin has to come out of the range. Each is a storm, too: the keeper freezes, the owner waits."""
    pair = pair_up(perp_world, example("delta_neutral"))
    kept(pair, *BEGUN)
    for moves in (RALLY, FALL, FALL, FALL, RALLY):
        before = pair.chain.state()["nav"]
        kept(pair, *moves, Keep())
        nav = pair.chain.state()["nav"]
        assert abs(Fraction(pair.chain.call("delta_weth"), nav)) <= Fraction(3, 100)
        assert not any(pair.chain.call(f"{name}_due") for name in ("rebalance", "top_up_perp_margin"))
        assert nav >= before * Fraction(94, 100)
        kept(pair, *CALM, Turn("unfreeze", "owner"), Keep(), Settle())
    ran = {name: pair.tally.done[name] for name in ("rebalance", "top_up_perp_margin", "freeze_when_due", "settle")}
    assert ran == {"rebalance": 6, "top_up_perp_margin": 1, "freeze_when_due": 5, "settle": 5}, pair.tally.told()
    kept(pair, *LEFT)
    assert pair.tally.done["redeem"] == 2


def kept(pair: Pair, *steps: Operation) -> None:
    for step in steps:
        step.apply(pair)
        pair.compare_state()
