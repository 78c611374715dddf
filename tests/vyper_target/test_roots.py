"""The runtime's square roots against the exact interpreter, and what Vyper prints of them."""

from __future__ import annotations

from math import isqrt

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab.chain import Contract, RevmChain
from stratc_compiler.expr import Root, Rounding, number
from stratc_compiler.interpret import Reverted, root
from stratc_targets.vyper.layout import flat
from stratc_targets.vyper.printer import Scope, expression
from vyper_target.probes import probe
from vyper_target.test_arith import LIMIT, WORD, outcome

HALF = st.one_of(
    st.integers(0, 2**128 - 1),
    st.integers(0, 2**64),
    st.integers(0, 127).flatmap(lambda bit: st.sampled_from([2**bit - 1, 2**bit, 2**bit + 1])),
)


@pytest.fixture(scope="module")
def roots() -> Contract:
    return probe(RevmChain(), "roots_probe")


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(0, 0)
@example(LIMIT - 1, 1)
@example((2**128 - 1) ** 2, 1)
@example((2**128 - 1) ** 2 + 1, 1)
@example(2**128, 2**128)
@given(st.one_of(WORD, HALF), HALF)
def test_a_root_is_the_exact_one_rounded_as_named(roots: Contract, x: int, y: int) -> None:
    for rounding in Rounding:
        try:
            wanted = root(x, y, rounding)
        except Reverted:
            assert x * y >= LIMIT
            assert isinstance(outcome(roots, rounding.value, x, y), str)
            continue
        assert outcome(roots, rounding.value, x, y) == wanted


@given(st.integers(0, 2**128 - 1), st.integers(0, 2**127))
def test_the_interpreter_rounds_as_named(x: int, y: int) -> None:
    below, above = root(x, y, Rounding.DOWN), root(x, y, Rounding.UP)
    assert below**2 <= x * y < (below + 1) ** 2
    assert above**2 >= x * y
    assert above == 0 or (above - 1) ** 2 < x * y
    assert below == isqrt(x * y)


def test_a_root_is_printed_with_its_direction() -> None:
    scope = Scope(lambda var: var.name)
    assert flat(expression(Root(number(2), number(8), Rounding.DOWN), scope)) == "roots.down(2, 8)"
    assert flat(expression(Root(number(2), number(8), Rounding.UP), scope)) == "roots.up(2, 8)"
