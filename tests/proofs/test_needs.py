"""Each thing that a claim is made of is shown: where it does not hold, the obligation that says so is not proved.

Obligations are asked one by one, so that nothing else that fails in the same strategy hides one that is missing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from msgspec.structs import replace

from proofs.strategies import vault_of
from stratc_compiler.claims import claims_of
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Add, times
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.vault import Enter, Leave, PlanItem, Swap, Trades, Vault

Change = tuple[str, str]


def proved(vault: Vault, claim: str, *words: str) -> list[bool]:
    """Which of the claim's obligations with these words in their ids are proved."""
    obligations = next(spec.obligations for spec in claims_of(vault, box_of(vault)) if spec.name == claim)
    asked = [one for one in obligations if all(word in f"{one.id}/" for word in words)]
    return [answer(*tasks_of((one,), Effort()))[0].evidence is not None for one in asked]


BREAKS: dict[str, tuple[str, Change, str, str]] = {
    # example, what is changed, claim, words in the ids of the obligations of which one must fail
    "liquidity": (
        "treasury",
        ("liquidity(aave) >= 50%", "liquidity(aave) >= 5%"),
        "recovers",
        "step/rebalance/liquid/",
    ),
    "loan to value": ("eth_carry", ("ltv=80%", "ltv=39%"), "recovers", "step/rebalance/borrow/"),
    "loan covered": ("eth_carry", ("[save, aave, dex]", "[aave, save, dex]"), "exits", "step/withdraw/"),
    "floor": ("eth_carry", (">= 1% of nav", ">= 5% of nav"), "recovers", "deleverage_aave/floor/"),
    "lost": ("eth_carry", ("solvent", "survives loss of aave"), "survives loss of aave", "step/aave/"),
    "debts": ("eth_carry", ("-20% .. +20%", "-30% .. +20%"), "loss <= 20% per round", "step/moment/"),
    "slippage": ("eth_carry", ("(dex) <= 0.30%", "(dex) <= 10%"), "exit >= 93% of nav", "step/pays/"),
}


@pytest.mark.parametrize("what", BREAKS)
def test_what_does_not_hold_is_not_proved(what: str) -> None:
    name, change, claim, words = BREAKS[what]
    found = proved(vault_of(name, change)[0], claim, words)
    assert found
    assert not all(found)


def without(kind: type, position: str, item: PlanItem) -> tuple[PlanItem, ...]:
    """The step of this kind at a position left out of a plan."""
    return () if isinstance(item, kind) and item.held.name == position else (item,)


def twice(kind: type, position: str, item: PlanItem) -> tuple[PlanItem, ...]:
    return (item, item) if isinstance(item, kind) and item.held.name == position else (item,)


def more(kind: type, position: str, item: PlanItem) -> tuple[PlanItem, ...]:
    """The step moves as much more as the position holds."""
    if isinstance(item, kind) and item.held.name == position:
        return (replace(item, amount=Add(item.amount, item.held.var)),)
    return (item,)


def dearer(item: PlanItem) -> tuple[PlanItem, ...]:
    return (replace(item, minimum=times(2, item.minimum)),) if isinstance(item, Swap) else (item,)


def with_rule(vault: Vault, name: str, change: Callable[[PlanItem], tuple[PlanItem, ...]]) -> Vault:
    """The vault with every step of one rule's plan changed."""
    rules = []
    for rule in vault.rules:
        if rule.name == name:
            assert isinstance(rule.effect, Trades)
            plan = tuple(step for item in rule.effect.plan for step in change(item))
            assert plan != rule.effect.plan
            rule = replace(rule, effect=replace(rule.effect, plan=plan))
        rules.append(rule)
    return replace(vault, rules=tuple(rules))


FAULTY_PLANS = {
    "funds to repay": ("eth_carry", "deleverage_aave", partial(without, Leave, "save"), "step/deleverage_aave/funds/"),
    "owes": ("eth_carry", "deleverage_aave", partial(more, Leave, "aave.debt(USDC)"), "step/deleverage_aave/owes/"),
    "holds": ("treasury", "rebalance", partial(more, Leave, "save"), "step/rebalance/holds/"),
    "funds to enter": ("treasury", "rebalance", partial(more, Enter, "save"), "step/rebalance/funds/"),
    "asks": ("eth_carry", "rebalance", dearer, "step/rebalance/asks/"),
    "settled": ("treasury", "rebalance", partial(without, Leave, "save"), "step/rebalance/settled/"),
}


@pytest.mark.parametrize("what", FAULTY_PLANS)
def test_a_faulty_plan_is_not_proved(what: str) -> None:
    name, rule, change, words = FAULTY_PLANS[what]
    right, _ = vault_of(name)
    assert all(proved(right, "recovers", words))
    found = proved(with_rule(right, rule, change), "recovers", words)
    assert found
    assert not all(found)


def test_liquidity_is_used_up() -> None:
    """What was drawn is no longer there for the next draw: a quarter can be paid, and a fifth twice cannot."""
    vault, _ = vault_of("treasury", ("liquidity(aave) >= 50%", "liquidity(aave) >= 25%"))
    assert all(proved(vault, "recovers", "step/rebalance/liquid/"))
    again = with_rule(vault, "rebalance", partial(twice, Leave, "aave.collateral(USDC)"))
    assert not all(proved(again, "recovers", "step/rebalance/liquid/"))


SMALL_SAVINGS = (("42% +- 5%", "5% +- 4%"), ("10% +- 4%, min 6%", "47% +- 5%"))
"""A deleverage wants some 9% of nav, more than the savings hold; idle has the rest."""

PAYS_NOTHING = ("loss(save) <= 0.05%", "loss(save) <= 0.05%, liquidity(save) >= 0%")


def test_a_deleverage_may_draw_a_whole_position() -> None:
    """A venue may pay out a unit less than it says is held; what it does not pay, idle pays, as far as a floor lets."""
    deleverage = partial(proved, vault_of("eth_carry", *SMALL_SAVINGS)[0], "recovers")
    for word in ("liquid", "funds", "floor"):
        assert all(deleverage(f"step/deleverage_aave/{word}/"))
    more = (*SMALL_SAVINGS, ("to health 1.80", "to health 4"), (">= 1% of nav", ">= 40% of nav"))
    assert not all(proved(vault_of("eth_carry", *more)[0], "recovers", "step/deleverage_aave/floor/"))


def test_what_the_savings_do_not_pay_has_to_be_idle() -> None:
    vault, _ = vault_of("eth_carry", *SMALL_SAVINGS, PAYS_NOTHING)
    assert all(proved(vault, "recovers", "step/deleverage_aave/funds/"))
    assert not all(proved(vault_of("eth_carry", PAYS_NOTHING)[0], "recovers", "step/deleverage_aave/funds/"))


def test_every_band_has_to_be_quiet() -> None:
    """A rebalance that leaves the second of three positions where it is is due again."""
    right, _ = vault_of("treasury")
    stuck = with_rule(right, "rebalance", partial(without, Leave, "save"))
    assert not all(proved(stuck, "quiet", "step/rebalance/"))


def test_each_of_several_triggers_has_to_be_quiet() -> None:
    """The second one is due still."""
    either = ("when weights outside band do", "when idle(USDC) < 1% of nav or weight(save) > 20% do")
    assert not all(proved(vault_of("treasury", either)[0], "quiet", "step/rebalance/"))


HOLDER = (
    # half of nav in a token that hardly moves, bought at a price that does cost something
    ("aave.collateral(WETH):  80% +- 5%", "aave.collateral(WETH):  50% +- 5%"),
    ("aave.debt(USDC):       -32% +- 4%", "aave.debt(USDC):       -1% +- 1%"),
    ("save:                   42% +- 5%", "save:                   41% +- 5%"),
    ("price(WETH) moves -20% .. +20%", "price(WETH) moves -0% .. +0%"),
    ("price(USDC) stays 0.98 .. 1.02", "price(USDC) stays 1 .. 1"),
    ("slippage(dex) <= 0.30%", "slippage(dex) <= 4%"),
    ("loss <= 20% per round", "loss <= 1% per round"),
)


def test_trades_after_a_deposit_are_part_of_the_loss() -> None:
    """Half of a deposit is traded at a loss of 4%: no moment of the round shows it, and the deposit does not pay it."""
    vault, _ = vault_of("eth_carry", *HOLDER)
    assert all(proved(vault, "loss <= 1% per round", "step/moment/"))
    assert not all(proved(vault, "loss <= 1% per round", "step/rebalance/end/"))
