"""A top-up of margin out of a range of liquidity: its sizes, what it needs, and what it is beside the proofs."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random

import pytest
from msgspec.structs import replace

from proofs.strategies import proved, vault_of, verified
from proofs.test_attack import edge
from proofs.test_flash import plan_of
from proofs.test_needs import proved as which_are_proved
from proofs.test_needs import with_rule
from proofs.test_perps import FILLS
from proofs.test_range_deltas import Rough, drawn, pinned, worths
from proofs.test_ranges import SPOT, of_the_pool, play_against, root_of
from stratc_compiler.claims import IsFair, KeeperSettles, claims_of
from stratc_compiler.environment import Box, box_of
from stratc_compiler.execute import run_plan as run_symbolically
from stratc_compiler.expr import Cmp, Formula, Rel, Rounding, number, scale
from stratc_compiler.guard import gives_way, only_reduces_risk
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.inside_box import inside_box
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.relax import real
from stratc_compiler.replay import what_breaks
from stratc_compiler.rounds import after_environment, price_factor
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import Enter, Let, PlanItem, Swap, Trades, Vault, Withdraw
from stratc_compiler.verdict import Round

TOPPED, RULE = "topped_range", "top_up_perp_margin"
GOAL = Fraction(80, 100)


def after_a_rally(vault: Vault, chance: Random) -> Round:
    """A round at whose end the margin has to be topped up."""
    box = box_of(vault)
    while True:
        one = drawn(vault, box, chance)
        if one is None or not one.moment["perp.short(WETH)"] or inside_box(vault, box, one) is not None:
            continue
        if ratio(vault, one.moment) < Fraction(45, 100):
            return one


def ratio(vault: Vault, state: dict[str, int]) -> Fraction:
    view = Evaluator(vault, IdealWorld(vault, dict(state)))
    (venue,) = vault.perps
    _, cash, short = venue.account
    owed = view.value(short.value)
    return Fraction(view.value(cash.value) - owed, owed)


@pytest.mark.parametrize("place", range(12))
def test_it_takes_what_idle_does_not_cover_and_no_more(place: int) -> None:
    """Wherever the range lies; of each source what there is in the order that is written, of the range the rest."""
    vault, _ = vault_of(TOPPED)
    one = after_a_rally(vault, Random(place))
    world = IdealWorld(vault, dict(one.moment))
    bound = run_plan(plan_of(vault, RULE), vault, world)
    units = 10 * one.moment["price(USDC)"] // 10**6
    lacking, pool = bound["lacking_perp_margin"], vault.definitions["value(pool)"]
    idle = one.moment["idle(USDC)"] * one.moment["price(USDC)"] // 10**6
    before, left = (Evaluator(vault, IdealWorld(vault, dict(state))).value(pool) for state in (one.moment, world.state))
    wanted = max(lacking - idle, 0) / (1 - Fraction(30, 10_000))
    assert abs(before - left - wanted) <= units + wanted / 10**12
    assert world.state["idle(WETH)"] == 0
    assert GOAL - Fraction(1, 10**6) <= ratio(vault, world.state) <= GOAL + Fraction(1, 10**6)
    # What the sale brought beyond the worst price stays idle, not in the margin.
    spared = world.state["idle(USDC)"] * one.moment["price(USDC)"] // 10**6
    assert spared <= units + (wanted * Fraction(30, 10_000) if wanted else idle)


def test_the_range_is_left_alone_where_idle_is_enough() -> None:
    """Then nothing asks where the pool is, either: no liquidity is taken out."""
    vault, _ = vault_of(TOPPED)
    one = after_a_rally(vault, Random(1))
    rich = {**one.moment, "idle(USDC)": one.moment["idle(USDC)"] + one.moment["perp.margin"]}
    world = IdealWorld(vault, dict(rich))
    bound = run_plan(plan_of(vault, RULE), vault, world)
    assert (bound["take_pool"], bound["WETH_from_pool"], bound["USDC_from_pool"]) == (0, 0, 0)
    assert world.state["pool"] == one.moment["pool"]
    assert ratio(vault, world.state) >= GOAL - Fraction(1, 10**6)


def test_dust_in_the_range_is_left_there() -> None:
    vault, _ = vault_of(TOPPED, ("[idle(USDC), pool]", "[pool, idle(USDC)]"))
    one = after_a_rally(vault, Random(2))
    poor = {**one.moment, "pool": 1, "idle(USDC)": one.moment["idle(USDC)"] + one.moment["perp.margin"]}
    world = IdealWorld(vault, dict(poor))
    bound = run_plan(plan_of(vault, RULE), vault, world)
    assert (bound["take_pool"], world.state["pool"]) == (0, 1)
    assert ratio(vault, world.state) >= GOAL - Fraction(1, 10**6)


def test_the_range_first_and_what_it_lacks_from_idle() -> None:
    """All of a range is taken where it does not suffice, and never more than there is."""
    vault, _ = vault_of(TOPPED, ("[idle(USDC), pool]", "[pool, idle(USDC)]"))
    for seed in range(8):
        one = after_a_rally(vault, Random(seed))
        poor = {**one.moment, "pool": one.moment["pool"] // 50}
        poor["idle(USDC)"] += one.moment["perp.margin"]
        world = IdealWorld(vault, dict(poor))
        bound = run_plan(plan_of(vault, RULE), vault, world)
        pool = vault.definitions["value(pool)"]
        left = Evaluator(vault, world).value(pool)
        there = Evaluator(vault, IdealWorld(vault, dict(poor))).value(pool)
        assert left <= 2 * 10**12 + there // 10**12
        assert bound["take_pool"] * one.moment["price(USDC)"] // 10**6 <= there
        assert GOAL - Fraction(1, 10**6) <= ratio(vault, world.state) <= GOAL + Fraction(1, 10**6)


def test_fees_that_come_with_it_stay_idle() -> None:
    """They are no part of what is lacking; what of them is no base is sold with the rest."""
    vault, _ = vault_of(TOPPED)
    of = of_the_pool(vault)
    one = after_a_rally(vault, Random(3))
    ends: list[int] = []
    margins: list[int] = []
    for fees in (0, 10**18):
        world = IdealWorld(vault, {**one.moment, "idle(USDC)": 0, of.fees.name: fees})
        run_plan(plan_of(vault, RULE), vault, world)
        ends.append(world.state["idle(USDC)"])
        margins.append(world.state["perp.margin"])
    lacking = margins[1] - margins[0]  # units of rounding
    assert 0 <= lacking <= 4
    assert abs(ends[1] - ends[0] + lacking - 10**6 * 10**18 // one.moment["price(USDC)"]) <= 1


def test_where_the_sources_do_not_suffice_nothing_is_done() -> None:
    vault, _ = vault_of(TOPPED)
    one = after_a_rally(vault, Random(4))
    poor = {**one.moment, "pool": one.moment["pool"] // 1_000, "idle(USDC)": 0}
    with pytest.raises(Reverted, match="more liquidity than there is"):
        run_plan(plan_of(vault, RULE), vault, IdealWorld(vault, dict(poor)))


ETHER_TOO = (
    ("idle(USDC): 50% +- 10%, min 20%", "idle(WETH): 10% +- 5%\n        idle(USDC): 40% +- 10%, min 20%"),
    ("weight(pool) > 65%", "weight(pool) > 75%"),
)


@pytest.mark.parametrize(("token", "sold"), [("USDC", "WETH"), ("WETH", "USDC")])
def test_what_is_not_in_the_positions_token_is_sold_for_it(token: str, sold: str) -> None:
    rule = f"when weight(idle({token})) < 4% do top_up idle({token}) to weight(idle({token})) 6% from [pool]\n        "
    vault, _ = vault_of("fee_range", *ETHER_TOO, ("every 24h do harvest", rule + "every 24h do harvest"))
    (effect,) = (one.effect for one in vault.rules if one.name == f"top_up_idle_{token.lower()}")
    assert isinstance(effect, Trades)
    assert not effect.reduces_risk
    assert [(item.sold, item.bought) for item in effect.plan if isinstance(item, Swap)] == [(sold, token)]
    of = of_the_pool(vault)
    state = {"price(WETH)": 3_000 * 10**18, "price(USDC)": 10**18, "unit(WETH)": 10**18, "unit(USDC)": 10**6}
    state |= {of.low.name: root_of(of, state) * 4 // 5, of.high.name: root_of(of, state) * 5 // 4}
    state |= {"pool": 10**18, "liquidity(pool)": 10**18, "idle(WETH)": 0, "idle(USDC)": 0}
    world = IdealWorld(vault, state)
    run_plan(effect.plan, vault, world)
    view = Evaluator(vault, world)
    share = Fraction(view.named(f"value(idle({token}))"), view.named("nav"))
    assert Fraction(6, 100) - Fraction(1, 10**6) <= share <= Fraction(6, 100) * Fraction(1_004, 1_000)
    assert world.state[f"idle({sold})"] == 0
    kept = which_are_proved(vault, "recovers", f"step/top_up_idle_{token.lower()}/conserves")
    assert kept
    assert all(kept), "what either of its tokens is sold for is in the rule's budget"


# ── what it needs is shown ─────────────────────────────────────────────────────────────────

STEP = f"step/{RULE}/"
CLOSE = (
    ("margin_ratio(perp) < 45%", "margin_ratio(perp) < 46%"),
    ("margin_ratio(perp) 80%", "margin_ratio(perp) 46.01%"),
    ("    rules {", "    floors {\n        margin_ratio(perp) >= 45.999%\n    }\n\n    rules {"),
)
"""A goal so near to the floor that what slippage takes would break it."""


@pytest.mark.parametrize("word", ["holds", "funds", "asks", "conserves"])
def test_what_a_top_up_out_of_a_range_needs_is_proved(word: str) -> None:
    found = which_are_proved(vault_of(TOPPED)[0], "recovers", f"{STEP}{word}")
    assert found
    assert all(found)


def test_it_reaches_a_goal_next_to_a_floor_at_the_worst_price() -> None:
    found = which_are_proved(vault_of(TOPPED, *CLOSE)[0], "recovers", f"{STEP}floor")
    assert found
    assert all(found)


def dear(item: PlanItem) -> tuple[PlanItem, ...]:
    """A tenth of a percent more is asked for than the stated slippage leaves."""
    if isinstance(item, Swap):
        return (replace(item, minimum=scale(item.minimum, Fraction(1_001, 1_000), Rounding.UP)),)
    return (item,)


def a_hundred_times(item: PlanItem) -> tuple[PlanItem, ...]:
    """More of the range than there may be."""
    if isinstance(item, Withdraw):
        return (replace(item, worth=scale(item.worth, Fraction(100), Rounding.UP)),)
    return (item,)


def without_slippage(item: PlanItem) -> tuple[PlanItem, ...]:
    """Sized as if what is sold fetched the oracle's price."""
    if isinstance(item, Let) and item.name.name == "size_pool":
        return (replace(item, expr=scale(item.expr, 1 - Fraction(30, 10_000), Rounding.UP)),)
    return (item,)


def more_than_came(item: PlanItem) -> tuple[PlanItem, ...]:
    return (replace(item, amount=scale(item.amount, Fraction(2), Rounding.UP)),) if isinstance(item, Swap) else (item,)


def all_that_came(item: PlanItem) -> tuple[PlanItem, ...]:
    """As much again is put in as was lacking."""
    return (replace(item, amount=scale(item.amount, Fraction(2), Rounding.UP)),) if isinstance(item, Enter) else (item,)


FAULTY: dict[str, tuple[Callable[[PlanItem], tuple[PlanItem, ...]], str, str]] = {
    "asks for more than slippage leaves": (dear, "recovers", "asks"),
    "takes more than there is": (a_hundred_times, "recovers", "holds"),
    "ignores slippage": (without_slippage, "recovers", "floor"),
    "sells more than came": (more_than_came, "recovers", "funds"),
    "puts in more than came": (all_that_came, "recovers", "funds"),
}


@pytest.mark.parametrize("what", FAULTY)
def test_a_faulty_top_up_is_not_proved(what: str) -> None:
    change, claim_, word = FAULTY[what]
    found = which_are_proved(with_rule(vault_of(TOPPED, *CLOSE)[0], RULE, change), claim_, f"{STEP}{word}")
    assert found
    assert not all(found)


SMALL = ("margin_ratio(perp) 80%", "margin_ratio(perp) 200%")
"""More than all that is outside of the account."""


def test_sources_that_do_not_suffice_are_not_proved_and_shown_by_a_round() -> None:
    """In the ideal world that scenarios are replayed in, the keeper's pass reverts, and says why."""
    vault, _ = vault_of(TOPPED, SMALL)
    assert not all(which_are_proved(vault, "recovers", f"{STEP}holds"))
    chance = Random(1)
    found = {what_breaks(KeeperSettles(), vault, after_a_rally(vault, chance)) for _ in range(6)}
    assert any("asks for more liquidity than there is" in str(why) for why in found), found


# ── what runs while the vault is frozen or guarded ─────────────────────────────────────────


def unchecked(item: PlanItem) -> tuple[PlanItem, ...]:
    return (replace(item, checked=False),) if isinstance(item, Withdraw) else (item,)


def kept_behind(item: PlanItem) -> tuple[PlanItem, ...]:
    """What came is sold, and put in nowhere."""
    return () if isinstance(item, Enter) else (item,)


def test_it_is_among_what_only_reduces_risk_and_is_waited_for_in_an_open_vault_alone() -> None:
    """What is sold for margin is what is short, just as it comes out of the range near its oracle."""
    vault, _ = vault_of(TOPPED)
    (rule,) = (one for one in vault.rules if one.name == RULE)
    assert isinstance(rule.effect, Trades)
    assert rule.effect.reduces_risk
    assert gives_way(rule)
    for change in (unchecked, more_than_came, kept_behind):
        changed = tuple(one for item in rule.effect.plan for one in change(item))
        assert not only_reduces_risk(changed, vault.venues), change
    of = of_the_pool(vault)
    other = replace(of, token="USDC", base="WETH")
    told = (
        replace(item, held=replace(item.held, range=other)) if isinstance(item, Withdraw) else item
        for item in rule.effect.plan
    )
    assert not only_reduces_risk(tuple(told), vault.venues)


# ── exact runs ─────────────────────────────────────────────────────────────────────────────


def admitted(vault: Vault, box: Box, one: Round) -> tuple[bool, int]:
    """Whether a top-up in a pool that is off, with fees that wait, is one of those that the proofs speak of, and what
    it took out of the range, in base."""
    opening = after_environment(vault, box)
    factor = Fraction(one.moment["price(WETH)"], one.settled["price(WETH)"])
    relative = factor * one.settled["price(USDC)"] / one.moment["price(USDC)"]
    pins: list[Formula] = [
        Cmp(price_factor("WETH"), Rel.EQ, number(relative)),
        Cmp(price_factor("WETH in dollars"), Rel.EQ, number(factor)),
    ]
    for name, worth_ in worths(vault, one.settled).items():
        if name != "idle(WETH)":
            pins += pinned(real(f"{name}@0"), worth_)
    for name, worth_ in worths(vault, one.moment).items():
        pins += pinned(opening.frame.state[name], worth_)
    pins += pinned(opening.frame.state["liquidity(perp.margin)"], Fraction(one.moment["liquidity(perp.margin)"]))
    world = Rough(vault, dict(one.moment))
    bound = run_plan(plan_of(vault, RULE), vault, world)
    end = run_symbolically(plan_of(vault, RULE), opening.frame, lambda *_: None)
    for name, worth_ in worths(vault, world.state).items():
        pins += pinned(end.state[name], worth_)
    for name in ("take_idle_USDC", "take_pool", "USDC_from_pool", "bought_from_WETH_pool"):
        pins += pinned(end.known[name], Fraction(bound[name]))
    facts = [fact.formula for fact in end.trace.facts]
    return isinstance(Query((*facts, *pins), 10_000_000, linear=False).solve(), Sat), bound["take_pool"]


def test_exact_top_ups_out_of_a_range_are_admitted() -> None:
    vault, _ = vault_of(TOPPED)
    box, chance = box_of(vault), Random(9)
    drawn_on = 0
    for _ in range(12):
        one = after_a_rally(vault, chance)
        off = int(of_the_pool(vault).off * 10**6) - 1
        SPOT[0], SPOT[2] = chance.choice([-off, 0, off]), chance.choice([0, 50, 100])
        is_one, taken = admitted(vault, box, one)
        assert is_one, (one, SPOT)
        drawn_on += taken > 0
    assert drawn_on >= 5


# ── attack ─────────────────────────────────────────────────────────────────────────────────


def test_what_is_proved_of_a_range_that_is_drawn_on_withstands_attack(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every round is one in which the keeper tops up, in an ideal world or in one with a pool that is off."""
    vault, _ = vault_of(TOPPED)
    box, chance = box_of(vault), Random(1)

    def draw() -> Round:
        FILLS["share"] = edge(chance, Fraction(-1), Fraction(1))
        return after_a_rally(vault, chance)

    specs = [spec for spec in claims_of(vault, box) if not isinstance(spec.about, IsFair)]
    played, broken = play_against(vault, specs, 16, draw, chance, Rough, monkeypatch)
    assert not broken
    assert played >= 8


@pytest.mark.long
@pytest.mark.timeout(1_800)
def test_the_delta_neutral_example_whose_range_is_drawn_on_is_proved() -> None:
    """Every proof checked: no word of a solver is taken."""
    verification = verified("delta_neutral")
    assert proved(verification) == {one.name for one in verification.claims}
    assert not any(found.on_solver_alone for found in verification.claims)
