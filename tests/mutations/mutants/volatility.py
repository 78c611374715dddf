"""Faults in how a vault uses its rings; those of the rings themselves are in `vyper_target/test_ring.py`."""

from __future__ import annotations

from mutations.mutant import Mutant, in_book, in_vault

_MORNING = "a loan is paid down after a volatile morning"
_STORM = "a vault stops in a storm, goes on looking, and may go on when it is over"

VOLATILITY: tuple[Mutant, ...] = (
    in_book(
        "a round begins and notes nothing",
        _MORNING,
        "    self._remember_prices(s.price_weth)\n    self._observe(s)\n",
        "    self._remember_prices(s.price_weth)\n",
    ),
    in_book("the root of a variance is rounded down", _MORNING, "roots.up(ring.variance", "roots.down(ring.variance"),
    in_book(
        "two days are taken for one",
        _MORNING,
        "ring.variance(0, s.price_weth, 86400",
        "ring.variance(0, s.price_weth, 172800",
    ),
    in_book(
        "a vault that has stopped begins no rounds",
        _STORM,
        "not (modes._is_open() and self._when_freeze_when_due(s))",
        "not self._when_freeze_when_due(s)",
    ),
    in_vault(
        "prices are noted after the exit",
        _STORM,
        "    modes._not_exited()\n    assert book._observe(book._read())",
        "    assert book._observe(book._read())",
    ),
)
