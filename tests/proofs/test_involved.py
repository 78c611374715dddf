"""Which assumptions a scenario is said to use, of rounds typed by hand."""

from __future__ import annotations

import pytest

from proofs.strategies import claim, vault_of, verified
from stratc_compiler.environment import box_of
from stratc_compiler.involved import involved
from stratc_compiler.verdict import Refuted, Round

WAD, USDC = 10**18, 10**6
SETTLED = {
    "unit(USDC)": USDC,
    "unit(WETH)": WAD,
    "price(USDC)": WAD,
    "price(WETH)": 2_000 * WAD,
    "aave.collateral(WETH)": 400 * WAD,
    "aave.debt(USDC)": 320_000 * USDC,
    "save": 420_000 * USDC,
    "idle(USDC)": 100_000 * USDC,
    "idle(WETH)": 0,
    "liquidity(aave.collateral(WETH))": 400 * WAD,
    "liquidity(save)": 420_000 * USDC,
}
LESS = {"liquidity(save)": 210_000 * USDC}


def used(moves: dict[str, int], withdrawn: int = 0, swaps: tuple[str, ...] = (), lost: str | None = None) -> list[str]:
    """What a round with these moves uses, each marked where it is used to the full."""
    vault, _ = vault_of("eth_carry", ("loss(save) <= 0.05%", "loss(save) <= 0.05%, liquidity(save) >= 50%"))
    played = Round(SETTLED, SETTLED | moves, 0, withdrawn)
    found = involved(vault, box_of(vault), played, swaps, lost)
    return [one.assumption.id + (" fully" if one.fully else "") for one in found]


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        ({}, []),
        ({"price(WETH)": 1_600 * WAD}, ["moves(WETH) fully"]),
        ({"price(WETH)": 2_200 * WAD}, ["moves(WETH)"]),
        ({"price(USDC)": 102 * WAD // 100}, ["stays(USDC)"]),
        ({"price(USDC)": 98 * WAD // 100, "price(WETH)": 2_400 * WAD}, ["moves(WETH) fully", "stays(USDC)"]),
        ({"aave.debt(USDC)": 320_021_000_000}, ["rate(aave.debt(USDC))"]),
        ({"aave.debt(USDC)": 320_021_919_000}, ["rate(aave.debt(USDC)) fully"]),
        ({"aave.debt(USDC)": 316_800 * USDC}, ["gain(aave) fully"]),
        ({"save": 419_790 * USDC, "liquidity(save)": 419_790 * USDC}, ["loss(save) fully"]),
        ({"save": 421_000 * USDC, "liquidity(save)": 421_000 * USDC}, ["gain(save)"]),
        (LESS, ["liquidity(save) fully"]),
    ],
)
def test_each_move_uses_its_assumption(moves: dict[str, int], expected: list[str]) -> None:
    assert used(moves) == expected


def test_both_edges_of_a_range_are_all_of_it() -> None:
    vault, _ = vault_of("eth_carry")
    before, after = ({"price(USDC)": price * WAD // 100} for price in (98, 102))
    found = involved(vault, box_of(vault), Round(SETTLED | before, SETTLED | after, 0, 0), (), None)
    assert [(one.assumption.id, one.fully) for one in found] == [("stays(USDC)", True)]


def test_withdrawals_and_swaps_count() -> None:
    left = {"idle(USDC)": 70_000 * USDC}
    assert used(left, 30_000 * USDC, ("dex", "dex")) == ["slippage(dex) fully", "withdrawals"]


def test_what_a_claim_supposes_lost_uses_no_assumption() -> None:
    gone = {"save": 0, "liquidity(save)": 0}
    assert used(gone, lost="save") == []


def test_a_refutation_names_them_with_their_places() -> None:
    verification = verified("eth_carry", ("-20% .. +20%", "-45% .. +20%"))
    verdict = claim(verification, "safe(aave)").verdict
    assert isinstance(verdict, Refuted)
    assert verdict.scenario is not None
    (fall,) = verdict.scenario.assumptions
    assert fall.fully
    assert verification.source.words(fall.assumption.span) == "price(WETH) moves -45% .. +20%"
