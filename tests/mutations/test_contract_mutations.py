"""A check that cannot fail checks nothing: faults are put into the emitted contract, and each must be noticed.

The stories of the differential tests are told to the mutant and to the exact machine. Unmutated, the contract goes
through all of them (the same code path, compiled the same way); with the fault, the named story must fail. Each fault
takes a compilation, so they are for the long run, but for a few.
"""

from __future__ import annotations

from functools import cache

import pytest

from differential.pair import Disagreement, pair_of
from differential.stories import STORIES as IN_ANY_MARKET
from differential.stories.bitcoin import WITH_BITCOIN
from differential.stories.liquidity import IN_A_RANGE
from differential.stories.perp import AT_PERP
from differential.stories.pools import AT_A_POOL
from differential.story import tell
from lab.world import World, with_bitcoin, with_lending_pool, with_perp
from mutations.mutant import Mutant
from mutations.mutants import MUTANTS
from mutations.weakened import compile_weakened
from stratc_targets.vyper.build import Compiled
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import example, install

STORIES = IN_ANY_MARKET | WITH_BITCOIN | AT_A_POOL | IN_A_RANGE | AT_PERP

VAULTS = sorted({STORIES[mutant.caught_by].vault for mutant in MUTANTS})

AT_LEAST = 10

QUICK = {
    "a deposit mints shares rounded up",
    "who leaves in kind is given fees",
    "a market may be closed",
}
"""What every run tries: that a fault would be noticed at all, of a range and of a short as well."""

EVERY_RUN = ("fee_range", "perp_hedged")
"""Whose stories no other test tells in every run: what `build` makes of them takes twice as long to compile."""


@cache
def sources(name: str) -> dict[str, str]:
    """What is emitted for an example."""
    proved = example(name)
    return vault_sources(proved.vault, proved.verification.source)


def mutated(mutant: Mutant) -> dict[str, str]:
    """The sources with the fault in them. Every change must find its place, once."""
    changed = dict(sources(STORIES[mutant.caught_by].vault))
    for change in mutant.changes:
        change.seed(changed)
    return changed


def market(world: World, story: str) -> World:
    """With what the story's vault needs in it."""
    if story in WITH_BITCOIN:
        return with_bitcoin(world)
    if story in AT_PERP:
        return with_perp(world)
    return with_lending_pool(world) if story in AT_A_POOL else world


def told(world: World, code: Compiled, story: str) -> None:
    """The story on a fresh deployment of this code; the world is put back."""
    start = world.chain.snapshot()
    try:
        model = example(STORIES[story].vault).vault
        tell(pair_of(install(market(world, story), code, model, sequencer_feed_=world.sequencer)), STORIES[story])
    finally:
        world.chain.revert(start)


def test_there_are_enough_faults_and_each_has_its_own_name() -> None:
    names = {mutant.name for mutant in MUTANTS}
    assert len(names) == len(MUTANTS) >= AT_LEAST
    assert names >= QUICK


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_fault_has_its_place(mutant: Mutant) -> None:
    assert mutated(mutant) != sources(STORIES[mutant.caught_by].vault)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in EVERY_RUN else [pytest.mark.long]) for name in VAULTS]
)
def test_without_a_fault_every_story_goes_well(roomy_world: World, name: str) -> None:
    code = compile_weakened(sources(name))
    stories = {mutant.caught_by for mutant in MUTANTS if STORIES[mutant.caught_by].vault == name}
    assert stories
    for story in stories:
        told(roomy_world, code, story)


@pytest.mark.parametrize(
    "mutant",
    [pytest.param(mutant, marks=[] if mutant.name in QUICK else [pytest.mark.long]) for mutant in MUTANTS],
    ids=lambda mutant: mutant.name,
)
def test_the_fault_is_noticed(roomy_world: World, mutant: Mutant) -> None:
    code = compile_weakened(mutated(mutant))
    with pytest.raises(Disagreement) as noticed:
        told(roomy_world, code, mutant.caught_by)
    print(f"{mutant.name}: {mutant.caught_by}: {noticed.value}")
