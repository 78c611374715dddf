"""The command `keeper audit`: whether what happened to a vault is what its strategy allows."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from stratc_dsl.paint import Paint, Part
from stratc_targets.keeper.command import NEEDED, check_url, read_config
from stratc_targets.keeper.config import KeeperConfig, Timer
from stratc_targets.keeper.errors import Refused, RpcDown, SetupError

if TYPE_CHECKING:
    from stratc_targets.keeper.chain import Chain, Happened
    from stratc_targets.keeper.conform import Around, Finding

BLOCKS = 2_000
"""So many are asked for at a time: nodes answer for few."""


def main(arguments: Namespace, paint: Paint) -> int:
    """Print what happened.

    Returns the exit status: 0 all of it is allowed; 1 something is not; 2 the vault cannot be asked as told; 3 some of
    it is unclear, or no endpoint answers.
    """
    try:
        config = read_config(arguments.config, arguments.vault, arguments.chain_id)
        check_url(arguments.rpc, "--rpc")
        return _audit(config, arguments.rpc, arguments.from_block, paint)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in NEEDED:
            raise
        said = f"{error.name} is not installed: pip install 'stratc[keeper]'"
        print(f"stratc keeper audit: error: {said}", file=sys.stderr)
        return 2
    except (SetupError, RpcDown, Refused) as error:
        print(f"stratc keeper audit: error: {error}", file=sys.stderr)
        return 2 if isinstance(error, SetupError) else 3


def _audit(config: KeeperConfig, rpc: str, first: int, paint: Paint) -> int:
    from stratc_targets.keeper.chain import Chain
    from stratc_targets.keeper.conform import Verdict, judge, supply
    from stratc_targets.keeper.nodes import Nodes
    from stratc_targets.keeper.startup import bound, check_vault

    deployment = bound(config)
    chain = Chain(Nodes([rpc]), config, deployment.vault)
    check_vault(config, deployment, chain)
    last = chain.head().number
    if first > last:
        raise SetupError(f"the chain ends at block {last}, before block {first}")
    events = list(_events(chain, first, last))
    around = cache(lambda block: _around(config, chain, block))
    findings = list(judge(config, events, around, cache(chain.sent)))
    before = _supply(chain, first - 1)
    if before is not None:
        findings += supply(events, before, int(chain.view("totalSupply", last)), last)
    print(f"{config.strategy} at {deployment.vault} on chain {deployment.chain_id}, blocks {first} to {last}")
    for finding in findings:
        print(_line(finding, paint))
    counts = Counter(finding.verdict for finding in findings)
    told = ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Verdict)
    print(f"{len(events)} events: {told}")
    return 1 if counts[Verdict.AGAINST] else 3 if counts[Verdict.UNCLEAR] else 0


def _line(finding: Finding, paint: Paint) -> str:
    from stratc_targets.keeper.conform import Verdict

    parts = {Verdict.ALLOWED: Part.GOOD, Verdict.UNCLEAR: Part.WARNING, Verdict.AGAINST: Part.ERROR}
    verdict = paint(f"{finding.verdict.value:<11}", parts[finding.verdict])
    return f"  block {finding.block:<10} {verdict}  {finding.what}{': ' if finding.why else ''}{finding.why}"


def _events(chain: Chain, first: int, last: int) -> Iterator[Happened]:
    for start in range(first, last + 1, BLOCKS):
        yield from chain.history(start, min(start + BLOCKS - 1, last))


def _supply(chain: Chain, block: int) -> int | None:
    """How many shares there were; None before the vault was there, where there were none that could be asked of."""
    if block < 0 or not chain.code_at(chain.vault, block):
        return 0
    try:
        return int(chain.view("totalSupply", block))
    except Refused:
        return None


def _around(config: KeeperConfig, chain: Chain, block: int) -> Around:
    from stratc_targets.keeper.conform import Around
    from stratc_targets.keeper.watchlist import THE_VAULT, View

    def state(number: int) -> dict[str, int] | None:
        try:
            return chain.state(number)
        except Refused:
            return None

    def mode(number: int) -> int:
        try:
            return chain.mode(number)
        except Refused:
            return 0

    last_run = {}
    for rule in config.rules:
        if isinstance(rule.trigger, Timer):
            try:
                last_run[rule.name] = chain.ask(rule.trigger.last_run, block - 1)
            except Refused:
                continue
    allowed = set()
    for getter in ("keeper()", "owner()"):
        try:
            allowed.add(f"0x{chain.ask(View(THE_VAULT, getter, None), block - 1):040x}")
        except Refused:
            continue
    modes, time = (mode(block - 1), mode(block)), chain.block(block).time
    ages = _ages(config, chain, block, time)
    return Around(state(block - 1), state(block), modes, time, last_run, frozenset(allowed), ages)


def _ages(config: KeeperConfig, chain: Chain, block: int, time: int) -> dict[str, int]:
    """How old prices would have been in a block had nobody written them in it."""
    passed = time - chain.block(max(block - 1, 0)).time
    found = {}
    for token in config.readings.tokens:
        if token.age is not None:
            try:
                found[token.name] = chain.ask(token.age, block - 1) + passed
            except Refused:
                continue
    return found
