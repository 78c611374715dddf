"""What counts as a round when a scenario or a witness is replayed: all that the assumptions admit, and nothing else."""

from __future__ import annotations

from random import Random

import pytest

from fuzzing import rounds
from fuzzing.choices import Choices
from fuzzing.rounds import at_scale
from proofs.strategies import vault_of
from stratc_compiler.environment import box_of
from stratc_compiler.inside_box import inside_box
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Round


def drawn(vault: Vault, seed: int, lost: str | None = None) -> Round | None:
    choices = Choices(Random(seed))
    state = rounds.opening(vault, choices)
    one = None if state is None else rounds.moment(vault, state, choices, lost=lost)
    if one is None or not at_scale(vault, one):
        return None
    return Round(one.settled, one.moment, one.deposited, one.withdrawn)


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
@pytest.mark.parametrize("lost", [None, "save"])
def test_every_round_that_the_assumptions_admit(name: str, lost: str | None) -> None:
    vault, _ = vault_of(name)
    played = [one for seed in range(150) if (one := drawn(vault, seed, lost)) is not None]
    assert len(played) > 60
    assert {inside_box(vault, box_of(vault), one, lost) for one in played} == {None}


@pytest.mark.parametrize("stays", ["900 .. 1_100", "900 .. 1_000"])
def test_a_price_that_stays_somewhere_begins_there(stays: str) -> None:
    """Rounds that attack what is proved must be ones that are assumed, however many dollars a token costs."""
    vault, _ = vault_of("eth_carry", ("moves -20% .. +20%", f"moves -45% .. +0%, price(WETH) stays {stays}"))
    played = [one for seed in range(100) if (one := drawn(vault, seed)) is not None]
    assert len(played) > 20
    assert {inside_box(vault, box_of(vault), one) for one in played} == {None}


SAVED, OWED, PLEDGED = "save", "aave.debt(USDC)", "aave.collateral(WETH)"

OUTSIDE = {
    # what is changed of the state before and of the state after, as factors, and what is said of it
    "nothing is settled": ({"idle(USDC)": 0.0}, {}, "not settled"),
    "a fall of a half": ({}, {"price(WETH)": 0.5}, "price(WETH) moves out of its range"),
    "base off its peg": ({"price(USDC)": 1.03}, {"price(USDC)": 1.03}, "price(USDC) leaves its range"),
    "a loss of a tenth": ({}, {SAVED: 0.9}, "save grows out of its range"),
    "a gift of a tenth": ({}, {PLEDGED: 1.1}, f"{PLEDGED} grows out of its range"),
    "interest of a tenth": ({}, {OWED: 1.1}, f"{OWED} grows out of its range"),
    "nothing can be drawn": ({}, {"liquidity(save)": 0.0}, "save is less liquid than assumed"),
    "money from nowhere": ({}, {"idle(USDC)": 2.0}, "idle base does not add up"),
}


def calm(vault: Vault) -> Round:
    """The targets, at 2,000 USD, and nothing happens."""
    unit, nav = 10**6, 10**12
    state = {"unit(USDC)": unit, "unit(WETH)": 10**18, "price(USDC)": 10**18, "price(WETH)": 2_000 * 10**18}
    for one in vault.strategy.allocations:
        amount = abs(one.target) * nav
        state[str(one.position)] = int(amount if one.position.token == "USDC" else amount * 10**18 / unit / 2_000)
    state["idle(WETH)"] = 0
    liquidity = {f"liquidity({name})": state[name] for name in (SAVED, PLEDGED)}
    return Round(state, state | liquidity, 0, 0)


def scaled(state: dict[str, int], factors: dict[str, float]) -> dict[str, int]:
    return {name: int(value * factors.get(name, 1)) for name, value in state.items()}


@pytest.mark.parametrize("what", OUTSIDE)
def test_what_no_assumption_admits(what: str) -> None:
    vault, _ = vault_of("eth_carry")
    box, round_ = box_of(vault), calm(vault)
    assert inside_box(vault, box, round_) is None
    before, after, told = OUTSIDE[what]
    changed = Round(scaled(round_.settled, before), scaled(round_.moment, after), 0, 0)
    found = inside_box(vault, box, changed)
    assert found is not None
    assert found.startswith(told)


def test_withdrawals_beyond_what_is_idle_or_assumed() -> None:
    vault, _ = vault_of("eth_carry")
    box, round_ = box_of(vault), calm(vault)
    for withdrawn, told in ((49 * 10**9, None), (51 * 10**9, "more is withdrawn than assumed")):
        moment = round_.moment | {"idle(USDC)": round_.moment["idle(USDC)"] - withdrawn}
        assert inside_box(vault, box, Round(round_.settled, moment, 0, withdrawn)) == told
    owing = round_.moment | {"idle(USDC)": -1}
    drained = Round(round_.settled, owing, 0, round_.settled["idle(USDC)"] + 1)
    assert inside_box(vault, box, drained) == "more is withdrawn than is idle"
