"""Deposits that the strategy bounds: the proofs use the bound, and what needs it is refuted without it."""

from __future__ import annotations

from fractions import Fraction

import pytest

from proofs.strategies import claim, proved, refuted, vault_of, verified
from stratc_compiler.assumptions import rests_on
from stratc_compiler.environment import box_of
from stratc_compiler.inside_box import inside_box
from stratc_compiler.resting import claims_resting
from stratc_compiler.verdict import Guardian, Proved, Refuted, Round

STEADY = ("prove {", "prove {\n        invariant steady: weight(save) >= 15% or weight(save) <= 1%")


def bounded(share: str) -> tuple[str, str]:
    return ("withdrawals <= 10% of nav", f"withdrawals <= 10% of nav\n        deposits <= {share} of nav")


def test_a_claim_that_needs_the_bound_is_proved_with_it_and_rests_on_it() -> None:
    verification = verified("treasury", bounded("20%"), STEADY)
    assert isinstance(claim(verification, "invariant steady").verdict, Proved)
    assert refuted(verification) == set()
    resting = claims_resting(verification)
    assert "invariant steady" in resting["deposits"]
    assert "invariant steady" in resting["gain(idle(USDC))"]
    guardians = {one.id: one.guardian for one in verification.assumptions}
    assert guardians["deposits"] is Guardian.ENFORCED
    assert guardians["gain(idle(USDC))"] is Guardian.TRUSTED


@pytest.mark.parametrize("changes", [(), (bounded("40%"),)])
def test_without_the_bound_or_with_a_wider_one_it_is_refuted(changes: tuple[tuple[str, str], ...]) -> None:
    verification = verified("treasury", *changes, STEADY)
    assert refuted(verification) == {"invariant steady"}
    verdict = claim(verification, "invariant steady").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.why == "weight(save) >= 15% or weight(save) <= 1% does not hold at this moment"


def test_a_bound_takes_nothing_from_what_is_proved_without_one() -> None:
    assert proved(verified("treasury")) <= proved(verified("treasury", bounded("5%")))


def test_gifts_of_base_need_a_bound_where_deposits_have_one() -> None:
    vault, _ = vault_of("treasury", bounded("5%"))
    assert rests_on(("growth(idle(USDC))",), vault) == ("gain(idle(USDC))", "keeper", "room(aave)")
    assert rests_on(("growth(idle(USDC))",), vault_of("treasury")[0]) == ("keeper", "room(aave)")


def test_what_counts_as_a_round() -> None:
    """Up to the share, and what may be given on top of it. Before anything is there, as much as comes."""
    vault, _ = vault_of("treasury", bounded("5%"))
    box, nav = box_of(vault), 10**12
    assert box.deposits == Fraction(1, 20)
    held = {str(one.position): int(one.target * nav) for one in vault.strategy.allocations}
    state = {"unit(USDC)": 10**6, "price(USDC)": 10**18, **held}
    state |= {f"liquidity({name})": held[name] for name in held if not name.startswith("idle")}
    for deposited, told in ((nav * 6 // 100, None), (nav * 6 // 100 + 1, "more is deposited or given than assumed")):
        moment = state | {"idle(USDC)": state["idle(USDC)"] + deposited}
        assert inside_box(vault, box, Round(state, moment, deposited, 0)) == told
    empty = {name: value if "(USDC)" in name and name[0] in "up" else 0 for name, value in state.items()}
    assert inside_box(vault, box, Round(empty, empty | {"idle(USDC)": nav}, nav, 0)) is None
