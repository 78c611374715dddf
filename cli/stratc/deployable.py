"""From a strategy, the folder of its build, or a record, to what can be deployed or was."""

from __future__ import annotations

import sys
from pathlib import Path

from stratc.analysis import load
from stratc.audit import derived
from stratc.output import MARK
from stratc.problem import Problem, news, of_unsupported, tell
from stratc.read import read_source
from stratc.status import Status
from stratc_compiler.assumptions import guarded_assumptions
from stratc_compiler.audit import Refused, audit
from stratc_compiler.errors import Unsupported
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Proved
from stratc_dsl.span import Source
from stratc_targets.deploy.command import Deployable, Stopped
from stratc_targets.deploy.package import Code, Package
from stratc_targets.documents import read_json
from stratc_targets.keeper.alarms import Grounds
from stratc_targets.keeper.emit import PATH as KEEPER
from stratc_targets.keeper.emit import keeper_text
from stratc_targets.vyper import ContractTooLarge

CODE = ("bytecode.hex", "actions.blueprint.hex")


def of_file(file: str) -> Deployable:
    """The one strategy of a file, which is proved when its package is asked for. Raises Stopped."""
    loaded = load(file)
    if loaded.faulty:
        for problem in news(loaded.problems, set()):
            tell(problem)
        raise Stopped(Status.BAD_INPUT)
    if len(loaded.models) != 1:
        raise _refused(f"{file} has {len(loaded.models)} strategies: build it, and name the folder of one")
    (model,) = loaded.models

    def package() -> Package:
        from stratc.decide import prove
        from stratc.emit import emit
        from stratc.verify import print_report
        from stratc_compiler.certify import ProvedVault, certify

        report = prove(loaded, show_progress=True)
        print()
        print_report(report, set())
        if report.status is not Status.PROVED:
            raise Stopped(report.status)
        proved = certify(report.results[0].verification)
        assert isinstance(proved, ProvedVault), "its status says so"
        try:
            files = {one.path: one.text for one in emit(proved)}
        except Unsupported as error:
            tell(of_unsupported(error, model.source))
            raise Stopped(Status.BAD_INPUT) from None
        except ContractTooLarge as error:
            raise _refused(str(error)) from None
        code = Code(*(files[name] for name in CODE))
        return Package(model.vault, model.source, code, files[MARK], files[KEEPER], files[KEEPER])

    return Deployable(model.vault, model.source, package)


def of_build(folder: Path) -> Deployable:
    """The strategy of a build, whose certificate is audited, and whose code is compiled again. Raises Stopped."""
    if not (folder / MARK).exists() and (found := sorted(folder.glob(f"*/{MARK}"))):
        raise _refused(f"{folder} holds builds: name one of them, {', '.join(str(one.parent) for one in found)}")
    certified = _Certified(folder / MARK, None)

    def package() -> Package:
        package = certified.package(_read(folder / KEEPER), confirm=True)
        creations = (package.code.creation, package.code.blueprint_creation)
        for name, code in zip(CODE, creations, strict=True):
            if _read(folder / name).strip() != f"0x{code.hex()}":
                raise _refused(f"{folder / name} is not what the certificate's source compiles to: build again")
        return package

    return Deployable(certified.vault, certified.source, package)


def of_record(certificate: Path, file: str | None) -> Deployable:
    """What was deployed, by the certificate beside its record; it must be about the text of a file where one is given.

    Raises Stopped.
    """
    certified = _Certified(certificate, file)
    return Deployable(certified.vault, certified.source, certified.package)


class _Certified:
    """What a certificate is about. Nothing of it is believed before `package` has audited it. Raises Stopped."""

    def __init__(self, certificate: Path, file: str | None) -> None:
        self._name, self._text = str(certificate), _read(certificate)
        expected = None if file is None else read_source(file)
        if isinstance(expected, Problem):
            tell(expected)
            raise Stopped(Status.BAD_INPUT)
        try:
            self._document = read_json(self._text)
            self.vault, self.source = derived(self._document, expected)
        except ValueError:
            raise _refused(f"{certificate} is no certificate: it is not JSON") from None
        except Refused as error:
            raise _rejected(self._name, error) from None

    def package(self, keeper: str | None = None, confirm: bool = False) -> Package:
        """The code that the certificate's source compiles to. `keeper` tells its keeper, where not the source does.

        Raises Stopped where the certificate is rejected. `confirm` is whether the solver is asked again for what there
        is no proof of.
        """
        from stratc_targets.vyper.build import blueprint_creation, compile_vault
        from stratc_targets.vyper.emit import vault_sources

        try:
            audited = audit(self._document, self.vault, self.source)
        except Refused as error:
            raise _rejected(self._name, error) from None
        print(f"\naudited: {audited.claims} claims, {audited.derivations} proofs, {audited.witnesses} witnesses")
        if audited.unproved:
            print(f"  on Z3's word alone: {', '.join(audited.unproved)}")
            if confirm:
                _ask_again(self.vault, self.source)
        compiled = compile_vault(vault_sources(self.vault, self.source))
        assert compiled.actions is not None, "a vault deploys its actions"
        code = Code(compiled.creation, blueprint_creation(compiled.actions.blueprint))
        grounds = Grounds(self.vault, self.source, guarded_assumptions(self.vault), audited.stakes(self.vault))
        printed = keeper_text(grounds, compiled.abi, compiled.runtime, compiled.actions.runtime)
        given = printed if keeper is None else keeper
        return Package(self.vault, self.source, code, self._text, given, printed, audited.unproved)


def _ask_again(vault: Vault, source: Source) -> None:
    """Anybody can write into a certificate that the solver said so. Raises Stopped unless it says so here."""
    from stratc.decide import Report, Timed
    from stratc_compiler.driver import verify

    print("  which is asked of it again")
    report = Report(source.name, (Timed(verify(vault, source), 0.0),))
    if report.status is not Status.PROVED:
        open_ = (one for one in report.results[0].verification.claims if not isinstance(one.verdict, Proved))
        print(f"{source.name}: not proved: {', '.join(one.name for one in open_)}", file=sys.stderr)
        raise Stopped(report.status)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise _refused(f"cannot read {path}: {getattr(error, 'strerror', 'it is no text')}") from None


def _refused(why: str) -> Stopped:
    print(f"stratc deploy: error: {why}", file=sys.stderr)
    return Stopped(Status.BAD_INPUT)


def _rejected(name: str, error: Refused) -> Stopped:
    print(f"{name}: rejected: {error}", file=sys.stderr)
    return Stopped(Status.REFUTED)
