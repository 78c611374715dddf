"""The contract against the exact interpreter, both on the real venues.

One story is told twice from the same start: once to the compiled vault, once to a plain account that the interpreter
moves step by step. Both must show the same state to the wei, find the same rules due, and fail in the same places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lab.chain import Reverted
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_compiler.interpret import Evaluator, run_plan, snapshot
from stratc_compiler.interpret import Reverted as Undone
from stratc_compiler.vault import OnCondition, Plan, Trades, Vault
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.chain_world import ChainWorld
from vyper_target.vaults import USDC, Deployed, deploy, example

Told = tuple[str, object]


class Teller(Protocol):
    """One of the two tellings."""

    def deposit(self, assets: int) -> None: ...
    def donate(self, assets: int) -> None: ...
    def due(self) -> list[str]: ...
    def settled(self) -> bool: ...
    def run(self, rule: str) -> bool: ...
    def exit(self) -> bool: ...
    def state(self) -> dict[str, int]: ...


@dataclass
class ByContract:
    """The compiled vault."""

    vault: Deployed

    def deposit(self, assets: int) -> None:
        self.vault.deposit(self.vault.world.users[0], assets)

    def donate(self, assets: int) -> None:
        self.vault.world.usdc.mint(self.vault.address, assets)

    def due(self) -> list[str]:
        return [name for name in trading(self.vault.model) if self.vault.call(f"{name}_due")]

    def settled(self) -> bool:
        return bool(self.vault.call("settled"))

    def run(self, rule: str) -> bool:
        return self._sent(rule, self.vault.keeper)

    def exit(self) -> bool:
        return self._sent("emergency_exit", self.vault.guardian)

    def _sent(self, fn: str, sender: str) -> bool:
        try:
            self.vault.contract.send(fn, sender=sender)
        except Reverted:
            return False
        return True

    def state(self) -> dict[str, int]:
        return self.vault.state()


@dataclass
class ByInterpreter:
    """A plain account, moved by the interpreter."""

    market: World
    model: Vault

    @property
    def world(self) -> ChainWorld:
        return ChainWorld(self.market, self.market.users[6])

    def deposit(self, assets: int) -> None:
        self.market.usdc.mint(self.world.me, assets)

    def donate(self, assets: int) -> None:
        self.market.usdc.mint(self.world.me, assets)

    def due(self) -> list[str]:
        """The first whose condition holds: the others wait for it."""
        return self._triggered()[:1]

    def _triggered(self) -> list[str]:
        state = Evaluator(self.model, self.world)
        conditions = {
            rule.name: rule.trigger.condition.formula
            for rule in self.model.rules
            if isinstance(rule.trigger, OnCondition)
        }
        return [name for name, formula in conditions.items() if state.holds(formula)]

    def settled(self) -> bool:
        state = Evaluator(self.model, self.world)
        return not self._triggered() and all(state.holds(one.formula) for one in self.model.settled)

    def run(self, rule: str) -> bool:
        effect = next(one.effect for one in self.model.rules if one.name == rule)
        assert isinstance(effect, Trades)
        return self._carried_out(effect.plan, floors=True)

    def exit(self) -> bool:
        return self._carried_out(self.model.exit_plan, floors=False)

    def _carried_out(self, plan: Plan, *, floors: bool) -> bool:
        before = self.market.chain.snapshot()
        try:
            run_plan(plan, self.model, self.world)
            after = Evaluator(self.model, self.world)
            if not floors or all(after.holds(floor.formula) for floor in self.model.floors):
                return True
        except Undone:
            pass
        self.market.chain.revert(before)
        return False

    def state(self) -> dict[str, int]:
        fields = symbols_of(self.model).fields
        return {fields[name]: value for name, value in snapshot(self.model, self.world).items()}


def trading(model: Vault) -> list[str]:
    return [rule.name for rule in model.rules if isinstance(rule.effect, Trades)]


def keep(teller: Teller) -> list[Told]:
    """What a keeper's pass does, and what is left after each rule."""
    told: list[Told] = []
    for _ in range(3):
        due = teller.due()
        told.append(("due", due))
        if not due:
            break
        done = teller.run(due[0])
        told += [(due[0], done), ("state", teller.state()), ("settled", teller.settled())]
        if not done:
            break
    return told


Story = Callable[[Teller], list[Told]]


def tell_twice(market: World, given_vault: ProvedVault, story: Story) -> list[Told]:
    tellings: list[list[Told]] = []
    for teller in (
        lambda: ByContract(deploy(market, given_vault)),
        lambda: ByInterpreter(market, given_vault.vault),
    ):
        start = market.chain.snapshot()
        try:
            tellings.append(story(teller()))
        finally:
            market.chain.revert(start)
    contract, interpreter = tellings
    for one, other in zip(contract, interpreter, strict=True):
        assert one == other
    return contract


def quietly(examples: int) -> settings:
    checks = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    return settings(max_examples=examples, deadline=None, suppress_health_check=checks, print_blob=True)


@quietly(40)
@given(
    deposit=st.integers(1, 10**7 * USDC),
    moves=st.lists(st.tuples(st.integers(700, 1_500), st.integers(0, 30 * 86_400), st.booleans()), max_size=4),
    donation=st.sampled_from([0, 1, 12_345 * USDC]),
    liquidity=st.none() | st.integers(0, 10**6 * USDC),
)
def test_eth_carry(
    revm_world: World, deposit: int, moves: list[tuple[int, int, bool]], donation: int, liquidity: int | None
) -> None:
    def story(teller: Teller) -> list[Told]:
        teller.deposit(deposit)
        told = [("state", teller.state()), *keep(teller)]
        for permille, seconds, keeper_comes in moves:
            revm_world.warp(seconds, refresh=True)
            revm_world.set_price("WETH", revm_world.price("WETH") * permille / 1_000)
            told += [("state", teller.state()), ("settled", teller.settled())]
            if keeper_comes:
                told += keep(teller)
        teller.donate(donation)
        revm_world.save.limit_liquidity(liquidity)
        told += [*keep(teller), ("exit", teller.exit())]
        return [*told, ("state", teller.state())]

    tell_twice(revm_world, example("eth_carry"), story)


@quietly(40)
@given(
    deposit=st.integers(1, 10**7 * USDC),
    gain=st.integers(0, 10**6 * USDC),
    loss=st.integers(0, 10**6 * USDC),
    liquidity=st.none() | st.integers(0, 10**6 * USDC),
)
def test_treasury(revm_world: World, deposit: int, gain: int, loss: int, liquidity: int | None) -> None:
    def story(teller: Teller) -> list[Told]:
        teller.deposit(deposit)
        told = keep(teller)
        revm_world.save.gain(gain)
        told += [("state", teller.state()), *keep(teller)]
        revm_world.save.lose(loss)
        revm_world.save.limit_liquidity(liquidity)
        told += [("state", teller.state()), *keep(teller), ("exit", teller.exit())]
        return [*told, ("state", teller.state())]

    tell_twice(revm_world, example("treasury"), story)


@pytest.mark.parametrize("name", ["eth_carry", "treasury"])
def test_the_stories_are_not_empty(revm_world: World, name: str) -> None:
    """Rules do fire and succeed in both tellings."""

    def story(teller: Teller) -> list[Told]:
        teller.deposit(100_000 * USDC)
        told = keep(teller)
        revm_world.set_price("WETH", 1_400)
        return [*told, *keep(teller), ("exit", teller.exit()), ("state", teller.state())]

    told = tell_twice(revm_world, example(name), story)
    assert {("rebalance", True), ("exit", True)} <= {(word, what) for word, what in told if isinstance(what, bool)}
