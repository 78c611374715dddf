"""A rule costs no more than its budget: proved with the stated slippage in it, and not without."""

from __future__ import annotations

from fractions import Fraction

import pytest
from msgspec.structs import replace

from proofs.strategies import vault_of
from proofs.test_needs import proved
from stratc_compiler.conservation import BUDGET
from stratc_compiler.expr import Add, Expr, MulDiv, Plain, Rounding, number, scale, zero
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.vault import NAV, Let, PlanItem, Trades, Vault


def budgets(vault: Vault) -> dict[str, Expr]:
    trading = {rule.name: rule.effect.plan for rule in vault.rules if isinstance(rule.effect, Trades)}
    return {name: item.expr for name, plan in trading.items() for item in plan if _is_budget(item)}


def _is_budget(item: PlanItem) -> bool:
    return isinstance(item, Let) and item.name == BUDGET


def with_budget(vault: Vault, changed: dict[str, Expr]) -> Vault:
    rules = []
    for rule in vault.rules:
        if isinstance(rule.effect, Trades):
            plan = tuple(Let(BUDGET, changed[rule.name]) if _is_budget(item) else item for item in rule.effect.plan)
            rule = replace(rule, effect=replace(rule.effect, plan=plan))
        rules.append(rule)
    return replace(vault, rules=tuple(rules))


def terms(expr: Expr) -> list[Expr]:
    return [*terms(expr.left), expr.right] if isinstance(expr, Add) else [expr]


def test_a_budget_is_the_slippage_of_every_swap_and_parts_in_a_million_of_nav() -> None:
    vault, _ = vault_of("eth_carry")
    found = budgets(vault)
    assert found.keys() == {"deleverage_aave", "rebalance"}
    assert [len(terms(found[name])) for name in ("deleverage_aave", "rebalance")] == [1, 3]
    sold, bought, units = terms(found["rebalance"])
    for cost in (sold, bought):
        assert isinstance(cost, MulDiv)
        assert (cost.right, cost.divisor, cost.rounding) == (number(3), number(1_000), Rounding.UP)
    for one in (units, found["deleverage_aave"]):
        nav = {NAV.name: 10**24}
        assert 0 < Evaluator(vault, IdealWorld(vault, {}), nav).value(one) <= 10**24 * 50 // 10**6


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_no_rule_costs_more_than_its_budget(name: str) -> None:
    found = proved(vault_of(name)[0], "recovers", "/conserves/")
    assert found
    assert all(found)


def test_without_the_slippage_it_is_not_proved() -> None:
    vault, _ = vault_of("eth_carry")
    full = budgets(vault)
    units = full | {"rebalance": terms(full["rebalance"])[-1]}
    assert not all(proved(with_budget(vault, units), "recovers", "step/rebalance/conserves/"))
    assert all(proved(with_budget(vault, full), "recovers", "step/rebalance/conserves/"))


def test_without_the_units_it_is_not_proved() -> None:
    vault, _ = vault_of("treasury")
    nothing: Expr = zero(Plain.VALUE)
    assert not all(proved(with_budget(vault, {"rebalance": nothing}), "recovers", "step/rebalance/conserves/"))


def test_half_of_the_slippage_is_not_enough() -> None:
    vault, _ = vault_of("eth_carry")
    full = budgets(vault)
    halved = full | {"rebalance": scale(full["rebalance"], Fraction(1, 2), Rounding.UP)}
    assert not all(proved(with_budget(vault, halved), "recovers", "step/rebalance/conserves/"))
