"""Conditions are lowered to products of whole numbers: each says what its words say, in every state."""

from __future__ import annotations

import operator
from fractions import Fraction
from random import Random

from proofs.strategies import EXAMPLES, vault_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.predicates import Scope, lower, lower_predicate
from stratc_dsl import Source, parse_strategies
from stratc_dsl.strategy import (
    Binary,
    Comparison,
    Expression,
    Invariant,
    Literal,
    OfNav,
    Quantity,
)

VALUES = ("nav", "debt(aave)", "collateral(aave)", "value(save)", "5% of nav", "-30% of nav", "value(idle(USDC))")
RATIOS = ("weight(save)", "health(aave)", "ltv(aave)", "buffer(aave)", "leverage", "2", "-1/3", "40%")
APPLY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
HOLDS = {"<": operator.lt, "<=": operator.le, ">=": operator.ge, ">": operator.gt}


def some_value(chance: Random, depth: int) -> str:
    if not depth or chance.random() < 0.3:
        return chance.choice(VALUES)
    first = some_value(chance, depth - 1)
    if chance.random() < 0.4:
        return f"({first}) {chance.choice('*/')} {chance.choice(('2', '-3', '1/7', '(1 - 5)'))}"
    return f"({first}) {chance.choice('+-')} ({some_value(chance, depth - 1)})"


def some_comparison(chance: Random) -> str:
    relation = chance.choice(tuple(HOLDS))
    if chance.random() < 0.5:
        return f"{some_value(chance, 2)} {relation} {some_value(chance, 1)}"
    ratio = chance.choice(RATIOS)
    if chance.random() < 0.7:
        ratio = f"({some_value(chance, 1)}) / ({some_value(chance, 2)})"
    return f"{ratio} {relation} {chance.choice(('1', '-2', '35%', '-1/3', '1 - 40%'))}"


def meant(expression: Expression, scope: Scope, state: Evaluator) -> Fraction:
    """What an expression comes to, by its words. Raises ZeroDivisionError."""
    match expression:
        case Literal(value):
            return value
        case OfNav(share):
            return share * state.named("nav")
        case Binary(op, left, right):
            return APPLY[op.value](meant(left, scope, state), meant(right, scope, state))
        case Quantity():
            quotient = lower(expression, scope)
            top, bottom = (
                sum((weight * state.value(term) for term, weight in side.items()), Fraction(0))
                for side in (quotient.top, quotient.bottom)
            )
            return top / bottom


def some_state(chance: Random) -> dict[str, int]:
    def some(unit: int) -> int:
        return chance.choice((0, chance.randint(1, 1_000))) * unit

    amounts = {"aave.collateral(WETH)": some(10**17), "aave.debt(USDC)": some(10**8), "save": some(10**8)}
    reads = {"unit(USDC)": 10**6, "price(USDC)": 10**18, "unit(WETH)": 10**18, "price(WETH)": 2_000 * 10**18}
    return reads | amounts | {"idle(USDC)": some(10**8), "idle(WETH)": 0}


def test_a_condition_holds_where_its_words_do() -> None:
    chance = Random(1)
    written = [some_comparison(chance) for _ in range(400)]
    invariants = "".join(f"\n        invariant m{number}: {one}" for number, one in enumerate(written))
    text = (EXAMPLES / "eth_carry.strat").read_text().replace("prove {", f"prove {{{invariants}", 1)
    (strategy,) = parse_strategies(Source("many.strat", text)).strategies
    vault, _ = vault_of("eth_carry")
    scope = Scope(vault.held, vault.venues, ())
    compared = refused = 0
    for claim in strategy.claims:
        if not isinstance(claim, Invariant):
            continue
        assert isinstance(claim.predicate, Comparison)
        try:
            formula = lower_predicate(claim.predicate, scope)
        except Unsupported:
            refused += 1
            continue
        for _ in range(6):
            state = Evaluator(vault, IdealWorld(vault, some_state(chance)))
            try:
                left, right = (meant(one, scope, state) for one in (claim.predicate.left, claim.predicate.right))
            except ZeroDivisionError:
                continue
            holds = HOLDS[claim.predicate.relation.value](left, right)
            assert state.holds(formula) is holds, written[int(claim.name.removeprefix("m"))]
            compared += 1
    assert compared > 1_000, (compared, refused)
    assert 20 < refused < 200
