"""Nothing is called proved for want of a check: proofs are checked, witnesses replayed; of nothing nothing follows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from proofs.strategies import claim, machine_of, vault_of, verified
from stratc_checker.proof import Rejected
from stratc_checker.query import Fact
from stratc_compiler import consistency
from stratc_compiler.claims import claims_of
from stratc_compiler.driver import Options, verify
from stratc_compiler.effort import Effort
from stratc_compiler.environment import box_of
from stratc_compiler.ideal_world import IdealWorld
from stratc_compiler.interpret import Evaluator
from stratc_compiler.judge import overall
from stratc_compiler.possible import Place, possibilities
from stratc_compiler.prooftree import Node, Sum
from stratc_compiler.prove import answer
from stratc_compiler.questions import tasks_of
from stratc_compiler.search import Search
from stratc_compiler.standing import Mode
from stratc_compiler.verdict import Proved, Unknown


def test_a_search_that_errs_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it comes with is checked."""
    vault, _ = vault_of("treasury")
    obligation = claims_of(vault, box_of(vault))[0].obligations[0]

    def wrong(search: Search, goal: list[Fact]) -> Node:
        return Sum(())

    monkeypatch.setattr(Search, "refute", wrong)
    with pytest.raises(Rejected):
        answer(*tasks_of((obligation,), Effort()))


def test_of_nothing_nothing_follows() -> None:
    assert isinstance(overall(()), Unknown)


def test_a_state_that_does_not_replay_is_no_witness(monkeypatch: pytest.MonkeyPatch) -> None:
    def strict(vault: object, box: object) -> tuple[object, ...]:
        def blind(place: Place) -> Place:
            return replace(place, accepts=lambda played: False)

        return tuple(replace(one, places=tuple(map(blind, one.places))) for one in possibilities(vault, box))

    monkeypatch.setattr(consistency, "possibilities", strict)
    verification = verify(*vault_of("treasury"), Options(workers=1))
    found = claim(verification, "consistent")
    assert not isinstance(found.verdict, Proved)
    assert not any(isinstance(result.verdict, Proved) for result in found.obligations)


def test_every_witness_is_settled_where_it_begins() -> None:
    for name in ("treasury", "eth_carry"):
        vault, _ = vault_of(name)
        for result in claim(verified(name), "consistent").obligations:
            opening = Evaluator(vault, IdealWorld(vault, dict(result.evidence.settled)))
            assert all(opening.holds(condition.formula) for condition in vault.settled), result.obligation.id


@pytest.mark.parametrize("mode", [Mode.OPEN, Mode.FROZEN], ids=["open", "frozen"])
def test_a_rounds_withdrawals_stay_within_their_share_also_of_a_frozen_vault(mode: Mode) -> None:
    """What the claims assume of a frozen vault for the rest of its round, the machine enforces."""
    vault, _ = vault_of("treasury")
    machine = machine_of(vault, {})
    machine.book.mode, machine.book.round_assets, machine.book.round_withdrawn = mode, 1_000, 30
    assert machine.round_allowance() == 70
