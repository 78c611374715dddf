"""Typed strategy to model: what is derived, and what is refused rather than misread."""

from __future__ import annotations

import pytest

from proofs.strategies import source_of, vault_of
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import dim_of
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import SCALE, Enter, Leave, Let, Swap, Trades
from stratc_dsl import parse_strategies
from stratc_targets.venues import venue_factories


@pytest.mark.parametrize("name", ["repay", "assets", "shares", "round_assets", "round_deposited", "draw_safe"])
def test_a_venue_may_not_bear_a_name_of_the_model(name: str) -> None:
    source = source_of("eth_carry", ("save", name))
    (strategy,) = parse_strategies(source).strategies
    if name == "draw_safe":
        model(strategy, source, venue_factories(strategy))  # a name like any other
        return
    with pytest.raises(Unsupported, match=f"a venue named `{name}`"):
        model(strategy, source, venue_factories(strategy))


@pytest.mark.parametrize("name", ["WETH_from_pool", "took_USDC_pool", "kept_for_pool"])
def test_nor_the_name_of_what_a_range_of_liquidity_brings_or_takes(name: str) -> None:
    """Once a plan has bound it, proofs would take that amount for what is held at the venue."""
    changes = (
        ("venue dex ", f"venue {name} = erc4626(asset=USDC)\n    venue dex "),
        ("pool:       50%", f"{name}: 10% +- 5%,\n        pool:       40%"),
        ("[pool, dex]", f"[pool, {name}, dex]"),
    )
    with pytest.raises(Unsupported, match=f"a venue named `{name}`"):
        vault_of("fee_range", *changes)


def test_a_venue_at_which_nothing_is_held_needs_no_room() -> None:
    """It is a warning (W0201), and part of the strategy all the same: what it lends for a moment, say."""
    source = source_of("treasury", ("venue aave = ", "venue bank = aave_v3(collateral=[USDC])\n    venue aave = "))
    (strategy,) = parse_strategies(source).strategies
    vault = model(strategy, source, venue_factories(strategy))
    ids = {one.id for one in guarded_assumptions(vault)}
    assert "room(aave)" in ids
    assert "room(bank)" not in ids


def test_every_expression_of_a_model_has_a_dimension() -> None:
    vault, _ = vault_of("eth_carry")
    plans = [vault.exit_plan, *(rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades))]
    for expr in vault.definitions.values():
        dim_of(expr)
    for plan in plans:
        for item in plan:
            match item:
                case Let(name, expr):
                    assert dim_of(expr) == name.dim
                case Enter(held, amount) | Leave(held, amount):
                    assert dim_of(amount) == held.var.dim
                case Swap():
                    assert dim_of(item.minimum) == item.received.dim


def test_rules_are_named_by_what_they_do() -> None:
    vault, _ = vault_of("eth_carry")
    assert [rule.name for rule in vault.rules] == ["deleverage_aave", "rebalance", "harvest_save", "freeze_when_due"]
    assert vault.rules[0].text == "when health(aave) < 1.50 do deleverage aave to health 1.80"


def test_deposits_have_room_up_to_the_limit_and_the_share_of_the_round() -> None:
    assert vault_of("treasury")[0].deposit_room is None
    change = ("withdrawals <= 10% of nav", "withdrawals <= 10% of nav\n deposits <= 5% of nav")
    vault, _ = vault_of("treasury", change)
    assert vault.deposit_room is not None
    for begun, deposited, room in (
        (0, 10**12, 2**256 - 1),
        (SCALE - 1, SCALE, 2**256 - 1),
        (SCALE, 0, SCALE // 20),
        (SCALE + 19, 1, SCALE // 20 - 1),
        (SCALE, SCALE, 0),
    ):
        bound = {"round_assets": begun, "round_deposited": deposited}
        assert Evaluator(vault, IdealWorld(vault, {}), bound).value(vault.deposit_room) == room


def test_the_buffer_is_the_health_factor_told_as_a_move() -> None:
    """Collateral may lose 1 - 1 / health against the debt: a buffer of 20% is a health factor of 1.25."""
    by_health, _ = vault_of("eth_carry", ("health(aave) >= 1.35", "health(aave) >= 1.25"))
    by_buffer, _ = vault_of("eth_carry", ("health(aave) >= 1.35", "buffer(aave) >= 20%"))
    held = set()
    for owed in range(0, 2_000 * 10**6, 7_654_321):
        state = {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "price(USDC)": 10**18, "price(WETH)": 2_000 * 10**18}
        state |= dict.fromkeys((held.name for held in (*by_health.held, *by_health.idle)), 10**6)
        state |= {"aave.collateral(WETH)": 10**18, "aave.debt(USDC)": owed}
        answers = {
            Evaluator(vault, IdealWorld(vault, state)).holds(vault.floors[0].formula)
            for vault in (by_health, by_buffer)
        }
        assert len(answers) == 1, owed
        held |= answers
    assert held == {True, False}
