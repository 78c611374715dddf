"""A range of liquidity hedged by a short, on Uniswap's and Perp's own contracts, beside the exact machine."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import strategies as st

from differential.operations import (
    Keep,
    MovePool,
    Operation,
    PresentLiquidity,
    RedeemInKind,
    Run,
    Settle,
    TradeInPool,
    Turn,
)
from differential.pair import Pair, pair_up
from differential.stories.delta import BEGUN, FALL, HEDGED_RANGE, RALLY
from differential.story import tell
from differential.test_perp import OFTEN, alone, random_stories
from lab.world import World
from stratc_dsl.strategy import Action, Rebalance, TopUp, When
from stratc_targets.keeper.conditions import Condition, Goals, parse_condition, parse_goals
from stratc_targets.keeper.goals import bands, condition, sensitivities
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import example

pytestmark = pytest.mark.long  # the vault takes long to compile

VAULT = "topped_range"
BAND = Fraction(3, 100)

_USER, _PERMILLE = st.integers(0, 1), st.integers(0, 1_000)

OPERATIONS: st.SearchStrategy[list[tuple[Operation, ...]]] = st.lists(
    st.one_of(
        *OFTEN,
        alone(st.builds(RedeemInKind, _USER, _PERMILLE, st.sampled_from([0, 0, 0, 1, 2, 3]))),
        alone(st.builds(MovePool, st.integers(990_000, 1_010_000))),
        alone(st.builds(TradeInPool, st.sampled_from(["WETH"]), st.integers(1, 1_000))),
        alone(st.builds(PresentLiquidity, st.integers(1, 5_000))),
        alone(st.builds(Run, st.sampled_from(["rebalance", "harvest_pool", "top_up_perp_margin", "freeze_when_due"]))),
        alone(st.just(Turn("unfreeze", "owner"))),
        *(alone(st.builds(Keep)) for _ in range(4)),
    ),
    min_size=12,
    max_size=30,
)


def delta_on_chain(pair: Pair) -> Fraction:
    """What the vault itself says of it, as a share of its nav."""
    nav = pair.chain.state()[pair.fields["nav"]]
    return Fraction(pair.chain.call("delta_weth"), nav)


@pytest.mark.parametrize("name", HEDGED_RANGE)
def test_story_of_a_hedged_range(perp_world: World, name: str) -> None:
    story = HEDGED_RANGE[name]
    tell(pair_up(perp_world, example(story.vault)), story)


def keeper_of(pair: Pair, action: type[Action] = Rebalance) -> tuple[Condition, Goals]:
    """When the keeper is told that the vault is to be rebalanced, or else, and what it knows of bands for it."""
    vault = pair.machine.vault
    symbols = symbols_of(vault)
    goals = parse_goals(
        {
            "floors": [],
            "loans": [],
            "bands": bands(vault, symbols),
            "readings": {"nav": symbols.fields["nav"]},
            "sensitivities": sensitivities(vault, symbols),
        }
    )
    (trigger,) = (rule.trigger for rule in vault.strategy.rules if isinstance(rule.action, action))
    assert isinstance(trigger, When)
    return parse_condition(condition(trigger.predicate, vault, symbols)), goals


def test_after_a_rally_and_a_fall_of_a_fifth_one_rebalance_brings_delta_back(perp_world: World) -> None:
    """Measured on chain: outside its band before, at its middle after. The keeper's condition is the contract's."""
    pair = pair_up(perp_world, example(VAULT))
    told, goals = keeper_of(pair)
    for step in BEGUN:
        step.apply(pair)
    for way in (RALLY, FALL):
        for step in way:
            step.apply(pair)
            due = pair.chain.call("rebalance_due")
            assert goals.holds(told, pair.chain.state()) is due
            assert due or abs(delta_on_chain(pair)) <= BAND
        assert abs(delta_on_chain(pair)) > BAND
        Keep().apply(pair)
        assert abs(delta_on_chain(pair)) < BAND / 100
    assert pair.tally.done["rebalance"] == 3, pair.tally.told()


def test_the_keeper_knows_when_margin_is_to_be_put_in(perp_world: World) -> None:
    """By what it measures itself, at every step of a rally after a fall, and no more once it was."""
    pair = pair_up(perp_world, example(VAULT))
    told, goals = keeper_of(pair, TopUp)
    seen: list[bool] = []
    for step in (*BEGUN, *(one for _ in range(3) for one in (*FALL, Keep(), Settle())), *RALLY, Keep()):
        step.apply(pair)
        seen.append(pair.chain.call("top_up_perp_margin_due"))
        assert goals.holds(told, pair.chain.state()) is seen[-1]
    assert seen[-2:] == [True, False]
    assert sum(seen) == 1


@pytest.mark.timeout(1_800)
def test_contract_and_machine_agree_on_a_hedged_range(perp_world: World) -> None:
    tally = random_stories(perp_world, 40, VAULT, OPERATIONS)
    assert tally.operations >= 600, tally.told()
    for name, least in {"deposit": 30, "rebalance": 20, "redeem in kind": 10, "harvest_pool": 3}.items():
        assert tally.done[name] >= least, tally.told()
