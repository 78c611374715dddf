"""`stratc audit`: does a certificate show what it says? Without any solver."""

from __future__ import annotations

import sys
from pathlib import Path
from posixpath import normpath
from typing import Any

from stratc.analysis import load_source
from stratc.problem import Problem, tell, unreadable
from stratc.read import read_source, read_used
from stratc.status import Status
from stratc_compiler.audit import Audited, Refused, audit, source_of, strategy_name, used_files
from stratc_compiler.vault import Vault
from stratc_dsl import Unreadable, parse_strategies
from stratc_dsl.render import printable
from stratc_dsl.span import Source
from stratc_targets.documents import read_json

LIMIT = 1 << 30
"""Bytes. Certificates have a few megabytes."""

MISSING = Unreadable("the certificate does not contain it")

HELP = "name a certificate.json that `stratc build` wrote"


def run(certificate: str, source: str | None) -> Status:
    """Audit one certificate; `source` names the strategy's file where it is to be compared with what was proved."""
    document = read_certificate(certificate)
    if isinstance(document, Problem):
        tell(document)
        return Status.BAD_INPUT
    expected = read_source(source) if source is not None else None
    if isinstance(expected, Problem):
        tell(expected)
        return Status.BAD_INPUT
    try:
        vault, whole = derived(document, expected)
        audited = audit(document, vault, whole)
    except Refused as error:
        why = "\n".join(map(printable, str(error).split("\n")))  # some of it is quoted from what somebody wrote
        print(f"{certificate}: rejected: {why}", file=sys.stderr)
        return Status.REFUTED
    return _tell(certificate, vault, whole, audited)


def read_certificate(name: str) -> Any:
    """What a file holds, read as JSON, or the Problem why that cannot be read."""
    try:
        with Path(name).open("rb") as file:
            data = file.read(LIMIT + 1)
        return (
            read_json(data.decode("utf-8"))
            if len(data) <= LIMIT
            else unreadable(name, "is too large for a certificate")
        )
    except OSError as error:
        return unreadable(name, f"cannot be read: {error.strerror or error}", HELP)
    except ValueError:
        return unreadable(name, "is not JSON", HELP)


def derived(document: Any, expected: Source | None) -> tuple[Vault, Source]:
    """The vault and the whole source, made anew from the texts that the certificate contains. Raises Refused.

    `expected` is a strategy's file at hand: the certificate has to be about its text, and about those of all files that
    it uses, as they are now.
    """
    source, used, name = source_of(document), used_files(document), strategy_name(document)
    if expected is not None and expected.text != source.text:
        raise Refused(f"it is about another text than {expected.name}")
    loaded = load_source(source, read=lambda path: used.get(normpath(path), MISSING))
    if loaded.faulty:
        raise Refused("the source that it contains is not well formed:\n" + "".join(p.text for p in loaded.problems))
    found = [model for model in loaded.models if model.vault.strategy.name == name]
    if not found:
        raise Refused(f"the source that it contains has no strategy {name}")
    if expected is not None:
        _about(found[0].source, expected)
    return found[0].vault, found[0].source


def _about(source: Source, expected: Source) -> None:
    """Refuse a certificate of this source unless the files that the expected one uses are the same."""
    now = dict(parse_strategies(expected, read_used).source.digests()[1:])
    for path, digest in source.digests()[1:]:
        if now.get(path) != digest:
            raise Refused(f"it is about another text of {path} than {expected.name} uses")


def _tell(certificate: str, vault: Vault, source: Source, audited: Audited) -> Status:
    """What was accepted, of which text: whoever reads it compares the digest with that of the file at hand."""
    name = vault.strategy.name
    print(f"{certificate}: {name}, of {printable(source.name)} with SHA-256 {source.digest()}")
    print(f"  derived again from that source: {audited.claims} claims and all that they rest on")
    print(f"  checked without a solver: {audited.derivations} proofs, {audited.witnesses} witnesses")
    if audited.unproved:
        print(f"  on Z3's word alone: {', '.join(audited.unproved)}")
        return Status.UNKNOWN
    return Status.PROVED
