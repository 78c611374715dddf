"""Faults in liquidity in a range: where it lies, what it is worth, how it comes out."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book, in_module

_LIFE = "fees are earned and fetched, prices move, all leave"
_OFF = "a pool that is off its oracle is neither entered nor left by a rule"

RANGES: tuple[Mutant, ...] = (
    in_module(
        "uniswap_v3_lp",
        "a pool may be anywhere when liquidity moves",
        _OFF,
        '    assert ranges.is_near(convert(spot, uint256), root, millionths), "uniswap_v3_lp: pool off its oracle"\n',
        "",
    ),
    in_module(
        "uniswap_v3_lp",
        "who leaves in kind is given fees",
        _LIFE,
        "                most1=convert(came1, uint128),\n",
        "                most1=max_value(uint128),\n",
    ),
    in_module(
        "ranges",
        "a range ends below what was written",
        _LIFE,
        "    if self.root_at_tick(upper) < high:\n        upper += spacing\n",
        "",
    ),
    in_book(
        "a range counts with its ether alone",
        _LIFE,
        "    return arith.mul_div_down(all_of_it, 1, 16_777_216),",
        "    return arith.mul_div_down(in_token, 1, 16_777_216),",
    ),
    in_actions("a harvest is not noted", _LIFE, "    book.harvest_pool_last_run = block.timestamp\n", "    pass\n"),
)
