"""Witnesses are guessed before a solver is asked: the guesses are rounds of the box, and do for what is ordinary."""

from __future__ import annotations

import pytest

from proofs.strategies import vault_of
from stratc_compiler import witness
from stratc_compiler.consistency import look_for, witnesses
from stratc_compiler.driver import verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.guesses import guesses
from stratc_compiler.inside_box import inside_box
from stratc_compiler.recall import Forgetful, Past
from stratc_compiler.verdict import Proved, Refuted

ORDINARY = ["treasury", "eth_carry", "eth_loop", "treasury_loan", "blue_carry", "short_ether"]


@pytest.mark.parametrize("name", ORDINARY)
def test_no_solver_is_asked_for_an_ordinary_witness(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def asked(*_: object) -> object:
        raise AssertionError("a solver was asked")

    monkeypatch.setattr(witness, "models", asked)
    vault, _ = vault_of(name)
    wanted = witnesses(box_of(vault), Past(Forgetful(), Effort(), vault)).wanted
    assert len(wanted) > 2
    assert all(isinstance(look_for(one).verdict, Proved) for one in wanted)


@pytest.mark.parametrize("name", [*ORDINARY, "staked_loop"])
def test_a_guess_is_a_round_that_is_assumed(name: str) -> None:
    """It begins from a settled vault, and does nothing beyond the assumptions."""
    vault, _ = vault_of(name)
    box = box_of(vault)
    why = [inside_box(vault, box, one) for one in guesses(vault, box)]
    assert len(why) > 10
    assert set(why) == {None}


def test_a_guess_refutes_what_it_breaks_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of all that has no proof: on the same way through the rules, and where a rule is due again, of that rule."""

    def asked(*_: object) -> object:
        raise AssertionError("a solver was asked")

    monkeypatch.setattr(witness, "attempts", asked)
    verification = verify(*vault_of("refuted/no_shelter"))
    broken = {
        one.obligation.id: verification.source.words(one.obligation.span)
        for claim in verification.claims
        for one in claim.obligations
        if isinstance(one.verdict, Refuted)
    }
    assert broken == {
        "recovers/step/unwind_save/settled/weight(save) >= 20%": "when volatility(USDC, 1d) > 2% do unwind save",
        "quiet/step/unwind_save/weights outside band/0": "when weights outside band do rebalance",
    }


def test_a_price_that_moves_as_far_as_it_may_stays_in_its_range() -> None:
    """From the middle of its range it would leave it; so the guess begins elsewhere."""
    moves = "price(WETH) moves -20% .. +20%"
    vault, _ = vault_of("short_ether", (moves, f"{moves}\n        price(WETH) stays 900 .. 1_100"))
    box = box_of(vault)
    rounds = list(guesses(vault, box))
    assert {inside_box(vault, box, one) for one in rounds} == {None}
    assert max(one.moment["price(WETH)"] / one.settled["price(WETH)"] for one in rounds) > 1.19
