"""Who is paid out of positions leaves the others theirs: proved of the plan, refuted of faults, tried in integers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import vault_of
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Add, Expr, MulDiv, Not, Rounding, Sub, amount
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Reverted, run_plan
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.shares import virtual_shares
from stratc_compiler.smt import Query, Sat
from stratc_compiler.staying import stays
from stratc_compiler.vault import Held, Leave, Let, PlanItem, Require, Swap, Vault
from stratc_compiler.verdict import Obligation

NAMES = ["treasury", "eth_carry"]


def proved(obligation: Obligation) -> bool:
    (answered,) = answer(*tasks_of((obligation,), Effort(rlimit=4_000_000)))
    return answered.evidence is not None


def unproved(vault: Vault) -> set[str]:
    return {one.id.removeprefix("fair/unwound/") for one in stays(vault) if not proved(one)}


@pytest.mark.parametrize("name", NAMES)
def test_of_every_token_the_others_keep_theirs(name: str) -> None:
    vault = vault_of(name)[0]
    assert {one.id for one in stays(vault)} == {f"fair/unwound/{token.name}" for token in vault.strategy.tokens}
    assert unproved(vault) == set()


@pytest.mark.parametrize("order", list(permutations(("aave", "dex", "save"))), ids=", ".join)
def test_in_whatever_order_positions_are_left(order: tuple[str, ...]) -> None:
    """Also where a token is sold before a venue brings more of it."""
    vault = vault_of("eth_carry", ("order: [save, aave, dex]", f"order: [{', '.join(order)}]"))[0]
    assert unproved(vault) == set()
    left = {item.held.name for item in vault.unwinding if isinstance(item, Leave)}
    assert left == {held.name for held in vault.held if held.venue is not None}
    sold = sum(isinstance(item, Swap) for item in vault.unwinding)
    assert sold == (2 if order.index("dex") < order.index("aave") else 1)


def test_what_is_owed_is_not_sold_before_it_is_repaid() -> None:
    """A debt in WETH is repaid out of what is free of it, though the exchange comes first."""
    changes = (
        (
            "collateral=[WETH(ltv=80%, threshold=82.5%)], borrow=[USDC]",
            "collateral=[USDC(ltv=80%, threshold=82.5%)], borrow=[WETH]",
        ),
        ("aave.collateral(WETH)", "aave.collateral(USDC)"),
        ("aave.debt(USDC)", "aave.debt(WETH)"),
        ("order: [save, aave, dex]", "order: [dex, aave, save]"),
    )
    vault = vault_of("eth_carry", *changes)[0]
    moves = [item for item in vault.unwinding if isinstance(item, Leave | Swap)]
    repaid = next(place for place, item in enumerate(moves) if isinstance(item, Leave) and item.held.debt)
    assert [item.bought for item in moves[:repaid] if isinstance(item, Swap)] == ["WETH"]
    assert unproved(vault) == set()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_proved_from_a_contradiction(name: str) -> None:
    for obligation in stays(vault_of(name)[0]):
        known = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
        assert isinstance(Query(known, 40_000_000, linear=False).solve(), Sat), obligation.id
        assert not proved(replace(obligation, goal=Not(obligation.goal))), obligation.id


def test_where_nothing_is_unwound_nothing_is_claimed() -> None:
    assert stays(replace(vault_of("treasury")[0], unwinding=())) == ()


# ── faults ─────────────────────────────────────────────────────────────────────────────────

Fault = Callable[[PlanItem | Require], PlanItem | Require]


def bound(name: str, change: Callable[[Expr], Expr], nth: int = 0) -> Fault:
    """The amount that is bound to this name for the nth time is another."""
    times = count()

    def fault(item: PlanItem | Require) -> PlanItem | Require:
        if isinstance(item, Let) and item.name.name == name and next(times) == nth:
            return replace(item, expr=change(item.expr))
        return item

    return fault


def other_way(expr: Expr) -> Expr:
    assert isinstance(expr, MulDiv)
    return replace(expr, rounding=Rounding.UP if expr.rounding is Rounding.DOWN else Rounding.DOWN)


def all_of_it(expr: Expr) -> Expr:
    assert isinstance(expr, MulDiv)
    return expr.left


def unbilled(expr: Expr) -> Expr:
    assert isinstance(expr, Sub)
    return expr.left


def sells_all(item: PlanItem | Require) -> PlanItem | Require:
    return replace(item, amount=amount(f"idle({item.sold})", item.sold)) if isinstance(item, Swap) else item


FAULTS: dict[str, tuple[Fault, set[str]]] = {
    "the part of what is idle rounds to the leaver": (bound("free_USDC", other_way), {"USDC"}),
    "all that is idle is the leaver's": (bound("free_USDC", all_of_it), {"USDC"}),
    "idle WETH is the leaver's": (bound("free_WETH", all_of_it), {"WETH"}),
    "the part of a position rounds to the leaver": (bound("slice_aave_collateral_WETH", other_way), {"WETH"}),
    "the part of a debt rounds to the leaver": (bound("owed_aave_debt_USDC", other_way), {"USDC"}),
    "savings fall by more than the part, unpaid": (bound("free_USDC", unbilled, 1), {"USDC"}),
    "a debt falls by less than the part, unpaid": (bound("free_USDC", unbilled, 2), {"USDC"}),
    "a debt's part is not paid": (bound("free_USDC", lambda _: amount("free_USDC", "USDC"), 2), {"USDC"}),
    "collateral falls by more than the part, unpaid": (bound("free_WETH", unbilled, 1), {"WETH"}),
    "everything idle is sold": (sells_all, {"WETH"}),
    "the proceeds are paid twice": (bound("paid", lambda free: Add(free, amount("proceeds_WETH", "USDC"))), {"USDC"}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_not_proved(name: str) -> None:
    vault = vault_of("eth_carry")[0]
    fault, tokens = FAULTS[name]
    plan = tuple(fault(item) for item in vault.unwinding)
    assert plan != vault.unwinding
    assert unproved(replace(vault, unwinding=plan)) == tokens


# ── in integers ────────────────────────────────────────────────────────────────────────────


class TakingWorld(IdealWorld):
    """Venues that take more than they were asked for: of what is held, and onto what is owed."""

    def leave(self, held: Held, amount: int) -> None:
        super().leave(held, amount)
        taken = self.state["taken"]
        self.state[held.name] += taken if held.debt else -min(taken, self.state[held.name])


def nets(vault: Vault, state: dict[str, int]) -> dict[str, int]:
    places = (*vault.idle, *(held for venue in vault.venues for held in venue.positions))
    return {
        token.name: sum((-1 if one.debt else 1) * state[one.name] for one in places if one.token == token.name)
        for token in vault.strategy.tokens
    }


units = st.integers(0, 10**13) | st.integers(0, 50)


@settings(max_examples=400, deadline=None)
@given(st.data(), st.integers(0, 10**24) | st.integers(0, 50), st.sampled_from([0, 0, 1, 2, 10**6]))
def test_in_integers_the_others_keep_theirs_whatever_venues_take(data: st.DataObject, supply: int, taken: int) -> None:
    vault = vault_of("eth_carry")[0]
    names = [held.name for held in (*vault.idle, *(one for venue in vault.venues for one in venue.positions))]
    state = {name: data.draw(units, name) for name in names} | {"taken": taken}
    # No more debt than what is idle and saved, so that most runs get through.
    state["aave.debt(USDC)"] = min(state["aave.debt(USDC)"], state["idle(USDC)"] + state["save"])
    state |= {f"liquidity({name})": 10**30 for name in names}
    state |= {"price(USDC)": 10**18, "price(WETH)": 2_000 * 10**18, "unit(USDC)": 10**6, "unit(WETH)": 10**18}
    shares, whole = data.draw(st.integers(0, supply)), supply + virtual_shares(6)
    world, before = TakingWorld(vault, dict(state)), nets(vault, state)
    try:
        known = run_plan(vault.unwinding, vault, world, {"shares": shares, "whole": whole})
    except Reverted:
        return
    world.state["idle(USDC)"] -= known["paid"]
    for token, after in nets(vault, world.state).items():
        assert after * whole >= before[token] * (whole - shares)
        assert world.state[f"idle({token})"] >= 0
