"""Faults in what keeps a delta inside its band."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book

_MOVED = "a rise and a fall that take delta out of its band, each mended by one trade"
_CHEAP = "a pool that sells ether so far below the oracle that the hedge would be left on the other side"

HEDGES: tuple[Mutant, ...] = (
    in_actions(
        "a hedge that is left outside its band is let through",
        _CHEAP,
        '    assert not hedges or book._hedged(s), "hedge: outside its band"\n',
        "",
    ),
    in_book(
        "what is owed counts for delta",
        _MOVED,
        "s.short_delta_weth = s.value_aave_debt_weth",
        "s.short_delta_weth = s.value_aave_collateral_usdc",
    ),
    in_book(
        "a hedge's band without its lower edge",  # beside the upper one the rule has another trigger
        _MOVED,
        "200 * s.long_delta_weth >= 200 * s.short_delta_weth + 19 * s.nav\n        and ",
        "",
    ),
    in_actions(
        "a hedge that aims beside the middle of its band",
        _MOVED,
        "s.short_delta_weth + arith.mul_div_down(s.nav, 1, 10)",
        "s.short_delta_weth + arith.mul_div_down(s.nav, 101, 1_000)",
    ),
)
