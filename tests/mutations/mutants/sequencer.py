"""Faults in what is asked of the sequencer."""

from __future__ import annotations

from mutations.mutant import Mutant, in_module

_SEQUENCER = "a sequencer that is down, and the hour after it is back"
_SAYS_NOTHING = "answers of a sequencer that say nothing"

SEQUENCER: tuple[Mutant, ...] = (
    in_module(
        "oracle",
        "nobody asks for the sequencer",
        _SEQUENCER,
        'assert self.sequencer_is_up(), "oracle: sequencer not up for an hour"',
        "pass",
    ),
    in_module(
        "oracle",
        "a sequencer that has come back is trusted at once",
        _SEQUENCER,
        " and block.timestamp - since > SEQUENCER_GRACE",
        "",
    ),
    in_module(
        "oracle",
        "a sequencer is trusted a second early",
        _SEQUENCER,
        "block.timestamp - since > SEQUENCER_GRACE",
        "block.timestamp - since >= SEQUENCER_GRACE",
    ),
    in_module(
        "oracle",
        "a sequencer that was never up is",
        _SAYS_NOTHING,
        " and since != 0",
        "",
    ),
    in_module(
        "oracle", "any answer of a sequencer is good", _SAYS_NOTHING, "return answer == 0 and", "return answer != 1 and"
    ),
    in_module(
        "oracle",
        "the exit sells at prices of before the sequencer went down",
        "an exit while the sequencer is down",
        "    self.only_while_up()\n",
        "",
    ),
)
