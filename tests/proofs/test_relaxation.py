"""Every exact integer run of a plan is among the real runs that the proofs quantify over.

The test runs plans in exact integers on random states, with venues that round as badly as their models allow and
swaps anywhere inside the slippage, then asks the solver whether the relaxed facts admit exactly that run.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from proofs.strategies import vault_of
from stratc_compiler.execute import run_plan as run_symbolically
from stratc_compiler.expr import (
    Cmp,
    Formula,
    Kind,
    Monus,
    Not,
    Plain,
    Rel,
    Rounding,
    TokenDim,
    Var,
    dim_of,
    number,
    scale,
)
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.relax import ZERO, Frame, Trace, real
from stratc_compiler.rounds import settled_frame
from stratc_compiler.smt import Query, Sat, Unsat
from stratc_compiler.vault import NAV, FlashLoan, Held, Let, Plan, Swap, Trades, Vault


class SloppyWorld(IdealWorld):
    """Venues that leave positions off by up to their stated rounding, and swaps inside the assumed slippage."""

    chance: Random = None  # type: ignore[assignment]

    def _off(self, held: Held) -> None:
        if held.debt and self.state[held.name] == 0:
            return  # a debt repaid in full is gone
        self.state[held.name] = max(0, self.state[held.name] + self.chance.randint(-held.rounding, held.rounding))

    def enter(self, held: Held, amount: int) -> None:
        super().enter(held, amount)
        self._off(held)

    def leave(self, held: Held, amount: int) -> None:
        super().leave(held, amount)
        self._off(held)

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        worth = Fraction(amount * self.state[f"price({item.sold})"], self.state[f"unit({item.sold})"])
        fair = worth * self.state[f"unit({item.bought})"] / self.state[f"price({item.bought})"]
        best = int(fair * (1 + item.swap.slippage))
        return super().swap(item, amount, self.chance.randint(minimum, max(minimum, best)))

    def lend(self, loan: FlashLoan, amount: int) -> int:
        return self.chance.randint(amount, super().lend(loan, amount))


def state_of(vault: Vault, chance: Random) -> dict[str, int]:
    """A random state of a vault worth enough for the scale assumption, at random prices."""
    state = {f"unit({t.name})": 10**t.decimals for t in vault.strategy.tokens}
    for token in vault.strategy.tokens:
        state[f"price({token.name})"] = chance.randint(10**6, 10**12) * 10**10
    for held in dict.fromkeys((*vault.held, *vault.idle)):
        usd = chance.choice([0, chance.randint(0, 10**3), chance.randint(10**3, 10**9)])
        unit, price = state[f"unit({held.token})"], state[f"price({held.token})"]
        state[held.name] = usd * unit * 10**18 // price
        state[held.liquidity.name] = state[held.name]
    return state


def near_targets(vault: Vault, chance: Random) -> dict[str, int]:
    """A state that is off its targets by up to some parts per million, or per thousand, of nav."""
    state = state_of(vault, chance)
    nav, off = chance.randint(10**6, 10**9), Fraction(1, chance.choice([10**7, 10**6, 10**3]))
    for band in vault.bands:
        held = band.held
        share = band.target + off * Fraction(chance.randint(-100, 100), 100)
        unit, price = state[f"unit({held.token})"], state[f"price({held.token})"]
        state[held.name] = int(share * nav * unit * 10**18 / price)
        state[held.liquidity.name] = state[held.name]
    return state


def worth(vault: Vault, state: dict[str, int], token: str, units: int) -> Fraction:
    """An amount in base-worth coordinates."""
    base = vault.base
    usd = Fraction(units * state[f"price({token})"], state[f"unit({token})"])
    return usd * state[f"unit({base})"] / state[f"price({base})"] / state[f"unit({base})"]


def dust_of(vault: Vault, state: dict[str, int]) -> Fraction:
    """The largest smallest unit in play, in base-worth coordinates (whole base tokens)."""
    units = [worth(vault, state, token.name, 1) for token in vault.strategy.tokens]
    return max(*units, Fraction(1, state[f"price({vault.base})"]))


PLANS = ["rebalance", "deleverage_aave", "exit"]


def plan_of(vault: Vault, name: str) -> Plan:
    if name == "exit":
        return vault.exit_plan
    rule = next(rule for rule in vault.rules if rule.name == name)
    assert isinstance(rule.effect, Trades)
    return rule.effect.plan


RUNS = 150
"""Random states of each plan; the same ones every time, so that what they notice they notice always."""


@pytest.mark.parametrize("plan", PLANS)
@pytest.mark.parametrize("name", ["eth_carry", "eth_loop", pytest.param("treasury_loan", marks=pytest.mark.long)])
def test_exact_runs_are_admitted(name: str, plan: str) -> None:
    vault, _ = vault_of(name)
    done = 0
    for seed in range(RUNS):
        chance = Random(seed)
        before = (state_of if seed % 2 else near_targets)(vault, chance)
        world = SloppyWorld(vault, dict(before), chance=chance)
        try:
            bound = run_plan(plan_of(vault, plan), vault, world)
        except Reverted:
            continue  # the proofs show separately that reverting does not happen
        done += 1
        assert admits(vault, plan_of(vault, plan), before, world.state, bound), f"seed {seed}"
    assert done > RUNS // 5


def admits(
    vault: Vault, plan: Plan, before: dict[str, int], after: dict[str, int], bound: dict[str, int] | None = None
) -> bool:
    """Whether the relaxed facts of the plan have a model that starts and ends in these states.

    `bound` are the sizes that the exact run computed on its way: the model has to give each of them just that value,
    as it has to give them to the definitions in the state that the run starts in.
    """
    names = {held.name: held.token for held in (*vault.held, *vault.idle)}
    exact = Evaluator(vault, IdealWorld(vault, before))
    frame = Frame(vault, {name: real(f"{name}@1") for name in names}, Trace())
    for held in vault.held:
        frame.state[held.liquidity.name] = real(held.liquidity.name)
    frame.primed()
    dust = dust_of(vault, before)
    pins: list[Formula] = [
        Cmp(
            frame.known[name],
            Rel.EQ,
            number(_told(vault, before, Var(name, dim_of(definition)), exact.named(name)) / dust),
        )
        for name, definition in vault.definitions.items()
    ]
    end = run_symbolically(plan, frame, lambda *_: None)
    for name, token in names.items():
        pins.append(Cmp(real(f"{name}@1"), Rel.EQ, number(worth(vault, before, token, before[name]) / dust)))
        pins.append(Cmp(end.state[name], Rel.EQ, number(worth(vault, before, token, after[name]) / dust)))
    for held in vault.held:
        full = number(worth(vault, before, held.token, before[held.liquidity.name]) / dust)
        pins.append(Cmp(real(held.liquidity.name), Rel.EQ, full))
    for item in plan if bound is not None else ():
        if isinstance(item, Let):
            told = _told(vault, before, item.name, bound[item.name.name])
            pins.append(Cmp(end.known[item.name.name], Rel.EQ, number(told / dust)))
    query = Query((*(fact.formula for fact in end.trace.facts), *pins), 10_000_000)
    return isinstance(query.solve(), Sat)


def _told(vault: Vault, state: dict[str, int], name: Var, units: int) -> Fraction:
    """What a plan computed, an amount or a value in 10^-18 USD, in base-worth coordinates."""
    match name.dim:
        case TokenDim(Kind.AMOUNT, token):
            return worth(vault, state, token, units)
        case Plain.VALUE:
            return Fraction(units, state[f"price({vault.base})"])
        case other:
            raise TypeError(f"{name.name} is {other}")


def test_the_test_can_fail() -> None:
    """A run that the contract cannot make (a debt that vanishes) is not admitted."""
    vault, _ = vault_of("eth_carry")
    before = state_of(vault, Random(7))
    for name, share in (("aave.collateral(WETH)", 80), ("aave.debt(USDC)", 40), ("save", 42), ("idle(USDC)", 18)):
        token = "WETH" if "WETH" in name else "USDC"
        usd = share * 10**4
        before[name] = usd * before[f"unit({token})"] * 10**18 // before[f"price({token})"]
        before[f"liquidity({name})"] = before[name]
    world = IdealWorld(vault, dict(before))
    plan = plan_of(vault, "rebalance")
    run_plan(plan, vault, world)
    assert admits(vault, plan, before, world.state)
    assert not admits(vault, plan, before, {**world.state, "aave.debt(USDC)": 0})


def test_the_same_of_the_same_numbers_is_computed_once_and_of_others_anew() -> None:
    vault, _ = vault_of("eth_carry")
    frame = settled_frame(vault)
    target, over = scale(NAV, Fraction(1, 3), Rounding.DOWN), Monus(NAV, vault.held[0].value)
    before = frame.expr(target)
    facts = frame.trace.facts
    assert frame.expr(target) == before
    assert frame.trace.facts == facts
    moved = frame.moved({"idle(USDC)": real("more")})
    assert moved.expr(target) != before
    assert frame.expr(target) == before
    assert moved.expr(over) != frame.expr(over)


@pytest.mark.parametrize(("one", "other"), [(3, 5), (5, 3), (4, 4), (0, 2)])
def test_of_two_numbers_only_one_is_more_than_the_other(one: int, other: int) -> None:
    """What is known of both differences admits what they are, and nothing else."""
    frame = Frame(vault_of("eth_carry")[0], {}, Trace())
    left, right = real("left"), real("right")
    first, second = frame.monus(left, right), frame.monus(right, left)
    facts = tuple(fact.formula for fact in frame.trace.facts)
    given = (*facts, Cmp(left, Rel.EQ, number(one)), Cmp(right, Rel.EQ, number(other)))
    for result, exact in ((first, max(one - other, 0)), (second, max(other - one, 0))):
        assert isinstance(Query((*given, Cmp(result, Rel.EQ, number(exact))), 10_000_000).solve(), Sat)
        assert isinstance(Query((*given, Not(Cmp(result, Rel.EQ, number(exact)))), 10_000_000).solve(), Unsat)


def test_definitions_agree_within_dust() -> None:
    vault, _ = vault_of("eth_carry")
    state = state_of(vault, Random(11))
    frame = Frame(vault, dict.fromkeys(state, ZERO), Trace())
    for held in vault.held:
        units = worth(vault, state, held.token, state[held.name]) / dust_of(vault, state)
        frame.state[held.name] = number(units)
    frame.primed()
    nav = Evaluator(vault, IdealWorld(vault, state)).named("nav")
    told = number(Fraction(nav, state[f"price({vault.base})"]) / dust_of(vault, state))
    facts = tuple(fact.formula for fact in frame.trace.facts)
    assert isinstance(Query((*facts, Cmp(frame.known["nav"], Rel.EQ, told)), 10_000_000).solve(), Sat)
