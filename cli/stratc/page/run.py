"""The report as a command: verdicts, margins and contract of a file, on one page that needs nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from stratc.analysis import load
from stratc.decide import Report, Timed, prove
from stratc.page.contract import EntryPoint, entry_points
from stratc.page.render import Shown, page
from stratc.problem import news, of_unsupported, tell, unreadable
from stratc.replace import Unwritable, check_writable, write_text
from stratc.status import Status
from stratc_compiler.certify import ProvedVault, certify
from stratc_compiler.errors import Unsupported
from stratc_compiler.margins import Margin, margins
from stratc_targets.venues import venue_factories
from stratc_targets.vyper import ContractTooLarge


def report(file: str, out: str, quick: bool) -> Status:
    """Write the page, whatever the verdicts are; its status is that of `verify`."""
    try:
        check_writable(Path(out))
    except Unwritable as error:
        return _refuse(out, error)
    found = prove(load(file), show_progress=True)
    for problem in news(found.problems, set()):
        tell(problem)
    if found.status is Status.BAD_INPUT:
        return found.status
    shown = [_shown(one, quick) for one in found.results]
    return _write(page(shown), out, found)


def _shown(one: Timed, quick: bool) -> Shown:
    pushed = () if quick else tuple(_margins(one))
    points, missing = ((), "Not looked at, for `--quick`") if quick else _contract(one)
    return Shown(one.verification, one.seconds, pushed, not quick, points, missing)


def _margins(one: Timed) -> Sequence[Margin]:
    print(f"{one.verification.vault.strategy.name}: pushing assumptions, a minute or so", file=sys.stderr)
    return list(margins(one.verification, venue_factories(one.verification.vault.strategy)))


def _contract(one: Timed) -> tuple[tuple[EntryPoint, ...], str | None]:
    """The entry points of the vault, or why there is none."""
    proved = certify(one.verification)
    if not isinstance(proved, ProvedVault):
        return (), "There is none: a vault is built only of a strategy of which every claim is proved"
    try:
        return entry_points(proved), None
    except Unsupported as error:
        tell(of_unsupported(error, one.verification.source))
        return (), f"There is none: {error}"
    except ContractTooLarge as error:
        return (), f"There is none: {error}"


def _write(text: str, out: str, found: Report) -> Status:
    try:
        write_text(Path(out), text)
    except Unwritable as error:
        return _refuse(out, error)
    print(f"written to {out}")
    return found.status


def _refuse(out: str, error: Unwritable) -> Status:
    tell(unreadable(out, error.why))
    return Status.BAD_INPUT
