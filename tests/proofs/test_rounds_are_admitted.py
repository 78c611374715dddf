"""Every exact round that the assumptions admit is among the real rounds that the proofs quantify over.

The rounds are drawn from the assumptions as they are written, at the corners of what they admit; the solver is asked
whether the facts that proofs start from have a model that is exactly that round.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random

import pytest

from fuzzing import rounds
from fuzzing.choices import Choices
from fuzzing.rounds import Round, at_scale
from fuzzing.worths import dust, worth
from proofs.strategies import vault_of
from stratc_compiler.environment import box_of
from stratc_compiler.expr import Cmp, Expr, Formula, Rel, number
from stratc_compiler.relax import real
from stratc_compiler.rounds import DEPOSITED, WITHDRAWN, Opening, after_environment, first_deposit
from stratc_compiler.shocks import eliminate
from stratc_compiler.smt import Query, Sat
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Obligation

NEVER = Cmp(number(0), Rel.LT, number(0))


def admits(vault: Vault, opening: Opening, played: Round, names: tuple[str, ...]) -> bool:
    """Whether the opening's facts have a model with these values of the state before, and of `names` after."""
    unit = max(dust(vault, played.settled), dust(vault, played.moment))
    tokens = {held.name: held.token for held in (*vault.held, *vault.idle)}
    tokens |= {held.liquidity.name: held.token for held in vault.held}
    pins = [_is(DEPOSITED, Fraction(played.deposited), unit), _is(WITHDRAWN, Fraction(played.withdrawn), unit)]
    for name, token in tokens.items():
        if name in names:
            told = worth(vault, played.moment, token, played.moment[name])
            pins.append(_is(opening.frame.state[name], told, unit))
        if name in played.settled:
            pins.append(_is(real(f"{name}@0"), worth(vault, played.settled, token, played.settled[name]), unit))
    facts = eliminate(Obligation("a", "a", "a", opening.frame.trace.facts, NEVER)).obligation.hypotheses
    return isinstance(Query((*(fact.formula for fact in facts), *pins), 20_000_000).solve(), Sat)


def _is(variable: Expr, value: Fraction, unit: Fraction) -> Formula:
    return Cmp(variable, Rel.EQ, number(value / unit))


def names_of(vault: Vault) -> tuple[str, ...]:
    held = [one.name for one in (*vault.held, *vault.idle)]
    return (*held, *(one.liquidity.name for one in vault.held if one.venue is not None and not one.debt))


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
@pytest.mark.parametrize("lost", [None, "save"])
def test_a_moment_of_a_round(name: str, lost: str | None) -> None:
    vault, _ = vault_of(name)
    opening = after_environment(vault, box_of(vault), lost)
    played = 0
    for seed in range(80):
        choices = Choices(Random(seed))
        state = rounds.opening(vault, choices)
        one = None if state is None else rounds.moment(vault, state, choices, lost=lost)
        if one is not None and at_scale(vault, one):
            played += 1
            assert admits(vault, opening, one, names_of(vault)), one
    assert played > 30


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_a_first_deposit(name: str) -> None:
    vault, _ = vault_of(name)
    opening = first_deposit(vault, box_of(vault))
    for seed in range(40):
        one = rounds.first_deposit(vault, Choices(Random(seed)))
        assert one is not None
        assert admits(vault, opening, one, names_of(vault)), one


def test_what_no_assumption_admits_is_not_admitted() -> None:
    vault, _ = vault_of("eth_carry")
    opening = after_environment(vault, box_of(vault))
    choices = Choices(Random(2))
    state = rounds.opening(vault, choices)
    assert state is not None
    one = rounds.moment(vault, state, choices)
    assert one is not None
    assert admits(vault, opening, one, names_of(vault))
    for name in ("save", "aave.debt(USDC)", "idle(USDC)", "aave.collateral(WETH)"):
        moved = Round(one.settled, {**one.moment, name: one.moment[name] * 2}, one.deposited, one.withdrawn)
        assert not admits(vault, opening, moved, names_of(vault)), name
