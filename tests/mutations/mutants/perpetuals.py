"""Faults in a short at Perp v2: what the account is worth, what a part of it is, what puts the vault on guard."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book, in_module

_LIFE = "a short is opened, a rally and a fall are hedged again, and everything is left"
_WEEKS = "a pool below its index: the short pays funding for weeks, and margin is put in"
_CLOSED = "the market is paused and then closed: the vault is guarded, and the exit waits for who quits it"
_RAISED = "a penalty that was raised: the vault is guarded until it is what was proved"

PERPETUALS: tuple[Mutant, ...] = (
    in_module("perp_v2", "funding counts once it is booked", _WEEKS, " + owed - funding\n", " + owed\n"),
    in_module(
        "perp_v2",
        "a penalty may be raised",
        _RAISED,
        "    return asked + kept + taken + ",
        "    return asked + kept + ",
    ),
    in_module(
        "perp_v2",
        "a market may be closed",
        _CLOSED,
        " + convert(not staticcall BaseToken(at.base).isOpen(), uint256)\n",
        "\n",
    ),
    in_book(
        "what is short counts for no delta",
        _LIFE,
        "    s.short_delta_weth = s.value_perp_short_weth\n",
        "    s.short_delta_weth = 0\n",
    ),
    in_actions(
        "a leaver's part of the short is rounded down",
        _LIFE,
        "part_of_perp_short_weth: uint256 = arith.mul_div_up(",
        "part_of_perp_short_weth: uint256 = arith.mul_div_down(",
    ),
    in_actions(
        "a leaver in kind is paid the last unit, too",
        _LIFE,
        "kept_of_perp_margin + 1)",
        "kept_of_perp_margin)",
    ),
)
