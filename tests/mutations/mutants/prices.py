"""Faults in what is taken for a price."""

from __future__ import annotations

from mutations.change import Change
from mutations.mutant import Mutant, in_module

_NO_PRICE = "answers that are no prices"

PRICES: tuple[Mutant, ...] = (
    in_module(
        "oracle",
        "a stale price is taken",
        "an answer as old as its heartbeat, and a second older",
        '    assert unsafe_sub(block.timestamp, updated_at) <= feed.heartbeat + GRACE, "oracle: stale price"\n',
        "",
    ),
    in_module(
        "oracle",
        "a price is stale a second early",
        "an answer as old as its heartbeat, and a second older",
        "assert unsafe_sub(block.timestamp, updated_at) <= feed.heartbeat",
        "assert unsafe_sub(block.timestamp, updated_at) < feed.heartbeat",
    ),
    Mutant(
        "a negative answer is taken for its amount",
        (
            Change("contracts/oracle.vy", "assert 0 < answer and answer <= LARGEST_ANSWER", "assert answer != 0"),
            Change("contracts/oracle.vy", "convert(answer, uint256)", "convert(abs(answer), uint256)"),
        ),
        _NO_PRICE,
    ),
    in_module(
        "oracle",
        "an answer from the future is taken",
        _NO_PRICE,
        '    assert updated_at <= block.timestamp, "oracle: answer from the future"\n'
        "    assert unsafe_sub(block.timestamp, updated_at) <= feed.heartbeat",
        "    assert updated_at <= feed.heartbeat + block.timestamp",
    ),
)
