"""Vaults that are short at Perp v2, on its own contracts, against the exact machine: equal to the wei."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from differential.operations import (
    Deposit,
    Keep,
    LiquidateAtPerp,
    Mint,
    Move,
    Operation,
    PoolApart,
    Redeem,
    RedeemInKind,
    Run,
    Settle,
    SettleFunding,
    Turn,
    Wait,
    Withdraw,
)
from differential.pair import Tally, pair_up
from differential.stories.perp import AT_PERP
from differential.story import tell
from lab.world import World
from vyper_target.vaults import USDC, example

pytestmark = pytest.mark.long  # the vault takes long to compile; tests/venues/test_perp_deployment.py reads its text

VAULT = "perp_hedged"
_USER, _PERMILLE = st.integers(0, 1), st.integers(0, 1_000)


def moved(permille: int) -> tuple[Operation, ...]:
    """Perp's index takes one answer of a second, and no other after it."""
    return Wait(60, refresh=False), Move("WETH", permille)


def alone(one: st.SearchStrategy[Operation]) -> st.SearchStrategy[tuple[Operation, ...]]:
    return st.tuples(one)


OFTEN: tuple[st.SearchStrategy[tuple[Operation, ...]], ...] = (
    alone(st.builds(Deposit, _USER, st.integers(1, 10**12))),
    alone(st.builds(Mint, _USER, _USER, st.integers(1, 10**23))),
    alone(st.builds(Withdraw, _USER, _USER, st.integers(0, 60))),
    alone(st.builds(Redeem, _USER, st.integers(0, 60))),
    st.builds(moved, st.integers(930, 1_070)),
    st.builds(moved, st.integers(820, 1_190)),
    alone(st.builds(Move, st.just("USDC"), st.integers(990, 1_010))),
    alone(st.builds(PoolApart, st.integers(970, 1_030))),
    alone(st.builds(Wait, st.sampled_from([12, 3_600, 86_400]) | st.integers(1, 20 * 86_400))),
    alone(st.builds(Settle)),
    alone(st.builds(SettleFunding)),
    alone(st.builds(LiquidateAtPerp)),
    alone(st.just(Turn("accept_prices", "owner"))),
)
"""What is done to every vault with a short."""

OPERATIONS: st.SearchStrategy[list[tuple[Operation, ...]]] = st.lists(
    st.one_of(
        *OFTEN,
        alone(st.builds(RedeemInKind, _USER, _PERMILLE, st.sampled_from([0, 0, 0, 1]))),
        alone(st.builds(Run, st.sampled_from(["rebalance", "rehedge", "top_up_perp_margin"]))),
        alone(st.builds(Keep)),
        alone(st.builds(Keep)),
        alone(st.builds(Keep)),
    ),
    min_size=12,
    max_size=30,
)

ENDING: st.SearchStrategy[list[Operation]] = st.just([]) | st.just(
    [Turn("emergency_exit", "guardian"), Redeem(0, 1_000), Redeem(1, 1_000)]
)


def random_stories(
    world: World,
    stories: int,
    vault: str = VAULT,
    operations: st.SearchStrategy[list[tuple[Operation, ...]]] = OPERATIONS,
) -> Tally:
    """So many lists of operations, each on a fresh vault. Raises Disagreement, with the shortest list found."""
    tally = Tally()

    @settings(
        max_examples=stories,
        derandomize=False,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operations, ENDING)
    def drawn(story: list[tuple[Operation, ...]], ending: list[Operation]) -> None:
        start = world.chain.snapshot()
        try:
            pair = pair_up(world, example(vault), tally)
            middle = (one for part in story for one in part)
            steps = (Deposit(0, 100_000 * USDC), Deposit(1, 50_000 * USDC), Keep(), *middle, *ending)
            for left, step in reversed(tuple(enumerate(reversed(steps)))):
                step.apply(pair)
                if left % 8:
                    pair.compare_state()
                else:
                    pair.compare(12_345 * USDC, pair.users[0])
        finally:
            world.chain.revert(start)

    drawn()
    print(tally.told())
    return tally


@pytest.mark.parametrize("name", AT_PERP)
def test_story_of_a_short_at_perp(perp_world: World, name: str) -> None:
    story = AT_PERP[name]
    tell(pair_up(perp_world, example(story.vault)), story)


@pytest.mark.timeout(1_800)
def test_contract_and_machine_agree_on_a_short(perp_world: World) -> None:
    tally = random_stories(perp_world, 25)
    assert tally.operations >= 400, tally.told()
    for name, least in {"deposit": 20, "rebalance": 8, "redeem in kind": 5}.items():
        assert tally.done[name] >= least, tally.told()
