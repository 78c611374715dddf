"""Certificates that stand beside strategies: are they about the text that the file has now, and do they show it?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stratc.analysis import Model
from stratc.audit import read_certificate
from stratc.problem import CERTIFICATE, Problem, without_place
from stratc.status import Status
from stratc_compiler.audit import Refused, audit, source_of, strategy_name, used_files
from stratc_dsl.record import Record

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
    """Every certificate that names one of these strategies and its file. Those of others are left to others."""
    found = []
    for name in certificates:
        document = read_certificate(name)
        if isinstance(document, Problem):
            found.append(Audit(name, "?", Status.BAD_INPUT, why=str(document.fields["message"])))
            continue
        for model in models:
            if _about(document) == (model.vault.strategy.name, _texts(model)[0][0]):
                found.append(_audit(name, document, model))
    return found


def _about(document: Any) -> tuple[str, str] | None:
    """The strategy and the file that a certificate speaks of; None for what is no certificate."""
    try:
        return strategy_name(document), source_of(document).name
    except Refused:
        return None


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
