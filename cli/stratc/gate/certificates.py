"""Certificates that stand beside strategies: are they about the text that the file has now, and do they show it?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stratc.analysis import Model
from stratc.audit import read_certificate
from stratc.gate.revision import Revision
from stratc.problem import CERTIFICATE, Problem, without_place
from stratc.read import read_used
from stratc.status import Status
from stratc_compiler.audit import Refused, audit, source_of, strategy_name, used_files
from stratc_dsl.record import Record
from stratc_targets.documents import read_json

HELP = "build it again: `stratc build` writes a certificate of what the file says now"


class Audit(Record):
    """One certificate of one strategy. `why` says what is wrong with it, None where nothing is."""

    certificate: str
    strategy: str
    status: Status
    derivations: int = 0
    witnesses: int = 0
    why: str | None = None

    @property
    def problem(self) -> Problem | None:
        if self.why is None:
            return None
        return without_place(CERTIFICATE, self.certificate, f"{self.strategy}: {self.why}", HELP)


def audits(certificates: Sequence[str], models: Sequence[Model]) -> list[Audit]:
    """Every certificate that names one of these strategies and its file, and those that name nothing.

    One of another file is left to that file, and so is one that is about a file of the same name nearer to it.
    """
    found = []
    for name in certificates:
        told = _told(name)
        if isinstance(told, Audit):
            found.append(told)
            continue
        document, about = told
        for model in models:
            if about == (model.vault.strategy.name, _texts(model)[0][0]) and not _about_nearer(name, document, model):
                found.append(_audit(name, document, model))
    return found


def unclaimed(certificate: str) -> Audit:
    """A certificate that was audited with no strategy, though it has to be."""
    told = _told(certificate)
    if isinstance(told, Audit):
        return told
    _, (strategy, file) = told
    why = f"rejected: it is about {file}, and no such strategy is in its folder or above"
    return Audit(certificate, strategy, Status.REFUTED, why=why)


def lost(certificate: str, base: str) -> Audit:
    """A certificate that the base had: whoever relied on it has nothing to audit any more."""
    return Audit(
        certificate, "?", Status.REFUTED, why=f"gone: it is there at {base}, and none of what it shows in its place"
    )


def subject(certificate: str) -> tuple[str, str] | None:
    """The strategy and the file that a certificate speaks of; None where it is none."""
    told = _told(certificate)
    return None if isinstance(told, Audit) else told[1]


def subject_at(base: Revision, path: str) -> tuple[str, str] | None:
    """Those of a certificate of the base; None where it was none, or git does not have what it was."""
    try:
        document = read_json(base.blob(path).decode("utf-8"))
        return strategy_name(document), source_of(document).name
    except (Refused, ValueError):
        return None


def _told(name: str) -> Audit | tuple[Any, tuple[str, str]]:
    """A certificate with the strategy and the file that it speaks of, or what is wrong with what has its name."""
    document = read_certificate(name)
    if isinstance(document, Problem):
        return Audit(name, "?", Status.BAD_INPUT, why=str(document.fields["message"]))
    try:
        return document, (strategy_name(document), source_of(document).name)
    except Refused as error:
        return Audit(name, "?", Status.BAD_INPUT, why=str(error))


def _about_nearer(certificate: str, document: Any, model: Model) -> bool:
    """Whether a file of the same name, in a folder between this one and the certificate, has the certificate's text."""
    source = source_of(document)
    top = Path(os.path.abspath(model.source.name)).parent
    folders = Path(os.path.abspath(certificate)).parents
    between = (folder for folder in folders if top in folder.parents)
    return any(read_used(str(folder / source.name)) == source.text for folder in between)


def _texts(model: Model) -> list[tuple[str, str]]:
    texts = (file.text for file in model.source.files())
    return [(name, text) for (name, _), text in zip(model.source.digests(), texts, strict=True)]


def _audit(name: str, document: Any, model: Model) -> Audit:
    strategy = model.vault.strategy.name
    try:
        told = [(source_of(document).name, source_of(document).text), *used_files(document).items()]
        if told != _texts(model):
            raise Refused("it is about another text than the file has now")
        audited = audit(document, model.vault, model.source)
    except Refused as error:
        return Audit(name, strategy, Status.REFUTED, why=f"rejected: {error}")
    why = f"on Z3's word alone: {', '.join(audited.unproved)}" if audited.unproved else None
    status = Status.UNKNOWN if audited.unproved else Status.PROVED
    return Audit(name, strategy, status, audited.derivations, audited.witnesses, why)
