"""The runtime's arithmetic against Python's integers."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab.chain import Contract, Reverted, RevmChain
from vyper_target.probes import probe

LIMIT = 2**256
WORD = st.one_of(
    st.integers(0, LIMIT - 1),
    st.integers(0, 2**64),
    st.integers(0, 255).flatmap(lambda bit: st.sampled_from([2**bit - 1, 2**bit, 2**bit + 1])),
    st.integers(LIMIT - 2**64, LIMIT - 1),
)


@pytest.fixture(scope="module")
def arith() -> Contract:
    return probe(RevmChain(), "arith_probe")


def outcome(contract: Contract, fn: str, *args: int) -> int | str:
    """The result, or the reason of the revert; the journal is put back."""
    snapshot = contract.chain.snapshot()
    try:
        return int(contract.call(fn, *args))
    except Reverted as reverted:
        return reverted.reason
    finally:
        contract.chain.revert(snapshot)


@settings(max_examples=1_000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(LIMIT - 1, LIMIT - 1, LIMIT - 1)
@example(LIMIT - 1, LIMIT - 1, LIMIT - 2)
@example(LIMIT - 1, 2, 2)
@example(2**128, 2**128, 1)
@example(2**255, 2, 2**255)
@given(WORD, WORD, WORD)
def test_mul_div_is_the_exact_quotient_rounded_as_named(arith: Contract, x: int, y: int, divisor: int) -> None:
    if divisor == 0:
        assert outcome(arith, "mul_div_down", x, y, 0) == "arith: division by zero"
        assert outcome(arith, "mul_div_up", x, y, 0) == "arith: division by zero"
        return
    down, up = x * y // divisor, -(-x * y // divisor)
    assert outcome(arith, "mul_div_down", x, y, divisor) == (down if down < LIMIT else "arith: overflow")
    if up < LIMIT:
        assert outcome(arith, "mul_div_up", x, y, divisor) == up
    else:
        assert isinstance(outcome(arith, "mul_div_up", x, y, divisor), str)


@settings(max_examples=300, deadline=None)
@given(WORD, WORD)
def test_monus_stops_at_zero(arith: Contract, left: int, right: int) -> None:
    assert outcome(arith, "monus", left, right) == max(left - right, 0)


def test_a_choice_evaluates_one_branch_only(arith: Contract) -> None:
    assert outcome(arith, "choice", False, 0) == 7
    assert outcome(arith, "choice", True, 0) == "arith: division by zero"
