"""Volatility as a trigger: the rings of a strategy, that a rule under one may fire at any moment, and when it can."""

from __future__ import annotations

from fractions import Fraction

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, machine_of, proved, refuted, vault_of, verified
from proofs.test_needs import proved as shown
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.claims import KeeperIsQuiet
from stratc_compiler.environment import Interval, box_of, unbounded
from stratc_compiler.errors import Unsupported
from stratc_compiler.expr import Cmp, Rel, number, variables
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.possible import waiting
from stratc_compiler.replay import what_breaks
from stratc_compiler.standing import Mode
from stratc_compiler.swings import strongest, swings
from stratc_compiler.text import WAD
from stratc_compiler.vault import OnCondition, Ring, Vault, volatility
from stratc_compiler.verdict import Proved, Round
from stratc_compiler.volatility import LEAST_PERIODS, MOST_PERIODS, Observation, realised

HARVEST = "every 24h do harvest save"


def under(*rules: str) -> tuple[str, tuple[str, str]]:
    """The treasury with further rules; its keeper comes every six hours."""
    return "treasury", (HARVEST, "\n        ".join((HARVEST, *rules)))


FREEZE = under("when volatility(USDC, 1d) > 2% do freeze")
FUSE = under("when volatility(USDC, 1d) > 20% do freeze")


def ring(vault: Vault) -> Ring:
    (found,) = vault.rings
    return found


# ── rings ──────────────────────────────────────────────────────────────────────────────────


def test_a_ring_is_as_long_as_observations_can_be_inside_the_window() -> None:
    assert ring(vault_of(*FREEZE)[0]) == Ring("USDC", 86_400, 16_200, 6)


@pytest.mark.parametrize("window", [2, 3, 97, 191, 192, 193, 3_600, 86_400, 30 * 86_400, 365 * 86_400])
@pytest.mark.parametrize("period", [1, 2, 7, 900, 3_600, 86_400])
def test_no_ring_is_longer_than_the_contract_can_go_through(window: int, period: int) -> None:
    rules = under(f"when volatility(USDC, {window}s) > 2% do freeze")
    if window < LEAST_PERIODS * period:
        with pytest.raises(Unsupported, match="less than two of the keeper's periods"):
            vault_of(*rules, ("keeper every 6h", f"keeper every {period}s"))
        return
    found = ring(vault_of(*rules, ("keeper every 6h", f"keeper every {period}s"))[0])
    assert 1 <= found.gap <= max(period, -(-window // MOST_PERIODS))
    # One that is overwritten has ended before the window began.
    assert (found.length - 1) * found.gap < found.window <= found.length * found.gap
    assert found.length <= 2 * MOST_PERIODS


def test_one_ring_serves_all_who_ask_for_the_same() -> None:
    again = "when volatility(USDC, 24h) > 3% and weight(save) > 20% do unwind save"
    vault = vault_of(
        *under(again, "when volatility(USDC, 2d) > 9% do freeze", "when volatility(USDC, 1d) > 4% do freeze")
    )[0]
    assert [one.name for one in vault.rings] == ["volatility(USDC, 1d)", "volatility(USDC, 2d)"]
    assert vault_of("treasury")[0].rings == ()


def test_a_floor_on_a_volatility_is_refused() -> None:
    change = ("idle(USDC) >= 5% of nav", "idle(USDC) >= 5% of nav\n        volatility(USDC, 1d) <= 5%")
    with pytest.raises(Unsupported, match="a floor on `volatility"):
        vault_of("treasury", change)


def test_a_condition_is_of_whole_numbers() -> None:
    vault = vault_of(*FREEZE)[0]
    trigger = vault.rules[-1].trigger
    assert isinstance(trigger, OnCondition)
    assert trigger.condition.formula == Cmp(volatility("USDC", 86_400), Rel.GT, number(2 * WAD // 100))


def test_two_volatilities_compare() -> None:
    vault = vault_of(*under("when volatility(USDC, 1d) > volatility(USDC, 7d) do freeze"))[0]
    assert len(vault.rings) == 2


# ── claims ─────────────────────────────────────────────────────────────────────────────────


def test_what_stops_a_vault_may_fire_at_any_moment() -> None:
    verification = verified(*FREEZE)
    assert not refuted(verification)
    assert len(proved(verification)) == len(verification.claims)


def test_of_what_was_measured_proofs_suppose_nothing_but_which_rules_fire() -> None:
    name, supposed = "volatility(USDC, 1d)", set()
    for told in verified(*FREEZE).claims:
        hypotheses = (one for result in told.obligations for one in result.obligation.hypotheses)
        supposed |= {one.label for one in hypotheses if name in {var.name for var in variables(one.formula)}}
    assert supposed == {"amounts are never negative", "does not fire: freeze_when_due", "fires"}


# ── when it can come due ───────────────────────────────────────────────────────────────────


def test_the_strongest_swings_are_what_a_round_allows_back_and_forth() -> None:
    vault = vault_of(*FREEZE)[0]
    box, world = box_of(vault), IdealWorld(vault, {})
    seen = swings(ring(vault), box)
    assert seen is not None
    assert [one.time for one in seen] == [turn * 6 * 3_600 for turn in range(5)]
    up, down = Fraction(103, 97) - 1, 1 - Fraction(97, 103)
    said = strongest(ring(vault), vault, box, world)
    assert said is not None
    assert abs(Fraction(said, WAD) ** 2 - 2 * (up**2 + down**2)) < Fraction(1, 10**15)
    assert said == realised(ring(vault), seen, seen[-1], vault, world)
    assert strongest(ring(vault), vault, unbounded(box), world) is None


@pytest.mark.parametrize(
    ("low", "high", "stays", "variance"),
    [
        ("4/5", "6/5", None, "24/25"),  # 24 moves of 20%, though a fall of 20% undoes a rise of 25%
        ("7/10", "6/5", None, "54/25"),
        ("4/5", "3/2", ("1000", "2000"), "57/20"),  # 9 times up by 50%, as the range has room for, else down by 20%
        ("4/5", "6/5", ("1000", "2000"), "24/25"),
        ("0", "6/5", None, None),
    ],
)
def test_no_move_is_larger_than_the_strongest(
    low: str, high: str, stays: tuple[str, str] | None, variance: str | None
) -> None:
    vault = vault_of(*FREEZE)[0]
    ranges = {} if stays is None else {"USDC": Interval(*map(Fraction, stays))}
    moves = {"USDC": Interval(Fraction(low), Fraction(high))}
    box = replace(box_of(vault), period=3_600, usd=moves, absolute=ranges)
    said = strongest(replace(ring(vault), gap=2_700), vault, box, IdealWorld(vault, {}))
    if said is None or variance is None:
        assert said is variance
    else:
        assert abs(Fraction(said, WAD) ** 2 - Fraction(variance)) < Fraction(1, 10**12)


def test_what_was_measured_stands_still_as_well_while_the_keeper_is_at_work() -> None:
    told = [
        next(one.text for one in guarded_assumptions(vault_of(*of)[0]) if one.id == "pass")
        for of in (FREEZE, ("treasury",))
    ]
    assert told[0].startswith("prices, volatilities, debts and flows stand still")
    assert told[1].startswith("prices, debts and flows stand still")


def test_a_trigger_within_them_has_a_replayed_witness() -> None:
    (found,) = [
        one for one in claim(verified(*FREEZE), "consistent").obligations if "fires/freeze" in one.obligation.id
    ]
    assert isinstance(found.verdict, Proved)
    assert isinstance(found.evidence, Round)
    assert found.evidence.moment["volatility(USDC, 1d)"] > 2 * WAD // 100


def test_a_trigger_beyond_them_is_a_fuse() -> None:
    verification = verified(*FUSE)
    assert not refuted(verification)
    results = claim(verification, "consistent").obligations
    assert [rule.name for rule in waiting(vault_of(*FUSE)[0], results)] == ["freeze_when_due"]


STOPS = (
    "when idle(USDC) < 8% of nav do unwind save",
    "when volatility(USDC, 1d) > 2% or idle(USDC) < 12% of nav do freeze",
    "when weight(save) < 1% do rebalance",
)


def test_a_rule_has_stopped_the_vault_only_where_it_was_due_at_its_turn() -> None:
    """Little is idle: what was saved is drawn before the vault would be frozen, and saved again after that."""
    rules = ("when weights outside band do rebalance", "\n        ".join(STOPS))
    targets = (
        ("aave.collateral(USDC): 55%", "aave.collateral(USDC): 65%"),
        ("idle(USDC):            20% +- 5%, min 12%", "idle(USDC):            10% +- 5%"),
    )
    vault = vault_of("treasury", rules, *targets)[0]
    assert not all(shown(vault, "quiet", "step/unwind_save/rebalance/volatility(USDC, 1d)"))
    assert all(shown(vault, "quiet", "step/volatility(USDC, 1d)"))
    settled = {"unit(USDC)": 10**6, "price(USDC)": WAD, "idle(USDC)": 10 * 10**12, "save": 25 * 10**12}
    settled |= {"aave.collateral(USDC)": 65 * 10**12, "volatility(USDC, 1d)": 0}
    settled |= {f"liquidity({name})": settled[name] for name in ("save", "aave.collateral(USDC)")}
    played = Round(settled, settled | {"idle(USDC)": 5 * 10**12}, 0, 5 * 10**12)
    broken = what_breaks(KeeperIsQuiet(), vault, played)
    assert broken is not None
    assert broken.why == "`freeze` is due again after the keeper's pass"


def at_targets() -> dict[str, int]:
    """A treasury at work, as it was found for `consistent`."""
    found = claim(verified(*FREEZE), "consistent").obligations
    return dict(next(one.evidence.settled for one in found if isinstance(one.evidence, Round)))


# ── the machine ────────────────────────────────────────────────────────────────────────────


def test_what_has_frozen_a_vault_keeps_no_round_from_beginning_and_an_exit_does() -> None:
    for action, may_begin in (("freeze", True), ("exit", False)):
        vault = vault_of(*under(f"when volatility(USDC, 1d) > 2% do {action}"))[0]
        machine = machine_of(vault, at_targets())
        machine.book.observations["volatility(USDC, 1d)"] = (Observation(0, 2 * WAD),)
        assert not machine.settled()
        machine.book.mode = Mode.FROZEN
        assert machine.settled() is may_begin


def test_nothing_is_measured_before_anything_was_observed() -> None:
    vault = vault_of(*FREEZE)[0]
    machine = machine_of(vault, at_targets())
    assert machine.state().named("volatility(USDC, 1d)") == 0
    machine.book.observations["volatility(USDC, 1d)"] = (Observation(0, 2 * WAD),)
    assert machine.state().named("volatility(USDC, 1d)") == WAD // 2
