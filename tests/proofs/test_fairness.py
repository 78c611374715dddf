"""`fair` is proved of what the contract computes, says something, and turns where a rounding or a guard is off."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from proofs.strategies import claim, machine_of, vault_of, verified
from stratc_compiler import fairness
from stratc_compiler.effort import Effort
from stratc_compiler.expr import Expr, MulDiv, Not, Rounding
from stratc_compiler.fairness import _Operation
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.shares import to_assets, to_shares, virtual_shares
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Derivation, Obligation, Proved


def proved(obligation: Obligation) -> bool:
    (answered,) = answer(*tasks_of((obligation,), Effort(rlimit=4_000_000)))
    return answered.evidence is not None


def obligations(vault: Vault) -> dict[str, Obligation]:
    return {one.id.removeprefix("fair/"): one for one in fairness.fairness(vault)}


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_it_is_proved_by_proofs_that_were_checked(name: str) -> None:
    fair = claim(verified(name), "fair")
    assert isinstance(fair.verdict, Proved)
    assert all(isinstance(result.evidence, Derivation) for result in fair.obligations)
    shown = {result.obligation.id.split("/")[1] for result in fair.obligations}
    assert shown == {"follows", "deposit", "mint", "withdraw", "redeem", "gift", "together", "first", "unwound"}


@pytest.mark.parametrize("decimals", ["0", "2", "18"])
def test_it_is_proved_whatever_the_decimals_of_base(decimals: str) -> None:
    """Few decimals make many virtual shares: coefficients of 10^18 beside those of one."""
    vault, _ = vault_of("treasury", ("decimals: 6", f"decimals: {decimals}"))
    assert [short for short, one in obligations(vault).items() if not proved(one)] == []


def test_nothing_is_proved_from_a_contradiction() -> None:
    """What each obligation knows can be, with a flow that is not zero."""
    for obligation in obligations(vault_of("eth_carry")[0]).values():
        known = tuple(hypothesis.formula for hypothesis in obligation.hypotheses)
        assert isinstance(Query(known, 40_000_000, linear=False).solve(), Sat), obligation.id
        assert not proved(replace(obligation, goal=Not(obligation.goal))), obligation.id


@pytest.mark.parametrize(
    ("call", "convert", "wrong"),
    [
        ("deposit", to_shares, Rounding.UP),
        ("mint", to_assets, Rounding.DOWN),
        ("withdraw", to_shares, Rounding.DOWN),
        ("redeem", to_assets, Rounding.UP),
    ],
)
def test_a_rounding_in_favour_of_the_caller_is_not_proved(
    call: str, convert: object, wrong: Rounding, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With total assets that follow a flow exactly, so that nothing but the conversion rounds."""
    vault = vault_of("treasury")[0]

    def operations(_: Vault) -> tuple[_Operation, ...]:
        return tuple(replace(one, other=_rounded(one.other, wrong)) if one.name == call else one for one in right)

    right = fairness._operations(vault)
    monkeypatch.setattr(fairness, "_following", lambda before, after, flow: _exactly(before, after, flow))
    monkeypatch.setattr(fairness, "_price_stays", _price_stays_exactly)
    assert proved(obligations(vault)[call])
    monkeypatch.setattr(fairness, "_operations", operations)
    assert not proved(obligations(vault)[call])


def _rounded(expr: Expr, rounding: Rounding) -> Expr:
    assert isinstance(expr, MulDiv)
    return replace(expr, rounding=rounding)


def _exactly(before: Expr, after: Expr, flow: Expr) -> tuple[fairness.Formula, fairness.Formula]:
    same = fairness.Add(before, flow)
    return fairness.Cmp(after, fairness.Rel.GE, same), fairness.Cmp(after, fairness.Rel.LE, same)


def _price_stays_exactly(vault: Vault, exact: fairness.Exact, supply: Expr) -> fairness.Formula:
    virtual, one = fairness._virtual(vault), fairness.ONE
    left = fairness.Mul(fairness.Add(fairness.AFTER, one), fairness.Add(exact.known["supply"], virtual))
    right = fairness.Mul(fairness.Add(fairness.BEFORE, one), fairness.Add(supply, virtual))
    return fairness.Cmp(left, fairness.Rel.GE, right)


def test_without_virtual_shares_the_first_depositor_robs_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("stratc_compiler.shares", "stratc_compiler.fairness"):
        monkeypatch.setattr(f"{module}.virtual_shares", lambda decimals: 0)
    assert not proved(obligations(vault_of("treasury")[0])["first"])


def test_total_assets_that_round_up_do_not_follow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Debts rounded up and assets down are what the definitions say; nav taken twice is not."""
    vault = vault_of("eth_carry")[0]
    doubled = {**vault.definitions, "assets": fairness.Add(vault.definitions["assets"], vault.definitions["assets"])}
    assert not proved(obligations(replace(vault, definitions=doubled))["follows/in/most"])


amounts = st.integers(0, 10**24) | st.integers(0, 50)


@settings(max_examples=300, deadline=None)
@given(amounts, amounts, amounts, st.integers(0, 18), st.integers(1, 10**26), st.data())
def test_the_interpreter_does_what_the_obligations_say(
    idle: int, other: int, supply: int, decimals: int, price: int, data: st.DataObject
) -> None:
    """Total assets follow flows, and shares keep their price, in the contract's own integers."""
    vault = vault_of("treasury")[0]
    base, unit = vault.base, 10**decimals
    state = {f"idle({base})": idle, "save": other, "aave.collateral(USDC)": 0, f"price({base})": price}
    state |= {f"unit({base})": unit}
    total = _total(vault, state)
    flow = data.draw(st.integers(0, max(idle, 1)))
    grain = max(Fraction(1), Fraction(unit, price))
    for sign in (1, -1):
        if idle + sign * flow < 0:
            continue
        after = _total(vault, state | {f"idle({base})": idle + sign * flow})
        assert abs(after - (total + sign * flow)) < 1 + grain
        virtual = virtual_shares(6)
        for operation in fairness._operations(vault):
            if operation.sign != sign:
                continue
            known = {"supply": supply, "total_assets": total, operation.given.name: flow}
            computed = Evaluator(vault, IdealWorld(vault, {}), known).value(operation.other)
            assets, shares = (computed, flow) if operation.given.name == "shares" else (flow, computed)
            left = supply + sign * shares
            moved = total + sign * assets
            if left >= 0 and moved >= 0:
                assert (moved + 1 + 1 + grain) * (supply + virtual) >= (total + 1) * (left + virtual)


@settings(max_examples=60, deadline=None)
@given(amounts, amounts, st.integers(0, 18), st.integers(1, 10**26), amounts)
def test_exact_accounts_are_among_those_that_it_speaks_of(
    idle: int, other: int, decimals: int, price: int, flow: int
) -> None:
    """The facts that total assets follow flows from admit what the interpreter computes, before and after a deposit."""
    vault = vault_of("treasury")[0]
    state = {"price(USDC)": price, "unit(USDC)": 10**decimals, "save": other, "aave.collateral(USDC)": 0}
    worlds = [IdealWorld(vault, state | {"idle(USDC)": amount}) for amount in (idle, idle + flow)]
    exact = fairness._prices(vault)
    before = exact.amount("idle"), fairness.FLOW
    values = fairness._values(exact)
    told = [fairness._total(exact, start, values) for start in (before[0], fairness.Add(*before))]
    pins = {"idle": idle, fairness.FLOW.name: flow} | {name: state[name] for name in ("price(USDC)", "unit(USDC)")}
    pins |= {name: Evaluator(vault, worlds[0]).named(name) for name in values}
    facts = [fact.formula for fact in exact.facts]
    facts += [
        fairness.Cmp(fairness.real(name), fairness.Rel.EQ, fairness.number(value)) for name, value in pins.items()
    ]
    for world, total in zip(worlds, told, strict=True):
        computed = fairness.number(Evaluator(vault, world).named("total_assets"))
        facts.append(fairness.Cmp(total, fairness.Rel.EQ, computed))
    assert isinstance(Query(tuple(facts), 40_000_000, linear=False).solve(), Sat)


def _is(expr: Expr, value: int) -> fairness.Formula:
    return fairness.Cmp(expr, fairness.Rel.EQ, fairness.number(value))


@settings(max_examples=100, deadline=None)
@given(amounts, amounts, st.integers(0, 10**30), amounts)
def test_it_speaks_of_the_calls_that_the_vault_has(idle: int, other: int, supply: int, given_: int) -> None:
    """Each conversion that is proved fair is the one that the machine makes, rounded the same way."""
    vault = vault_of("treasury")[0]
    state = {"price(USDC)": 10**18, "unit(USDC)": 10**6, "save": other, "aave.collateral(USDC)": 0, "idle(USDC)": idle}
    machine = machine_of(vault, state)
    machine.book.supply = supply
    known = {"supply": supply, "total_assets": machine.total_assets()}
    for operation in fairness._operations(vault):
        computed = Evaluator(vault, IdealWorld(vault, {}), known | {operation.given.name: given_}).value(
            operation.other
        )
        assert getattr(machine, f"preview_{operation.name}")(given_) == computed


def _total(vault: Vault, state: dict[str, int]) -> int:
    view = Evaluator(vault, IdealWorld(vault, state))
    return view.named("total_assets")
