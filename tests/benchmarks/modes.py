"""Size and gas of the emitted vaults in every mode of the compiler, on anvil: what docs/contract-size.md rests on.

Prints tables; asserts nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchmarks.gas import Subject, measure
from lab.chain import AnvilChain
from lab.world import World, build_world
from stratc_targets.vyper import CODE_LIMIT
from vyper_target.modes import COMPACT, MODES, STRATEGIES, compiled, deploy_in_mode

OTHERS = {"fee_range": "gas", "short_ether": "gas", "hedged_range": "codesize", "delta_neutral_at_first": COMPACT}
"""Of venues of other kinds, and of a range that is hedged by a short: their sizes are told as they are emitted alone,
since all modes take minutes."""

SHOWN = ("second deposit", "redeem", "transfer", "rebalance")


def sizes(strategies: tuple[str, ...] = STRATEGIES) -> list[str]:
    """Bytes on chain, immutables included, of actions of the larger of them and their blueprint; and what part of the
    limit."""
    lines = ["| bytes |" + "".join(f" {mode} |" for mode in MODES), "| --- |" + " ---: |" * len(MODES)]
    for name in strategies:
        for contract, counts in _counts(name).items():
            cells = "".join(f" {count:,} ({count / CODE_LIMIT:.0%}) |" for count in counts)
            lines.append(f"| {name}, {contract} |{cells}")
    return lines


def _counts(name: str) -> dict[str, list[int]]:
    made = [compiled(name, mode) for mode in MODES]
    actions = [one.actions.largest for one in made if one.actions is not None]
    return {"vault": [one.size for one in made], "actions": actions}


def others(strategies: Mapping[str, str] = OTHERS) -> list[str]:
    """Bytes on chain of those that are told in one mode alone."""
    lines = ["| bytes | vault | actions |", "| --- | ---: | ---: |"]
    for name, mode in strategies.items():
        made = compiled(name, mode)
        assert made.actions is not None
        counts = (made.size, made.actions.largest)
        lines.append(f"| {name}, `{mode}` |" + "".join(f" {count:,} ({count / CODE_LIMIT:.0%}) |" for count in counts))
    return lines


def gas(world: World, strategies: tuple[str, ...] = STRATEGIES) -> list[str]:
    """Gas of some operations; empty where the code does not fit on chain."""
    lines = ["| gas |" + "".join(f" {mode} |" for mode in MODES), "| --- |" + " ---: |" * len(MODES)]
    for name in strategies:
        taken = {mode: _measured(world, name, mode) for mode in MODES}
        for operation in SHOWN:
            cells = [f"{one[operation]:,}" if operation in one else "" for one in taken.values()]
            if any(cells):
                lines.append(f"| {name}: {operation} |" + "".join(f" {cell} |" for cell in cells))
    return lines


def _measured(world: World, name: str, mode: str) -> dict[str, int]:
    if compiled(name, mode).excess is not None:
        return {}
    start = world.chain.snapshot()
    try:
        contract = deploy_in_mode(world, name, mode).contract
        return measure(world, Subject(name, contract, 10**18, world.chain.accounts[7]))
    finally:
        world.chain.revert(start)


if __name__ == "__main__":
    print("\n".join([*sizes(), "", *others()]))
    with AnvilChain() as chain:
        print("\n".join(["", *gas(build_world(chain))]))
