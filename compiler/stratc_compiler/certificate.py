"""The certificate: what was proved, of which source, by which tools, resting on what. One reproducible JSON text.

Queries are stored once, under the SHA-256 of their SMT-LIB 2 text; `unsat` of an obligation's query is its proof.
An obligation of kind `witness` has a satisfiable query instead, one model of which was replayed in exact integers.
"""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from stratc_compiler import smt
from stratc_compiler.assumptions import rests_on
from stratc_compiler.driver import DEFAULTS
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import ClaimResult, ObligationResult, Verification
from stratc_dsl.span import Source

SCHEMA = 1


def certificate_json(verification: Verification) -> str:
    """The certificate as JSON text. The same verification gives the same bytes."""
    queries: dict[str, str] = {}
    claims = [_claim(claim, verification.vault, queries) for claim in verification.claims]
    document = {
        "schema": SCHEMA,
        "strategy": verification.vault.strategy.name,
        "source": _source(verification.source),
        "tools": {"stratc": version("stratc"), "z3": smt.version()},
        "options": {"rlimit": DEFAULTS.rlimit},
        "assumptions": [
            {"id": a.id, "text": a.text, "guardian": a.guardian.value, "how": a.how, "written": a.written}
            for a in verification.assumptions
        ],
        "claims": claims,
        "queries": dict(sorted(queries.items())),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _source(source: Source) -> dict[str, Any]:
    """The digest of the whole. Where files are used, each of them too, so that anyone can tell which one differs."""
    files = [{"name": name, "sha256": digest} for name, digest in source.digests()]
    return {"sha256": source.digest()} | ({"files": files} if source.used else {})


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _claim(claim: ClaimResult, vault: Vault, queries: dict[str, str]) -> dict[str, Any]:
    return {
        "name": claim.name,
        "text": claim.text,
        "verdict": type(claim.verdict).__name__.lower(),
        "obligations": [_obligation(result, vault, queries) for result in claim.obligations],
    }


def _obligation(result: ObligationResult, vault: Vault, queries: dict[str, str]) -> dict[str, Any]:
    digest = _digest(result.smtlib)
    queries[digest] = result.smtlib
    obligation = result.obligation
    return {
        "id": obligation.id,
        "text": obligation.text,
        "kind": "witness" if obligation.witness else "unsat",
        "rests_on": list(rests_on(obligation, vault)),
        "eliminated": list(obligation.eliminated),
        "verdict": type(result.verdict).__name__.lower(),
        "query": digest,
    }
