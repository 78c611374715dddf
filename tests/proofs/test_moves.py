"""A top-up and an unwinding: sizes are what is said of them, what they need is shown, and the rest is refused."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from msgspec.structs import replace

from proofs.test_flash import plan_of
from proofs.test_needs import proved as which_are_proved
from proofs.test_needs import with_rule
from stratc_compiler.driver import model, verify
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Rounding as Round
from stratc_compiler.expr import scale, times
from stratc_compiler.guard import only_reduces_risk
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.replay import health
from stratc_compiler.vault import Enter, FlashLoan, Let, PlanItem, Swap, Vault
from stratc_compiler.verdict import Proved
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories
from vyper_target.vaults import HERE, example

TOP_UP, CLOSE = "top_up_aave_collateral_weth", "unwind_aave_debt_usdc"
MOST = "when health(aave) < 1.45 do top_up aave.collateral(WETH) to health(aave) 1.50 from [idle(USDC), save]"
STOP = "when health(aave) < 1.50 do unwind aave.debt(USDC) using flash(aave)"


def changed(name: str, *changes: tuple[str, str]) -> Vault:
    """A strategy of the tests with other words in it."""
    text = (HERE / f"{name}.strat").read_text()
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    source = Source(f"{name}.strat", text)
    parsed = parse_strategies(source)
    assert parsed.strategies, [one.message for one in parsed.diagnostics]
    return model(parsed.strategies[0], source, venue_factories(parsed.strategies[0]))


def state_of(vault: Vault, chance: Random, ether: str) -> dict[str, int]:
    """At its targets, when ether then is worth this part of what it was."""
    nav, weth = chance.randint(10**10, 10**14), chance.randint(100, 10_000)
    state = {"unit(USDC)": 10**6, "unit(WETH)": 10**18, "price(USDC)": 10**18, "idle(WETH)": 0}
    state["price(WETH)"] = int(weth * Fraction(ether) * 10**18)
    for band in vault.bands:
        worth = int(band.target * nav)
        state[band.held.name] = worth if band.held.token == "USDC" else worth * 10**12 // weth
        state[band.held.liquidity.name] = state[band.held.name]
    return state


@pytest.mark.parametrize("savings_too", [False, True])
def test_a_top_up_reaches_its_goal_from_the_first_source_first(savings_too: bool) -> None:
    vault = example("topped").vault
    for seed in range(50):
        before = state_of(vault, Random(seed), "0.85")
        if savings_too:
            before["idle(USDC)"] //= 100
        world = IdealWorld(vault, dict(before))
        run_plan(plan_of(vault, TOP_UP), vault, world)
        after = health(vault, "aave", Evaluator(vault, world))
        assert Fraction("1.5") <= after <= Fraction("1.5") + Fraction(1, 10**4), (seed, float(after))
        assert (world.state["save"] < before["save"]) == savings_too
        assert (world.state["idle(USDC)"] == 0) == savings_too
        assert world.state["idle(WETH)"] == 0
        assert world.state["aave.debt(USDC)"] == before["aave.debt(USDC)"]


def test_dust_in_a_source_is_left_there() -> None:
    """A pool pays nothing for a unit, and would hold up what the next source brings."""
    vault = example("topped").vault
    before = state_of(vault, Random(1), "0.85")
    before["idle(USDC)"] = 1
    world = IdealWorld(vault, dict(before))
    bound = run_plan(plan_of(vault, TOP_UP), vault, world)
    assert (bound["take_idle_USDC"], world.state["idle(USDC)"]) == (0, 1)
    assert health(vault, "aave", Evaluator(vault, world)) >= Fraction("1.5")


@pytest.mark.parametrize(
    ("goal", "position"),
    [
        ("idle(USDC) to weight(idle(USDC)) 40% from [save]", "idle(USDC)"),
        ("save to weight(save) 60% from [idle(USDC)]", "save"),
        ("aave.collateral(WETH) to ltv(aave) 45% from [save]", "aave.collateral(WETH)"),
        ("aave.collateral(WETH) to buffer(aave) 42% from [save]", "aave.collateral(WETH)"),
        ("aave.collateral(WETH) to collateral_ratio(aave) 2.1 from [save]", "aave.collateral(WETH)"),
        ("aave.collateral(WETH) to weight(aave.collateral(WETH)) 65% from [idle(USDC), save]", "aave.collateral(WETH)"),
    ],
)
def test_every_goal_that_a_position_moves_can_be_reached(goal: str, position: str) -> None:
    """And nothing is moved where the goal is reached: the same plan a second time does nothing."""
    vault = changed("topped", (MOST, f"when health(aave) < 1.45 do top_up {goal}"))
    (rule,) = (rule.name for rule in vault.rules if rule.name.startswith("top_up"))
    world = IdealWorld(vault, state_of(vault, Random(7), "0.9"))
    before = world.state[position]
    run_plan(plan_of(vault, rule), vault, world)
    after = world.state[position]
    assert after > before
    bound = run_plan(plan_of(vault, rule), vault, world)
    lacking = next(bound[name] for name in bound if name.startswith("lacking"))
    nav = bound["nav_before"]
    # The goal is told at the nav of the start; what the move itself has cost is all that can be lacking.
    assert lacking <= nav // 200
    assert world.state[position] - after <= after // 100


def test_the_loan_is_closed_by_collateral_alone() -> None:
    vault = example("stop").vault
    plan = plan_of(vault, CLOSE)
    assert only_reduces_risk(plan, vault.venues)
    for seed in range(50):
        before = state_of(vault, Random(seed), "0.7")
        world = IdealWorld(vault, dict(before))
        run_plan(plan, vault, world)
        assert world.state["aave.debt(USDC)"] == 0
        assert before["idle(USDC)"] <= world.state["idle(USDC)"] <= before["idle(USDC)"] + 2
        assert world.state["idle(WETH)"] == 0


CLOSE_ALL = (STOP, STOP.replace("aave.debt(USDC)", "aave.collateral(WETH)"))


def test_collateral_that_is_closed_repays_first_and_the_rest_is_base() -> None:
    vault = changed("stop", CLOSE_ALL)
    for seed in range(50):
        before = state_of(vault, Random(seed), "0.7")
        world = IdealWorld(vault, dict(before))
        run_plan(plan_of(vault, "unwind_aave_collateral_weth"), vault, world)
        assert all(world.state[name] == 0 for name in ("aave.collateral(WETH)", "aave.debt(USDC)", "idle(WETH)"))
        assert world.state["idle(USDC)"] > before["idle(USDC)"] + before["aave.debt(USDC)"] // 2


def test_collateral_is_not_closed_where_its_debt_would_be_left_without() -> None:
    vault = changed("stop", CLOSE_ALL)
    before = state_of(vault, Random(3), "0.7")
    before["aave.debt(USDC)"] *= 2
    with pytest.raises(Reverted, match="would leave the debt uncovered"):
        run_plan(plan_of(vault, "unwind_aave_collateral_weth"), vault, IdealWorld(vault, before))


BOTH = (
    "when health(aave) < 1.70 do deleverage aave to health 1.90 using flash(aave)",
    "when health(aave) < 1.70 do unwind aave.collateral(WETH) using flash(aave)",
)


@pytest.mark.parametrize(("ether", "liquid", "left"), [("0.9", "1", 0), ("0.9", "0.3", 1), ("0.9", "0.2578277", 2)])
def test_collateral_of_several_debts_repays_each_in_turn_as_far_as_there_is_any(
    ether: str, liquid: str, left: int
) -> None:
    """Of 130% that are held, 30% and 20% are owed: all of both, or one and a part of the other, or what is left for the
    other is dust."""
    vault = changed("two_debts", BOTH)
    plan = plan_of(vault, "unwind_aave_collateral_weth")
    assert [item.token for item in plan if isinstance(item, FlashLoan)] == ["USDC", "WBTC"]
    for seed in range(50):
        before = two_debts_at(Random(seed), Fraction(ether))
        before["liquidity(aave.collateral(WETH))"] = int(before["aave.collateral(WETH)"] * Fraction(liquid))
        world = IdealWorld(vault, dict(before))
        run_plan(plan, vault, world)
        state = world.state
        assert state["aave.debt(USDC)"] == state["idle(WBTC)"] == state["idle(WETH)"] == 0
        assert (state["aave.debt(WBTC)"] == 0) == (left == 0)
        assert (state["aave.debt(WBTC)"] < before["aave.debt(WBTC)"]) == (left < 2)
        assert state["idle(USDC)"] >= before["idle(USDC)"]
        assert (state["aave.collateral(WETH)"] <= 2) == (liquid == "1")  # units that its rounding may have taken


def two_debts_at(chance: Random, ether: Fraction) -> dict[str, int]:
    """At its targets, when ether then is worth this part of what it was."""
    nav, weth, wbtc = chance.randint(10**10, 10**14), chance.randint(100, 10_000), chance.randint(10_000, 10**6)
    return {
        "unit(USDC)": 10**6,
        "unit(WETH)": 10**18,
        "unit(WBTC)": 10**8,
        "price(USDC)": 10**18,
        "price(WETH)": int(weth * ether * 10**18),
        "price(WBTC)": wbtc * 10**18,
        "aave.collateral(WETH)": nav * 13 * 10**11 // weth,
        "aave.debt(USDC)": nav * 3 // 10,
        "aave.debt(WBTC)": nav * 20 // wbtc,
        "idle(USDC)": nav // 5,
        "idle(WETH)": 0,
        "idle(WBTC)": 0,
    }


def test_without_a_loan_a_debt_is_closed_out_of_what_there_is() -> None:
    vault = changed("stop", (STOP, STOP.replace(" using flash(aave)", "")))
    before = state_of(vault, Random(3), "0.7")
    before["idle(USDC)"] += before["aave.debt(USDC)"]
    world = IdealWorld(vault, dict(before))
    run_plan(plan_of(vault, CLOSE), vault, world)
    paid = before["save"] + before["idle(USDC)"] - world.state["save"] - world.state["idle(USDC)"]
    assert (world.state["aave.debt(USDC)"], world.state["save"]) == (0, 0)
    assert paid == before["aave.debt(USDC)"]


# ── what they need is shown ────────────────────────────────────────────────────────────────


def dear(item: PlanItem) -> tuple[PlanItem, ...]:
    """A tenth of a percent more is asked for than the stated slippage leaves."""
    if isinstance(item, Swap):
        return (replace(item, minimum=scale(item.minimum, Fraction(1_001, 1_000), Round.UP)),)
    return (item,)


def more(item: PlanItem) -> tuple[PlanItem, ...]:
    return (replace(item, amount=times(2, item.amount)),) if isinstance(item, Enter) else (item,)


def less(item: PlanItem) -> tuple[PlanItem, ...]:
    """Half of what is lacking."""
    if isinstance(item, Let) and item.name.name.startswith("lacking_aave"):
        return (replace(item, expr=scale(item.expr, Fraction(1, 2), Round.DOWN)),)
    return (item,)


FAULTY: dict[str, tuple[str, str, Callable[[PlanItem], tuple[PlanItem, ...]], str, str]] = {
    "asks for more than slippage leaves": ("topped", TOP_UP, dear, "recovers", f"step/{TOP_UP}/asks/"),
    "pledges more than was bought": ("topped", TOP_UP, more, "recovers", f"step/{TOP_UP}/funds/"),
    "moves half of what is lacking": ("topped", TOP_UP, less, "quiet", f"step/{TOP_UP}/health(aave) < 1.45"),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_move_is_not_proved(what: str) -> None:
    name, rule, change, claim, words = FAULTY[what]
    vault = example(name).vault
    assert all(which_are_proved(vault, claim, words))
    found = which_are_proved(with_rule(vault, rule, change), claim, words)
    assert found
    assert not all(found)


@pytest.mark.long
@pytest.mark.parametrize("name", ["topped", "stop"])
def test_they_are_proved(name: str) -> None:
    proved = example(name)
    found = verify(proved.vault, proved.verification.source)
    assert [one.name for one in found.claims if not isinstance(one.verdict, Proved)] == []


# ── what is refused ────────────────────────────────────────────────────────────────────────


TWO = (
    (
        "collateral=[WETH(ltv=80%, threshold=82.5%)]",
        "collateral=[WETH(ltv=80%, threshold=82.5%), USDC(ltv=77%, threshold=80%)]",
    ),
    ("    aave.debt(USDC):", "    aave.collateral(USDC): 10% +- 5%\n        aave.debt(USDC):"),
    ("idle(USDC):             20%", "idle(USDC):             10%"),
)


@pytest.mark.parametrize(
    ("name", "changes", "what"),
    [
        (
            "topped",
            (*TWO, ("from [idle(USDC), save]", "from [aave.collateral(USDC)]")),
            "a top-up out of `aave.collateral(USDC)`, which its own goal counts",
        ),
        (
            "topped",
            ((MOST, MOST.replace("health(aave) 1.50", "collateral(aave) 1_000 USD")),),
            "an absolute amount or value in a condition",
        ),
        (
            "stop",
            (
                ("borrow=[USDC]", "borrow=[USDC, WETH]"),
                ("    save: ", "    aave.debt(WETH): -5% +- 5%\n        save: "),
                ("idle(USDC):             20%", "idle(USDC):             25%"),
                ("    slippage(dex)", "    rate(aave.debt(WETH)) <= 60% per 1y\n        slippage(dex)"),
                CLOSE_ALL,
            ),
            "a flash loan of WETH from `aave`, where WETH is held as well",
        ),
        (
            "stop",
            ((STOP, STOP.replace("flash(aave)", "flash(dex)")),),
            "a flash loan from `dex` for what goes through `dex`, the same pool",
        ),
        (
            "topped",
            (("do freeze", "do unwind save"),),
            "a rule on a stale price that trades",
        ),
    ],
)
def test_what_cannot_be_done_soundly_is_refused(name: str, changes: tuple[tuple[str, str], ...], what: str) -> None:
    with pytest.raises(Unsupported) as caught:
        changed(name, *changes)
    assert caught.value.what == what
