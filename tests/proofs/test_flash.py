"""Flash loans: sizes are what their formulas say, each thing that a loan needs is shown, and the rest is refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, proved, refuted, source_of, vault_of, verified
from proofs.test_needs import proved as which_are_proved
from proofs.test_needs import with_rule
from stratc_compiler.driver import model
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Monus, scale, times
from stratc_compiler.expr import Rounding as Round
from stratc_compiler.guard import only_reduces_risk
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import FLASH_COSTS, Evaluator, Reverted, run_plan
from stratc_compiler.replay import health
from stratc_compiler.vault import FlashLoan, Leave, Let, Plan, PlanItem, Provide, Swap, Trades, Vault, Withdraw
from stratc_dsl import parse_strategies
from stratc_targets.venues import venue_factories

Change = tuple[str, str]


def plan_of(vault: Vault, rule: str) -> Plan:
    effect = next(one.effect for one in vault.rules if one.name == rule)
    assert isinstance(effect, Trades)
    return effect.plan


def loop_at(vault: Vault, chance: Random, price: Fraction) -> dict[str, int]:
    """A loop near its targets whose collateral then is worth `price` of what it was."""
    nav, weth = chance.randint(10**10, 10**14), chance.randint(100, 10_000) * 10**18
    state = {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "price(USDC)": 10**18, "price(WETH)": int(weth * price)}
    state |= {"aave.collateral(WETH)": nav * 18 * 10**29 // weth, "aave.debt(USDC)": nav, "idle(USDC)": nav // 5}
    state |= {"idle(WETH)": 0, "liquidity(aave.collateral(WETH))": nav * 10**50}
    return state


def test_a_deleverage_reaches_its_health_and_uses_nothing_that_is_idle() -> None:
    """At the worst price that is assumed, for the whole premium; above by what rounding leaves over, never below."""
    vault, _ = vault_of("eth_loop")
    for seed in range(200):
        chance = Random(seed)
        before = loop_at(vault, chance, Fraction(chance.randint(700, 899), 1_000))
        world = IdealWorld(vault, dict(before))
        run_plan(plan_of(vault, "deleverage_aave"), vault, world)
        after = health(vault, "aave", Evaluator(vault, world))
        assert Fraction("1.5") - Fraction(1, 10**6) <= after <= Fraction("1.5") + Fraction(1, 10**5), seed
        assert world.state["idle(USDC)"] >= before["idle(USDC)"]
        assert world.state["idle(WETH)"] == 0


# ── several collaterals ────────────────────────────────────────────────────────────────────


def treasury_at(chance: Random, ether: Fraction, liquid: Fraction) -> dict[str, int]:
    """A treasury's loan near its targets whose ether then is worth `ether` of what it was, and can be drawn as far as
    `liquid` says."""
    nav, weth, wbtc = chance.randint(10**10, 10**14), chance.randint(100, 10_000), chance.randint(10_000, 10**6)
    state = {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "unit(WBTC)": 10**8, "price(USDC)": 10**18}
    state |= {"price(WETH)": int(weth * ether * 10**18), "price(WBTC)": wbtc * 10**18}
    held = nav * 8 * 10**11 // weth
    state |= {
        "aave.collateral(WETH)": held,
        "aave.collateral(WBTC)": nav * 60 // wbtc,
        "aave.debt(USDC)": nav * 6 // 10,
    }
    state |= {"liquidity(aave.collateral(WETH))": int(held * liquid), "liquidity(aave.collateral(WBTC))": nav * 10**50}
    return state | {"idle(USDC)": nav // 5, "idle(WETH)": 0, "idle(WBTC)": 0}


@pytest.mark.parametrize(
    ("ether", "liquid", "bitcoin_too"),
    [("0.60", "1", False), ("0.60", "0.1", True), ("0.60", "0", True), ("0.30", "1", True), ("0.20", "0.5", True)],
)
def test_what_the_first_collateral_does_not_give_the_next_one_does(ether: str, liquid: str, bitcoin_too: bool) -> None:
    """Ether first, as much as there is and can be drawn; what is idle is not used, and the health factor is reached."""
    vault, _ = vault_of("treasury_loan")
    for seed in range(50):
        before = treasury_at(Random(seed), Fraction(ether), Fraction(liquid))
        world = IdealWorld(vault, dict(before))
        bound = run_plan(plan_of(vault, "deleverage_aave"), vault, world)
        after = health(vault, "aave", Evaluator(vault, world))
        assert abs(after - Fraction("1.8")) <= Fraction(1, 10**5), (seed, float(after))
        assert (bound["sell_WBTC"] > 0, bound["sell_WETH"] > 0) == (bitcoin_too, liquid != "0")
        assert world.state["idle(USDC)"] >= before["idle(USDC)"]
        assert world.state["idle(WETH)"] == world.state["idle(WBTC)"] == 0
        if bitcoin_too:
            drawable = min(before["aave.collateral(WETH)"], before["liquidity(aave.collateral(WETH))"])
            # To the unit of ether, which is the finer of the two that its worth is told in.
            assert 0 <= drawable - bound["sell_WETH"] <= 10**18 // (before["price(WETH)"] // 10**18)


@pytest.mark.parametrize(("ether", "bitcoin_too"), [("0.60", False), ("0.20", True)])
def test_the_exit_sells_one_collateral_after_the_other_for_what_is_due(ether: str, bitcoin_too: bool) -> None:
    """As much of the last as is needed, at the worst price; all debt is repaid, and all collateral drawn."""
    vault, _ = vault_of("treasury_loan")
    (step,) = (step for step in vault.exit_steps if step.venue == "aave")
    for seed in range(50):
        world = IdealWorld(vault, treasury_at(Random(seed), Fraction(ether), Fraction(1)))
        bound = run_plan(step.plan, vault, world)
        state = world.state
        assert state["aave.debt(USDC)"] == state["aave.collateral(WETH)"] == state["aave.collateral(WBTC)"] == 0
        assert (bound["sell_aave_WBTC"] > 0) == bitcoin_too
        assert 0 <= state["idle(USDC)"] <= 2, state["idle(USDC)"]
        assert state["idle(WBTC)"] > 0


def test_dust_of_the_first_collateral_is_not_sold() -> None:
    """A pool pays nothing for a unit, and would hold up what the next collateral brings."""
    vault, _ = vault_of("treasury_loan")
    (step,) = (step for step in vault.exit_steps if step.venue == "aave")
    for plan, name in ((plan_of(vault, "deleverage_aave"), "sell_WETH"), (step.plan, "sell_aave_WETH")):
        before = treasury_at(Random(1), Fraction("0.6"), Fraction(1))
        before["liquidity(aave.collateral(WETH))"] = before["aave.collateral(WETH)"] // 10**9
        world = IdealWorld(vault, before)
        bound = run_plan(plan, vault, world)
        assert bound[name] == 0
        assert bound[name.replace("WETH", "WBTC")] > 0


def test_where_nothing_is_to_be_repaid_nothing_is_lent() -> None:
    vault, _ = vault_of("eth_loop")
    world = IdealWorld(vault, loop_at(vault, Random(1), Fraction(2)))
    before = dict(world.state)
    bound = run_plan(plan_of(vault, "deleverage_aave"), vault, world)
    assert (bound["loan"], bound["due"], bound["sell_WETH"]) == (0, 0, 0)
    assert (world.state, world.log) == (before, [])


def test_a_lender_that_asks_for_more_than_was_proved_is_refused() -> None:
    class Dear(IdealWorld):
        def lend(self, loan: FlashLoan, amount: int) -> int:
            return super().lend(loan, amount) + 1

    vault, _ = vault_of("eth_loop")
    world = Dear(vault, loop_at(vault, Random(1), Fraction("0.86")))
    with pytest.raises(Reverted, match=FLASH_COSTS):
        run_plan(plan_of(vault, "deleverage_aave"), vault, world)


@pytest.mark.long
def test_the_loop_is_proved_and_not_without_its_loans() -> None:
    loop = verified("eth_loop")
    assert len(proved(loop)) == len(loop.claims)
    assert refuted(verified("eth_loop", (", using: flash(aave)", ""))) == {"exits", "exit >= 95% of nav"}
    assert "recovers" in refuted(verified("eth_loop", ("do rebalance using flash(aave)", "do rebalance")))
    # Out of what is idle the debt cannot be paid down so far.
    assert "recovers" in refuted(verified("eth_loop", ("to health 1.50 using flash(aave)", "to health 1.50")))


def test_what_the_proofs_rest_on_names_the_lender() -> None:
    flash = next(one for one in verified("eth_loop").assumptions if one.id == "flash(aave)")
    assert flash.text == "aave gives every flash loan that is asked for, for at most 0.05% of it"
    assert all(one.id != "flash(aave)" for one in verified("eth_carry").assumptions)
    uses = {label for one in claim(verified("eth_loop"), "recovers").obligations for label in _labels(one)}
    assert "flash(aave)" in uses


def _labels(result: object) -> set[str]:
    return {hypothesis.label for hypothesis in result.obligation.hypotheses}  # type: ignore[attr-defined]


# ── what a loan needs is shown ─────────────────────────────────────────────────────────────


def within(change: Callable[[PlanItem], tuple[PlanItem, ...]]) -> Callable[[PlanItem], tuple[PlanItem, ...]]:
    """The change, of what is done with the loan."""

    def changed(item: PlanItem) -> tuple[PlanItem, ...]:
        if isinstance(item, FlashLoan):
            return (replace(item, within=tuple(step for one in item.within for step in change(one))),)
        return (item,)

    return changed


def sized(name: str, change: Callable[[Let], Let]) -> Callable[[PlanItem], tuple[PlanItem, ...]]:
    return lambda item: (change(item),) if isinstance(item, Let) and item.name.name == name else (item,)


def half(let: Let) -> Let:
    return replace(let, expr=scale(let.expr, Fraction(1, 2), Round.DOWN))


def twice(let: Let) -> Let:
    return replace(let, expr=times(2, let.expr))


def half_drawn(item: PlanItem) -> tuple[PlanItem, ...]:
    if isinstance(item, Leave) and not item.held.debt:
        return (replace(item, amount=scale(item.amount, Fraction(1, 2), Round.DOWN)),)
    return (item,)


def not_sold(item: PlanItem) -> tuple[PlanItem, ...]:
    return () if isinstance(item, Swap) else (item,)


def cheaper(item: PlanItem) -> tuple[PlanItem, ...]:
    """The least price leaves out the premium."""
    return (
        (replace(item, minimum=scale(item.minimum, Fraction(9_995, 10_005), Round.DOWN)),)
        if isinstance(item, Swap)
        else (item,)
    )


def dearer(item: PlanItem) -> tuple[PlanItem, ...]:
    """The least price is a tenth of a percent above what the stated slippage leaves."""
    return (
        (replace(item, minimum=scale(item.minimum, Fraction(1_001, 1_000), Round.UP)),)
        if isinstance(item, Swap)
        else (item,)
    )


def repaid_twice(item: PlanItem) -> tuple[PlanItem, ...]:
    return (replace(item, amount=times(2, item.amount)),) if isinstance(item, Leave) and item.held.debt else (item,)


FAULTY = {
    "not sold": ("deleverage_aave", within(not_sold), "returns/"),
    "half is drawn": ("deleverage_aave", within(half_drawn), "funds/"),
    "more is asked for than is sold": ("deleverage_aave", sized("least_WETH", twice), "asks/"),
    "sold too cheap": ("deleverage_aave", within(cheaper), "returns/"),
    "asks for more than slippage leaves": ("deleverage_aave", within(dearer), "asks/"),
    "more is repaid than is lent": ("deleverage_aave", within(repaid_twice), "owes/"),
    "half is lent": ("rebalance", sized("loan", half), "funds/"),
    "nothing is lent": ("rebalance", sized("loan", lambda let: replace(let, expr=Monus(let.expr, let.expr))), "funds/"),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_loan_is_not_proved(what: str) -> None:
    rule, change, word = FAULTY[what]
    # Without idle money nothing hides that the loan does not pay for itself.
    vault, _ = vault_of("eth_loop", ("20% +- 10%, min 6%", "20% +- 20%"))
    shown = [f"{case}/{rule}/{word}" for case in ("step", "base")]
    assert any(which_are_proved(vault, "recovers", words) for words in shown)
    found = [one for words in shown for one in which_are_proved(with_rule(vault, rule, change), "recovers", words)]
    assert found
    assert not all(found)


def test_the_budget_has_the_premium() -> None:
    """A premium of 2% costs more than a budget of the slippage alone."""
    vault, _ = vault_of("eth_loop")
    assert all(which_are_proved(vault, "recovers", "step/deleverage_aave/conserves"))

    def dear(item: PlanItem) -> tuple[PlanItem, ...]:
        match item:
            case Let(name, expr) if name.name == "due":
                return (Let(name, times(2, expr)),)
            case _:
                return (item,)

    assert not all(
        which_are_proved(with_rule(vault, "deleverage_aave", dear), "recovers", "step/deleverage_aave/conserves")
    )


def test_only_a_loan_that_repays_reduces_risk() -> None:
    vault, _ = vault_of("eth_loop")
    deleverage = plan_of(vault, "deleverage_aave")
    assert only_reduces_risk(deleverage, vault.venues)
    assert not only_reduces_risk(plan_of(vault, "rebalance"), vault.venues)
    assert only_reduces_risk(plan_of(vault_of("treasury_loan")[0], "deleverage_aave"), vault.venues)
    for change in (within(not_sold), within(lambda item: (item, item)), within(repaid_twice)):
        changed = tuple(step for item in deleverage for step in change(item))
        assert not only_reduces_risk(changed, vault.venues)


# ── what is refused ────────────────────────────────────────────────────────────────────────

TWO = (
    (
        "collateral=[WETH(ltv=80%, threshold=82.5%)]",
        "collateral=[WETH(ltv=80%, threshold=82.5%), USDC(ltv=77%, threshold=80%)]",
    ),
    ("    aave.debt(USDC):", "    aave.collateral(USDC): 5% +- 2%\n        aave.debt(USDC):"),
    ("20% +- 10%, min 6%", "15% +- 10%, min 6%"),
)


A_POOL = (
    ("    venue dex ", "    venue pool = uniswap_v3(WETH/USDC, fee=0.30%)\n    venue dex "),
    ("slippage(dex) <= 0.50%", "slippage(dex) <= 0.50%; slippage(pool) <= 1%"),
)
TO_THE_POOL = (("flash(aave)", "flash(pool)"),)
BITCOIN = (
    ("pool = uniswap_v3(WETH/USDC", "pool = uniswap_v3(WBTC/WETH"),
    ("price(USDC) stays", "price(WBTC) moves -15% .. +15%\n        price(USDC) stays"),
    (
        "    token WETH",
        '    token WBTC { decimals: 8, price: chainlink("BTC/USD", heartbeat=1h, deviation=0.5%) }\n    token WETH',
    ),
)
IN_THE_POOL = "a flash loan from `dex` for what goes through `dex`, the same pool"
TWIN = "a flash loan from `pool` for what goes through `dex`, the same pool"


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ((("to health 1.50 using flash(aave)", "to health 1.50 using flash(dex)"),), IN_THE_POOL),
        ((("rebalance using flash(aave)", "rebalance using flash(dex)"),), IN_THE_POOL),
        (((", using: flash(aave)", ", using: flash(dex)"),), IN_THE_POOL),
        (
            (*A_POOL, ("fee=0.30%", "fee=0.05%"), ("health 1.50 using flash(aave)", "health 1.50 using flash(pool)")),
            TWIN,
        ),
        ((*A_POOL, *BITCOIN, *TO_THE_POOL), "a flash loan of USDC from `pool`"),
        (TWO, "a flash loan of USDC from `aave`, where USDC is held as well"),
        (
            (*TWO, ("to health 1.50 using flash(aave)", "to health 1.50"), (", using: flash(aave)", "")),
            "a flash loan of USDC from `aave`, where USDC is held as well",
        ),
        (
            (("slippage(dex) <= 0.50%", "slippage(dex) <= 50%"),),
            "a deleverage of `aave` to a health factor that selling collateral cannot reach",
        ),
        (
            (("do freeze", "do exit using flash(aave)"), (", using: flash(aave)", "")),
            "an exit by rule that borrows otherwise than the exit",
        ),
    ],
)
def test_what_cannot_be_done_soundly_is_refused(changes: tuple[Change, ...], what: str) -> None:
    source = source_of("eth_loop", *changes, *_on_a_price(changes))
    (strategy,) = parse_strategies(source).strategies
    with pytest.raises(Unsupported) as caught:
        model(strategy, source, venue_factories(strategy))
    assert caught.value.what == what


def _on_a_price(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """Only `freeze` does without a price."""
    return (("stale(price(WETH))", "health(aave) < 1.26"),) if any("do exit" in new for _, new in changes) else ()


# ── a lender that takes nothing ────────────────────────────────────────────────────────────

BY_MORPHO: tuple[Change, ...] = (
    ("flash(aave)", "flash(blue)"),
    ("    venue dex ", "    venue blue = morpho_blue(collateral=WETH(lltv=86%), loan=USDC)\n    venue dex "),
)


def test_what_is_due_for_nothing_is_the_loan() -> None:
    """The least that the sale brings is the loan, up to rounding: there is no premium to be sold for."""
    vault, _ = vault_of("eth_loop", *BY_MORPHO)
    plan = plan_of(vault, "deleverage_aave")
    (loan,) = (item for item in plan if isinstance(item, FlashLoan))
    for seed in range(50):
        chance = Random(seed)
        world = IdealWorld(vault, loop_at(vault, chance, Fraction(chance.randint(700, 899), 1_000)))
        bound = run_plan(plan, vault, world)
        assert bound[loan.amount.name] > 10**9
        assert 0 <= bound[loan.due.name] - bound[loan.amount.name] <= 1
        assert loan.lender == "blue"


def test_an_exit_by_free_loans_leaves_what_aave_would_have_taken() -> None:
    """Of most of nav, which the exit borrows, Aave takes 0.05%: between these two lies the promise."""
    promise = ("exit >= 95% of nav", "exit >= 98.66% of nav")
    free, _ = vault_of("eth_loop", *BY_MORPHO, promise)
    paid, _ = vault_of("eth_loop", promise)
    assert which_are_proved(free, "exit >= 98.66% of nav", "step/pays") == [True]
    assert which_are_proved(paid, "exit >= 98.66% of nav", "step/pays") == [False]


# ── a pool that lends ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("first", [True, False])
def test_what_is_traded_goes_through_another_pool_than_the_one_that_lends(first: bool) -> None:
    """Wherever it is declared; the exit's step is that of the pool that is traded in."""
    (declared, slippage) = A_POOL
    after = ("    assume {", "    venue pool = uniswap_v3(WETH/USDC, fee=0.30%)\n\n    assume {")
    vault, _ = vault_of("eth_loop", declared if first else after, slippage, *TO_THE_POOL)
    assert {(loan.lender, loan.premium) for loan in vault.loans} == {("pool", Fraction(3, 1_000))}
    items = [item for loan in vault.loans for item in loan.within]
    assert {item.swap.name for item in items if isinstance(item, Swap)} == {"dex"}
    assert [step.venue for step in vault.exit_steps] == ["aave", "dex"]


IN_A_RANGE = (
    ("    venue dex ", "    venue wide = uniswap_v3_lp(WETH/USDC, fee=0.30%, range=-50% .. +100%)\n    venue dex "),
    ("slippage(dex) <= 0.50%", "slippage(dex) <= 0.50%; slippage(wide) <= 1%"),
    ("20% +- 10%, min 6%", "10% +- 10%\n        wide: 10% +- 5%"),
    ("order: [aave, dex]", "order: [wide, aave, dex]"),
    ("    rules {", "    rules {\n        every 24h do harvest wide"),
)


def test_liquidity_in_the_pool_that_lends_is_moved_before_the_loan_and_after_it() -> None:
    """Within, the pool would be locked for it."""
    vault, _ = vault_of("eth_loop", *A_POOL, *IN_A_RANGE, *TO_THE_POOL)
    moves = [item for item in plan_of(vault, "rebalance") if not isinstance(item, Let)]
    (place,) = (place for place, item in enumerate(moves) if isinstance(item, FlashLoan))
    ranges = [at for at, item in enumerate(moves) if isinstance(item, Withdraw | Provide)]
    assert min(ranges) < place < max(ranges)
    loans = (item for loan in vault.loans for item in loan.within)
    assert not any(isinstance(item, Withdraw | Provide) for item in loans)


def test_what_is_due_at_a_pool_is_its_fee_rounded_up() -> None:
    vault, _ = vault_of("eth_loop", *A_POOL, *TO_THE_POOL)
    plan = plan_of(vault, "rebalance")
    (loan,) = (item for item in plan if isinstance(item, FlashLoan))
    for seed in range(50):
        chance = Random(seed)
        world = IdealWorld(vault, loop_at(vault, chance, Fraction(chance.randint(1_100, 1_300), 1_000)))
        bound = run_plan(plan, vault, world)
        lent = bound[loan.amount.name]
        assert bound[loan.due.name] == lent + -(-lent * 3 // 1_000)


@pytest.mark.long
def test_a_loop_by_loans_from_a_pool_is_proved() -> None:
    loop = verified("eth_loop", *A_POOL, *TO_THE_POOL)
    assert len(proved(loop)) == len(loop.claims)
    flash = next(one for one in loop.assumptions if one.id == "flash(pool)")
    assert flash.text == "pool gives every flash loan that is asked for, for at most 0.3% of it"
    # A fee of 6% of what the exit borrows is more than the promise leaves.
    costs = ("fee=0.30%", "fee=6%"), ("slippage(pool) <= 1%", "slippage(pool) <= 7%")
    dear = verified("eth_loop", *A_POOL, *costs, *TO_THE_POOL)
    assert "exit >= 95% of nav" in refuted(dear)
