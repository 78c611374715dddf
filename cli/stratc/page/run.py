"""The report as a command: verdicts, margins and contract of a file, on one page that needs nothing else."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from stratc.analysis import load
from stratc.decide import Report, Timed, prove
from stratc.page.contract import EntryPoint, entry_points
from stratc.page.render import Shown, page
from stratc.problem import news, of_unsupported, tell, unreadable
from stratc.progress import line_of
from stratc.replace import Unwritable, check_writable, write_text
from stratc.status import Status
from stratc_compiler.certify import ProvedVault, certify
from stratc_compiler.constants import Constant
from stratc_compiler.errors import Unsupported
from stratc_compiler.heatmap import Map, heat_map
from stratc_compiler.margins import Margin, margins
from stratc_compiler.verdict import Verification
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
    if quick:
        return Shown(one.verification, one.seconds, missing="Not looked at, for `--quick`")
    found, drawn = _pushed(one.verification)
    points, missing = _contract(one)
    return Shown(one.verification, one.seconds, found, True, drawn, points, missing)


def _pushed(verification: Verification) -> tuple[tuple[Margin, ...], Map | None]:
    """Every margin, and the map of the two numbers that break a claim first, where there are two."""
    name, factories = verification.vault.strategy.name, venue_factories(verification.vault.strategy)
    print(f"{name}: pushing assumptions, for minutes", file=sys.stderr)
    with line_of(name) as line:
        found = tuple(margins(verification, factories, told=line.pushing))
        nearest = nearest_two(found) if verification.proved else None
        if nearest is None:
            return found, None
        return found, heat_map(verification, factories, *nearest, found, told=line.drawing)


def nearest_two(found: Iterable[Margin]) -> tuple[Constant, Constant] | None:
    """The two numbers that the smallest push breaks a claim by, as a share of what stands there."""
    breaking = sorted((one for one in found if one.fails is not None), key=lambda one: one.room)
    numbers = list(dict.fromkeys(one.constant for one in breaking))
    return (numbers[0], numbers[1]) if len(numbers) > 1 else None


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
