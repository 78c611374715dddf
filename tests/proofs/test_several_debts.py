"""Debts of several tokens, and of tokens that are not held: sizes are what is said of them, what they need is shown."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from msgspec.structs import replace

from proofs.test_flash import plan_of
from proofs.test_needs import proved as which_are_proved
from proofs.test_needs import with_rule
from proofs.test_staying import proved as is_kept
from stratc_compiler.driver import verify
from stratc_compiler.expr import Rounding as Round
from stratc_compiler.expr import Sub, Var, scale, times
from stratc_compiler.guard import only_reduces_risk
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, run_plan
from stratc_compiler.replay import health
from stratc_compiler.staying import stays
from stratc_compiler.vault import FlashLoan, Leave, Let, PlanItem, Require, Swap, Vault
from stratc_compiler.verdict import Proved
from vyper_target.vaults import example

WETH, WBTC = 2_000, 60_000


def state_of(
    vault: Vault, chance: Random, ether: Fraction = Fraction(1), bitcoin: Fraction = Fraction(1)
) -> dict[str, int]:
    """At its targets, when ether and bitcoin then are worth these parts of what they were."""
    nav = chance.randint(10**10, 10**14)
    dollars = {"USDC": Fraction(1), "WETH": WETH * ether, "WBTC": WBTC * bitcoin}
    then = {"USDC": 1, "WETH": WETH, "WBTC": WBTC}
    state = {f"idle({token.name})": 0 for token in vault.strategy.tokens}
    for token in vault.strategy.tokens:
        state |= {f"unit({token.name})": 10**token.decimals, f"price({token.name})": int(dollars[token.name] * 10**18)}
    for band in vault.bands:
        token = vault.strategy.token(band.held.token)
        state[band.held.name] = int(band.target * nav * 10**token.decimals / then[token.name] / 10**6)
        state[band.held.liquidity.name] = state[band.held.name]
    return state


@pytest.mark.parametrize(
    ("ether", "left"), [("0.78", ("some", "all")), ("0.48", ("none", "some"))], ids=["the first is enough", "both"]
)
def test_the_first_debt_is_repaid_first_and_the_next_for_the_rest(ether: str, left: tuple[str, str]) -> None:
    vault = example("two_debts").vault
    for seed in range(50):
        before = state_of(vault, Random(seed), Fraction(ether))
        world = IdealWorld(vault, dict(before))
        run_plan(plan_of(vault, "deleverage_aave"), vault, world)
        assert abs(health(vault, "aave", Evaluator(vault, world)) - Fraction("1.9")) <= Fraction(1, 10**4), seed
        for debt, what in zip(("aave.debt(USDC)", "aave.debt(WBTC)"), left, strict=True):
            now, then = world.state[debt], before[debt]
            # What is less than a unit of collateral is worth may be left.
            said = {"all": now == then, "some": then // 100 < now < then, "none": now <= then // 10**6}
            assert said[what], (seed, debt)
        assert world.state["idle(USDC)"] >= before["idle(USDC)"]


def test_the_exit_repays_every_debt_by_a_loan_of_its_own() -> None:
    vault = example("two_debts").vault
    (step,) = (step for step in vault.exit_steps if step.venue == "aave")
    assert [loan.token for loan in step.plan if isinstance(loan, FlashLoan)] == ["USDC", "WBTC"]
    for seed in range(20):
        world = IdealWorld(vault, state_of(vault, Random(seed), Fraction("0.8")))
        run_plan(step.plan, vault, world)
        assert all(world.state[held.name] == 0 for held in vault.venue("aave").positions)
        assert world.state["idle(WETH)"] > 0


def test_what_is_owed_and_not_held_is_bought_out_of_savings_and_idle() -> None:
    vault = example("short").vault
    for seed in range(50):
        before = state_of(vault, Random(seed), bitcoin=Fraction("1.25"))
        before["save"] //= 1 if seed % 2 else 100
        before["liquidity(save)"] = before["save"]
        world = IdealWorld(vault, dict(before))
        bound = run_plan(plan_of(vault, "deleverage_aave"), vault, world)
        after = health(vault, "aave", Evaluator(vault, world))
        # What is bought beyond the worst price repays, too.
        assert Fraction("1.8") - Fraction(1, 10**6) <= after < Fraction("1.81"), seed
        assert world.state["idle(WBTC)"] == 0
        assert (world.state["save"] > 0) == bool(seed % 2)
        assert world.state["idle(USDC)"] <= before["idle(USDC)"]
        assert bound["spend"] > 0


def test_only_buying_what_is_repaid_reduces_risk() -> None:
    vault = example("short").vault
    plan = plan_of(vault, "deleverage_aave")
    assert only_reduces_risk(plan, vault.venues)
    assert not only_reduces_risk(tuple(item for item in plan if not _repays(item)), vault.venues)
    assert not only_reduces_risk(plan_of(vault, "rebalance"), vault.venues)
    assert only_reduces_risk(plan_of(example("two_debts").vault, "deleverage_aave"), vault.venues)


def _repays(item: PlanItem) -> bool:
    return isinstance(item, Leave) and item.held.debt


def unbought(item: PlanItem) -> tuple[PlanItem, ...]:
    """Half of it is bought for the same base."""
    if isinstance(item, Swap) and item.bought == "WBTC":
        return (replace(item, minimum=scale(item.minimum, Fraction(101, 100), Round.UP)),)
    return (item,)


def dear(item: PlanItem) -> tuple[PlanItem, ...]:
    """Twenty times as much is spent."""
    return (replace(item, amount=times(20, item.amount)),) if isinstance(item, Swap) else (item,)


FAULTY: dict[str, tuple[str, str, Callable[[PlanItem], tuple[PlanItem, ...]], str]] = {
    "asks for more than slippage leaves": ("short", "deleverage_aave", unbought, "step/deleverage_aave/asks/"),
    "spends more than there is": (
        "short",
        "deleverage_aave",
        dear,
        "step/deleverage_aave/funds/",
    ),
    "a rebalance asks for more": ("short", "rebalance", unbought, "step/rebalance/asks/"),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_purchase_is_not_proved(what: str) -> None:
    name, rule, change, words = FAULTY[what]
    vault = example(name).vault
    assert all(which_are_proved(vault, "recovers", words))
    found = which_are_proved(with_rule(vault, rule, change), "recovers", words)
    assert found
    assert not all(found)


def test_what_is_bought_for_a_part_is_bought_out_of_that_part() -> None:
    """Those who stay keep their tokens; and not if what is spent were still the leaver's."""
    vault = example("short").vault
    assert all(is_kept(one) for one in stays(vault))
    faulty = tuple(_unspent(item) for item in vault.unwinding)
    assert sum(left != right for left, right in zip(faulty, vault.unwinding, strict=True)) == 1
    kept = {one.id: is_kept(one) for one in stays(replace(vault, unwinding=faulty))}
    assert kept == {"fair/unwound/USDC": False, "fair/unwound/WBTC": True}


def _unspent(item: PlanItem | Require) -> PlanItem | Require:
    match item:
        case Let(_, Sub(left, Var("spend_for_owed_aave_debt_WBTC"))):
            return replace(item, expr=left)
        case _:
            return item


@pytest.mark.long
@pytest.mark.parametrize("name", ["short", "two_debts"])
def test_they_are_proved(name: str) -> None:
    proved = example(name)
    found = verify(proved.vault, proved.verification.source)
    assert [one.name for one in found.claims if not isinstance(one.verdict, Proved)] == []
