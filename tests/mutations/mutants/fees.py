"""Faults in what is charged."""

from __future__ import annotations

from mutations.mutant import Mutant, in_actions, in_book, in_module, in_vault

_FEES = "fees for time, and for gains above the mark"
_SLEPT = "fees of a vault that was empty, of one that slept for years, and of one that is over"

FEES: tuple[Mutant, ...] = (
    in_actions(
        "time is not counted where shares leave in kind",
        _FEES,
        "    self._charge_for_time()\n    whole",
        "    whole",
    ),
    in_vault(
        "nothing is charged of those who come",
        _FEES,
        '    book._charge(s)\n    assert shares != 0, "deposit: no shares"',
        '    assert shares != 0, "deposit: no shares"',
    ),
    in_book(
        "the performance fee is charged of the whole price",
        _FEES,
        "gain_charged: uint256 = arith.mul_div_down(gain_over_mark,",
        "gain_charged: uint256 = arith.mul_div_down(s.total_assets + 1,",
    ),
    in_book("the mark is not raised", _FEES, "    fees._raise_mark(s.high_water_mark)\n", ""),
    in_module(
        "fees",
        "time is charged again and again",
        _FEES,
        "    self.charged_at = block.timestamp\n\n\n@internal\ndef _raise_mark",
        "    pass\n\n\n@internal\ndef _raise_mark",
    ),
    in_book(
        "years of silence are charged",
        _SLEPT,
        "        return s\n    seconds_counted: uint256 = min(fees._elapsed(), 31_536_000)",
        "        return s\n    seconds_counted: uint256 = fees._elapsed()",
    ),
    in_book(
        "fees go on after the exit",
        _SLEPT,
        "    s: State = before\n    if modes._is_exited():\n        s.supply = share_token.totalSupply",
        "    s: State = before\n    if modes._is_stuck():\n        s.supply = share_token.totalSupply",
    ),
)
