"""`stratc build`: the artifacts of strategies of which every claim is proved, and of no others."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from stratc.analysis import Loaded, load
from stratc.colour import paint_for
from stratc.decide import prove, status_of
from stratc.emit import emit
from stratc.output import Unwritable, check_out, write_build
from stratc.problem import news, of_unsupported
from stratc.resting import CannotDeny, Denied, check_denied
from stratc.status import Status
from stratc.verify import print_report
from stratc_compiler.certify import ProvedVault, certify
from stratc_compiler.errors import Unsupported
from stratc_targets.artifact import Artifact
from stratc_targets.vyper import ContractTooLarge


def build(files: Sequence[str], out: Path, denied: Denied) -> Status:
    """Write `out/NAME/` for every strategy of the files, or nothing at all."""
    loaded = [load(file, denied.warnings) for file in files]
    mistakes = _mistakes(loaded, out, denied)
    if mistakes:
        return _refuse("\n".join(mistakes))
    reports = []
    told: set[str] = set()
    for one in loaded:
        reports.append(prove(one, denied, show_progress=True))
        print_report(reports[-1], told)
    status = status_of(reports)
    if status is not Status.PROVED:
        why = ": a strategy is built only when every claim of all files is proved"
        print(f"nothing was built{'' if status is Status.BAD_INPUT else why}", file=sys.stderr)
        return status
    gated = [certify(result.verification) for report in reports for result in report.results]
    return _write([vault for vault in gated if isinstance(vault, ProvedVault)], out)


def _mistakes(loaded: Sequence[Loaded], out: Path, denied: Denied) -> list[str]:
    """What makes the build impossible whatever is proved, so that nobody waits for proofs in vain."""
    if any(one.faulty for one in loaded):
        paint = paint_for(sys.stderr)
        problems = (problem for one in loaded for problem in one.problems)
        return [problem.painted(paint) for problem in news(problems, set())]
    names = Counter(model.vault.strategy.name for one in loaded for model in one.models)
    twice = [name for name, count in names.items() if count > 1]
    if twice:
        return [f"error: strategy {name} is given more than once, for {out / name}" for name in twice]
    try:
        check_denied(denied, loaded)
        check_out(out, list(names))
    except (CannotDeny, Unwritable) as error:
        return [f"error: {error}"]
    return []


def _write(vaults: Sequence[ProvedVault], out: Path) -> Status:
    """Emit all in memory, then write all."""
    artifacts: dict[str, Sequence[Artifact]] = {}
    for proved in vaults:
        name = proved.vault.strategy.name
        try:
            artifacts[name] = emit(proved)
        except Unsupported as error:
            return _refuse(of_unsupported(error, proved.verification.source).text)
        except ContractTooLarge as error:
            return _refuse(f"error: {name}: {error}")
    try:
        write_build(artifacts, out)
    except Unwritable as error:
        return _refuse(f"error: {error}")
    _list(artifacts, out)
    return Status.PROVED


def _refuse(why: str) -> Status:
    print(why, file=sys.stderr)
    return Status.BAD_INPUT


def _list(artifacts: Mapping[str, Sequence[Artifact]], out: Path) -> None:
    for name, written in artifacts.items():
        print(f"written to {out / name}")
        for artifact in written:
            print(f"  {artifact.path:<32} {len(artifact.text.encode()):>10,} bytes")
        print()
