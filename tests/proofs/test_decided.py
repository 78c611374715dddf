"""Few rows asked about tell what all of them would: whatever few one begins with."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proofs.test_vertex import rows
from stratc_compiler import decided as module
from stratc_compiler import smt
from stratc_compiler.decided import decided
from stratc_compiler.effort import Effort
from stratc_compiler.rows import Row
from stratc_compiler.vertex import holds

RLIMIT = Effort().rlimit


def whole(some: Sequence[Row]) -> object:
    return smt.decide([(one.polynomial, one.relation) for one in some], RLIMIT)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, min_size=1, max_size=8), st.data())
def test_it_is_what_all_of_them_say(some: list[Row], data: st.DataObject) -> None:
    few = [one for one in some if data.draw(st.booleans())]
    answer = decided(some, few, RLIMIT)
    assert isinstance(answer, list) is isinstance(whole(some), list)
    if isinstance(answer, dict):
        assert all(holds(one.coefficients, one.relation, answer) for one in some)
    else:
        assert answer is not None
        assert isinstance(whole(answer), list)


@pytest.mark.parametrize("rounds", [0, 1])
def test_after_enough_rounds_all_are_asked_about(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROUNDS", rounds)
    test_it_is_what_all_of_them_say()
