"""Typed strategy to model: what is derived, and what is refused rather than misread."""

from __future__ import annotations

import pytest

from proofs.strategies import source_of, vault_of
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import dim_of
from stratc_compiler.interpret import Evaluator
from stratc_compiler.replay import IdealWorld
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
