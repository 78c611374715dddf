"""The emitted vaults on the real venues against the exact machine: the same operations, equal to the wei.

After every operation all positions, prices and values are compared; after every step of a story, and every eighth
one of a random one, everything else that can be seen: shares, supply, balances, previews, limits, which rules are due,
mode, round, timers, marks. Both must succeed or both revert, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from differential.operations import Admit, Attest, Deposit, Keep, Operation, Others, Report, Whale
from differential.operations.drawn import last_operations, operations
from differential.pair import Disagreement, Tally, deploy_behind_sequencer, pair_of, pair_up
from differential.stories import STORIES
from differential.stories.bitcoin import WITH_BITCOIN
from differential.stories.liquidity import IN_A_RANGE
from differential.stories.morpho import AT_MORPHO
from differential.stories.pools import AT_A_POOL
from differential.story import Story, tell
from lab.world import World
from stratc_compiler.certify import ProvedVault
from vyper_target.vaults import USDC, Deployed, example

Deploy = Callable[[World, ProvedVault], Deployed]

OPENING = (Whale("USDC", 600), Whale("WETH", 300), Deposit(0, 100_000 * USDC), Deposit(1, 50_000 * USDC), Keep())
"""What every random story begins with: other people's debts, so that there is interest, and a working vault."""

ADMISSIONS = tuple(step for user in range(3) for step in (Attest(user), Admit(user)))
"""And before that, where only those who are attested may hold shares."""

EVERY = 8
"""Views are most of the work: all of them are compared after so many operations, and after the last."""

EXPECTED = {
    "deposit": (20, 1),
    "mint": (3, 2),
    "withdraw": (1, 2),
    "redeem": (2, 2),
    "rebalance": (5, 2),
}
"""Of 1,000 operations so many must be this one and succeed, and revert: a run that only reverts says nothing.

A fraction of what is usual: Hypothesis draws constants of all modules that happen to be loaded, so even a seeded run
differs with the tests before it.
"""


RARE = {
    *("two_debts", "short", "stop", "topped", "paired", "hedged", "half_hedged", "inflow", "lender"),
    *("blue_loop", "pool_loop", "category", "treasury_loan", "eth_loop", "last_rule", "close_both", "calm_carry"),
    *("fee_range", "bent_range"),
}
"""Vaults that one story or two are told of: compiling them takes longer than it, so they are for the long run."""


def told(stories: dict[str, Story]) -> list[Any]:
    """Their names, as parameters of a test."""
    rare = {name: story.vault in RARE for name, story in stories.items()}
    return [pytest.param(name, marks=[pytest.mark.long] if rare[name] else []) for name in stories]


OFTEN = 2_000
"""So many thousandths of an operation have to be expected for its absence to mean something."""


def random_stories(
    world: World, name: str, stories: int, *, seeded: bool, deploy: Deploy = deploy_behind_sequencer
) -> Tally:
    """So many lists of operations, each on a fresh vault. Raises Disagreement, with the shortest list found."""
    proved, tally = example(name), Tally()
    rules = tuple(rule.name for rule in proved.vault.rules)
    attested, guarded = proved.vault.schema is not None, proved.vault.guard is not None

    @settings(
        max_examples=stories,
        derandomize=seeded,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(
        st.lists(
            operations(
                rules,
                attested=attested,
                guarded=guarded,
                morpho=world.blue is not None,
                bitcoin=world.bitcoin is not None,
                observes=bool(proved.vault.rings),
                liquidity=bool(proved.vault.ranges),
            ),
            min_size=30,
            max_size=60,
        ),
        st.just([]) | last_operations(),
        st.integers(0, 10**7 * USDC),
        st.integers(0, 2),
    )
    def drawn(story: list[Operation], ending: list[Operation], probe: int, user: int) -> None:
        start = world.chain.snapshot()
        try:
            pair = pair_of(deploy(world, proved), tally)
            steps = (*(ADMISSIONS if attested else ()), *OPENING, *story, *ending)
            for left, step in reversed(tuple(enumerate(reversed(steps)))):
                step.apply(pair)
                if left % EVERY:
                    pair.compare_state()
                else:
                    pair.compare(probe, pair.users[user])
        finally:
            world.chain.revert(start)

    drawn()
    return tally


def check(tally: Tally, at_least: int) -> None:
    """Enough ran, and it was not all in vain."""
    print(tally.told())
    assert tally.operations >= at_least, tally.told()
    for name, (done, reverted) in EXPECTED.items():
        if min(done, reverted) * tally.operations < OFTEN:
            continue  # in a short run it is a matter of luck
        assert tally.done[name] * 1_000 >= done * tally.operations, f"{name}\n{tally.told()}"
        assert tally.reverted[name] * 1_000 >= reverted * tally.operations, f"{name}\n{tally.told()}"


@pytest.mark.parametrize(
    ("name", "stories", "at_least"),
    [
        ("eth_carry", 310, 14_000),
        ("treasury", 120, 4_700),
        ("office", 25, 900),
        pytest.param("members", 12, 400, marks=pytest.mark.long),
        pytest.param("fund", 12, 400, marks=pytest.mark.long),
        pytest.param("category", 20, 700, marks=pytest.mark.long),
        pytest.param("eth_loop", 8, 300, marks=pytest.mark.long),
        pytest.param("calm_carry", 12, 400, marks=pytest.mark.long),
    ],
)
def test_contract_and_machine_agree(
    revm_world: World, name: str, stories: int, at_least: int, record_property: Callable[[str, object], None]
) -> None:
    tally = random_stories(revm_world, name, stories, seeded=True)
    record_property("operations", tally.operations)
    check(tally, at_least)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize(
    ("name", "stories"),
    [
        *((name, 600) for name in ("eth_carry", "treasury", "office", "members", "fund")),
        *((name, 300) for name in ("category", "eth_loop")),
    ],
)
def test_contract_and_machine_agree_at_length(revm_world: World, name: str, stories: int) -> None:
    check(random_stories(revm_world, name, stories, seeded=False), 40 * stories)


def test_contract_and_machine_agree_on_a_loan_at_morpho(
    blue_world: World, record_property: Callable[[str, object], None]
) -> None:
    tally = random_stories(blue_world, "blue_carry", 15, seeded=True)
    record_property("operations", tally.operations)
    check(tally, 450)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_contract_and_machine_agree_on_a_loan_at_morpho_at_length(blue_world: World) -> None:
    check(random_stories(blue_world, "blue_carry", 300, seeded=False), 12_000)


def test_at_an_absurd_price_nobody_borrows_from_morpho(blue_world: World) -> None:
    """What it computes of the collateral fits no word: found by a long run."""
    pair = pair_up(blue_world, example("blue_carry"))
    for step in (Report("WETH", 2**128), Others("borrow", 1)):
        step.apply(pair)
    assert pair.tally.reverted["others borrow"] == 1


@pytest.mark.parametrize("name", told(AT_MORPHO))
def test_story_of_a_loan_at_morpho(blue_world: World, name: str) -> None:
    story = AT_MORPHO[name]
    pair = pair_up(blue_world, example(story.vault))
    tell(pair, story)


@pytest.mark.long
def test_contract_and_machine_agree_on_a_loan_against_several_collaterals(
    bitcoin_world: World, record_property: Callable[[str, object], None]
) -> None:
    tally = random_stories(bitcoin_world, "treasury_loan", 12, seeded=True)
    record_property("operations", tally.operations)
    check(tally, 450)


@pytest.mark.long
@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("name", ["treasury_loan", "two_debts", "short"])
def test_contract_and_machine_agree_on_bitcoin_at_length(bitcoin_world: World, name: str) -> None:
    check(random_stories(bitcoin_world, name, 200, seeded=False), 8_000)


@pytest.mark.parametrize("name", told(WITH_BITCOIN))
def test_story_of_a_market_with_bitcoin(bitcoin_world: World, name: str) -> None:
    story = WITH_BITCOIN[name]
    tell(pair_up(bitcoin_world, example(story.vault)), story)


@pytest.mark.parametrize("name", told(AT_A_POOL))
def test_story_of_a_pool_that_lends(lending_world: World, name: str) -> None:
    story = AT_A_POOL[name]
    tell(pair_up(lending_world, example(story.vault)), story)


@pytest.mark.long
def test_contract_and_machine_agree_on_a_range(
    revm_world: World, record_property: Callable[[str, object], None]
) -> None:
    tally = random_stories(revm_world, "fee_range", 40, seeded=True)
    record_property("operations", tally.operations)
    enough_in_the_pool(tally, 1_600)


def enough_in_the_pool(tally: Tally, at_least: int) -> None:
    """What moves liquidity and fees was done; mints are too rare here to be counted."""
    print(tally.told())
    assert tally.operations >= at_least, tally.told()
    for name in ("rebalance", "harvest_pool", "trade in the pool", "present liquidity", "redeem in kind"):
        assert tally.done[name] >= 10, tally.told()


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_contract_and_machine_agree_on_a_range_at_length(revm_world: World) -> None:
    enough_in_the_pool(random_stories(revm_world, "fee_range", 100, seeded=False), 4_000)


@pytest.mark.parametrize("name", told(IN_A_RANGE))
def test_story_of_a_range(revm_world: World, name: str) -> None:
    story = IN_A_RANGE[name]
    tell(pair_up(revm_world, example(story.vault)), story)


@pytest.mark.parametrize("name", told(STORIES))
def test_story(revm_world: World, name: str) -> None:
    story = STORIES[name]
    tell(pair_up(revm_world, example(story.vault)), story)


def test_a_disagreement_of_one_unit_is_noticed(revm_world: World) -> None:
    """The comparison itself can fail."""
    pair = pair_up(revm_world, example("treasury"))
    Deposit(0, 100 * USDC).apply(pair)
    pair.compare(1, pair.users[0])
    pair.market.save.total_assets += 1
    pair.market.balances["USDC", pair.chain.address] += 1
    with pytest.raises(Disagreement, match=r"idle\(USDC\): the machine says 100000001, the chain 100000000"):
        pair.compare(1, pair.users[0])
