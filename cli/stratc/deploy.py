"""`stratc deploy`: from a strategy, or the folder of its build, to what can be deployed."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stratc.analysis import load
from stratc.audit import derived
from stratc.colour import paint_for
from stratc.output import MARK
from stratc.problem import news, tell
from stratc.status import Status
from stratc_compiler.audit import Refused, audit
from stratc_compiler.vault import Vault
from stratc_dsl.span import Source
from stratc_targets.deploy.command import Deployable, NotThere, guarded, main
from stratc_targets.documents import read_json
from stratc_targets.keeper.emit import PATH as KEEPER

CODE = ("bytecode.hex", "actions.blueprint.hex")


def deploy(arguments: Namespace) -> int:
    """Deploy one strategy. Returns the exit status."""
    paint = paint_for(sys.stdout)
    try:
        deployable = of_build(Path(arguments.what)) if Path(arguments.what).is_dir() else of_file(arguments.what)
    except NotThere as stop:
        return stop.status
    return guarded(lambda: main(arguments, deployable, paint))


def of_file(file: str) -> Deployable:
    """The one strategy of a file, which is proved when its package is asked for. Raises NotThere."""
    loaded = load(file)
    if loaded.faulty:
        for problem in news(loaded.problems, set()):
            tell(problem)
        raise NotThere(Status.BAD_INPUT)
    if len(loaded.models) != 1:
        raise _refused(f"{file} has {len(loaded.models)} strategies: build it, and name the folder of one")
    (model,) = loaded.models

    def package() -> Any:
        from stratc.decide import prove
        from stratc.emit import emit
        from stratc.verify import print_report
        from stratc_compiler.certify import ProvedVault, certify

        report = prove(loaded, show_progress=True)
        print()
        print_report(report, set())
        if report.status is not Status.PROVED:
            raise NotThere(report.status)
        proved = certify(report.results[0].verification)
        assert isinstance(proved, ProvedVault), "its status says so"
        return _package(model.vault, model.source, {one.path: one.text for one in emit(proved)})

    return Deployable(model.vault, model.source, package)


def of_build(folder: Path) -> Deployable:
    """The strategy of a build, whose certificate is audited, and whose code is compiled again. Raises NotThere."""
    name, text = str(folder / MARK), _read(folder / MARK)
    try:
        document = read_json(text)
        vault, source = derived(document, None)
    except ValueError:
        raise _refused(f"{name} is no certificate: it is not JSON; build again") from None
    except Refused as error:
        raise _rejected(name, error) from None

    def package() -> Any:
        try:
            audited = audit(document, vault, source)
        except Refused as error:
            raise _rejected(name, error) from None
        print(f"\naudited: {audited.claims} claims, {audited.derivations} proofs, {audited.witnesses} witnesses")
        if audited.unproved:
            print(f"  on Z3's word alone: {', '.join(audited.unproved)}")
        files = {one: _read(folder / one) for one in (*CODE, KEEPER)}
        _check_code(vault, source, files, folder)
        return _package(vault, source, files | {MARK: text})

    return Deployable(vault, source, package)


def _check_code(vault: Vault, source: Source, files: Mapping[str, str], folder: Path) -> None:
    """Whether the code of a build is what this source compiles to: only that is proved. Raises NotThere."""
    from stratc_targets.vyper import build
    from stratc_targets.vyper.emit import vault_sources

    compiled = build.compile_vault(vault_sources(vault, source))
    assert compiled.actions is not None, "a vault deploys its actions"
    for name, code in zip(CODE, (compiled.creation, build.blueprint_creation(compiled.actions.blueprint)), strict=True):
        if files[name].strip() != code:
            raise _refused(f"{folder / name} is not what this stratc compiles the certificate's source to: build again")


def _package(vault: Vault, source: Source, files: Mapping[str, str]) -> Any:
    from stratc_targets.deploy.package import Code, Package

    return Package(vault, source, Code(*(files[name] for name in CODE)), files[MARK], files[KEEPER])


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"{path} cannot be read ({getattr(error, 'strerror', 'no text')}): build again") from None


def _refused(why: str) -> NotThere:
    print(f"stratc deploy: error: {why}", file=sys.stderr)
    return NotThere(Status.BAD_INPUT)


def _rejected(name: str, error: Refused) -> NotThere:
    print(f"{name}: rejected: {error}", file=sys.stderr)
    return NotThere(Status.REFUTED)
