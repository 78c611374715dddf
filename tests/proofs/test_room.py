"""`room(v) >= r of nav`: what rules supply and borrow fits under caps, or a scenario shows where it does not."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from proofs.strategies import EXAMPLES, claim, refuted, vault_of, verified
from stratc_compiler.assumptions import guarded_assumptions, rests_on
from stratc_compiler.claims import KeeperSettles, claims_of
from stratc_compiler.driver import model, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.errors import Unsupported
from stratc_compiler.inside_box import inside_box
from stratc_compiler.prove import all_proved
from stratc_compiler.replay import what_breaks
from stratc_compiler.verdict import Guardian, Refuted, Round, Scenario, Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories

TEXT = (Path(EXAMPLES) / "refuted" / "capped.strat").read_text()


@cache
def with_room(share: str) -> Verification:
    source = Source("capped.strat", TEXT.replace("room(aave) >= 3% of nav", f"room(aave) >= {share} of nav"))
    (strategy,) = parse_strategies(source).strategies
    return verify(model(strategy, source, venue_factories(strategy)), source)


def scenario(share: str) -> Scenario:
    verdict = claim(with_room(share), "recovers").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    return verdict.scenario


def test_what_a_rule_needs_is_proved_to_fit_and_where_it_does_not_is_shown() -> None:
    """The first deposit has to be brought to 50% of nav, and what is bought may be a little more than that."""
    assert with_room("51%").proved
    assert refuted(with_room("49%")) == {"recovers"}
    assert "asks for 249.25 WETH, aave has room for 245 WETH" in scenario("49%").broken


def test_the_room_of_a_scenario_is_what_is_assumed_and_is_named() -> None:
    found, vault = scenario("3%"), with_room("3%").vault
    assert [one.fully for one in found.assumptions if one.assumption.id == "room(aave)"] == [True]
    assert "room for 17.099775 WETH more aave.collateral(WETH)" in dict(found.lines)["the move"]
    played = Round(found.settled, found.after, 0, 0)
    assert inside_box(vault, box_of(vault), played) is None
    name = "room(aave.collateral(WETH))"
    less = replace(played, moment={**found.after, name: found.after[name] * 99 // 100})
    assert inside_box(vault, box_of(vault), less) == "aave has less room for aave.collateral(WETH) than assumed"


def test_without_a_statement_there_is_enough_and_the_keeper_watches_that() -> None:
    vault, _ = vault_of("eth_carry")
    assert vault.venue("aave").room is None
    (listed,) = (one for one in guarded_assumptions(vault) if one.id == "room(aave)")
    assert listed.guardian is Guardian.WATCHED
    assert "80% of nav" in listed.how  # the largest target there
    assert "room(aave)" in rests_on((), vault)
    assert "room(aave)" not in rests_on((), with_room("51%").vault)
    assert "room(aave)" in rests_on(("room(aave)",), with_room("51%").vault)


@pytest.mark.long
def test_a_loan_needs_room_on_both_sides() -> None:
    rate = "rate(aave.debt(USDC)) <= 60% per 1y"
    assert verified("eth_carry", (rate, f"{rate}\n        room(aave) >= 85% of nav")).proved
    found = verified("eth_carry", (rate, f"{rate}\n        room(aave) >= 10% of nav"))
    assert refuted(found) == {"recovers"}
    assert Fraction(1, 10) == found.vault.venue("aave").room


ROOM = ("slippage(dex) <= 1%", "slippage(dex) <= 1%\n        room(aave) >= 400% of nav")


def loop_with_new_money(room: int) -> Round:
    """A loop at its targets that is given 2.42 times what it has, in ether."""
    wad = 10**18
    before = {
        "unit(WETH)": wad,
        "unit(wstETH)": wad,
        "price(WETH)": 2_000 * wad,
        "price(wstETH)": 2_000 * wad,
        "aave.collateral(wstETH)": 3_800_000 * wad,
        "aave.debt(WETH)": 2_900_000 * wad,
        "idle(WETH)": 100_000 * wad,
        "idle(wstETH)": 0,
        "liquidity(aave.collateral(wstETH))": 3_800_000 * wad,
        "room(aave.collateral(wstETH))": 13_680_000 * wad,
        "room(aave.debt(WETH))": room * wad,
    }
    return Round(before, before | {"idle(WETH)": 2_520_000 * wad}, 2_420_000 * wad, 0)


@pytest.mark.parametrize(("room", "left"), [(13_680_000, 7_004_000), (13_694_000, None)])
def test_what_a_flash_loan_takes_out_of_a_reserve_cannot_be_borrowed_there_until_it_is_back(
    room: int, left: int | None
) -> None:
    """The loan of 6,676,000 buys collateral; 7,018,000 are then borrowed against that, of the same reserve."""
    vault, _ = vault_of("staked_loop", ROOM)
    found = what_breaks(KeeperSettles(), vault, loop_with_new_money(room))
    if left is None:
        assert found is None
    else:
        assert found is not None
        assert f"asks for 7,018,000 WETH, aave has room for {left:,} WETH" in found.why
        assert found.leaned_on == ("room(aave)",)


@pytest.mark.parametrize(("share", "fits"), [("400%", False), ("600%", True)])
def test_the_proofs_see_what_a_flash_loan_takes_out_of_a_reserve(share: str, fits: bool) -> None:
    """From a first deposit up: 282% by the loan, and 290% against what that buys."""
    vault, _ = vault_of("staked_loop", (ROOM[0], ROOM[1].replace("400%", share)))
    asked = (one for spec in claims_of(vault, box_of(vault)) for one in spec.obligations)
    rooms = [one for one in asked if one.id.startswith("recovers/base/rebalance/room/")]
    assert len(rooms) == 2
    assert all_proved(rooms, Effort()) is fits


# ── a market without caps ──────────────────────────────────────────────────────────────────

BLUE = "slippage(dex) <= 0.30%"


@pytest.mark.parametrize(("share", "fits"), [("75%", False), ("90%", True)])
def test_a_market_of_morpho_lends_what_is_lent_to_it(share: str, fits: bool) -> None:
    """No cap, but an end: what of the loan's token is not borrowed yet. All positions are told of in one share, so it
    has to be enough for the collateral (80% and what the first purchase gains) as well as for the debt."""
    vault, _ = vault_of("blue_carry", (BLUE, f"{BLUE}\n        room(blue) >= {share} of nav"))
    assert vault.venue("blue").room == Fraction(share.rstrip("%")) / 100
    asked = (one for spec in claims_of(vault, box_of(vault)) for one in spec.obligations)
    rooms = [one for one in asked if one.id.startswith("recovers/base/rebalance/room/")]
    assert len(rooms) == 2
    assert all_proved(rooms, Effort()) is fits
    (listed,) = (one for one in guarded_assumptions(vault) if one.id == "room(blue)")
    assert listed.guardian is Guardian.WATCHED


def test_a_loan_beside_a_flash_loan_of_another_market_is_out_of_the_same_stock() -> None:
    """Morpho keeps what lies there of a token together, whatever market it is of."""
    azure = "    venue azure = morpho_blue(collateral=WETH(lltv=91.5%), loan=USDC)\n    venue dex "
    flash = ("do rebalance", "do rebalance using flash(azure)")
    vault, _ = vault_of("blue_carry", ("    venue dex ", azure), flash)
    (loan,) = vault.loans
    assert loan.lender == "azure"
    assert [held.name for held in vault.lent_beside(loan)] == ["blue.debt(USDC)"]


def test_room_is_refused_where_what_is_drawn_leaves_less_to_lend() -> None:
    lent = ("    save:                   44% +- 5%", "    save: 34% +- 5%\n        blue.supply(USDC): 10% +- 5%")
    vault_of("blue_carry", lent)
    with pytest.raises(Unsupported) as caught:
        vault_of("blue_carry", lent, (BLUE, f"{BLUE}\n        room(blue) >= 90% of nav"))
    assert caught.value.what == "`room(blue)` where USDC is held and owed"
