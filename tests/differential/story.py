"""What a story is, and how it is told to contract and machine alike, with everything compared after every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from differential.operations import Deposit, Keep, Operation, Whale
from differential.pair import Disagreement, Pair
from vyper_target.vaults import USDC

PROBE = 12_345 * USDC + 678_901


@dataclass(frozen=True)
class Story:
    """What happens, and how often of what must have succeeded (`done`) and failed (`reverted`) in the end."""

    vault: str
    steps: Sequence[Operation]
    done: dict[str, int]
    reverted: dict[str, int]


def tell(pair: Pair, story: Story) -> None:
    """Raises Disagreement where contract and machine differ, or where the story did not go as it should."""
    for step in story.steps:
        step.apply(pair)
        pair.compare(PROBE, pair.users[0])
    for wanted, counted in ((story.done, pair.tally.done), (story.reverted, pair.tally.reverted)):
        for name, times in wanted.items():
            if counted[name] != times:
                raise Disagreement(f"{name}: {counted[name]} times, not {times}\n{pair.tally.told()}")


OPENING: tuple[Operation, ...] = (
    Whale("USDC", 600),
    Whale("WETH", 300),
    Deposit(0, 100_000 * USDC),
    Deposit(1, 50_000 * USDC + 1),
    Keep(),
)
