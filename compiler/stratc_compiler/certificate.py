"""The certificate: what was proved, of which source, by which tools, resting on what. One reproducible JSON text.

What several obligations know is stored once, under the SHA-256 of its SMT-LIB 2 text; with an obligation's `goal`
behind it, it is the query of which `unsat` is to be shown. Kinds of evidence: `derivation`, a proof that
`stratc_checker` accepts without any solver; `solver`, the solver's word; `witness`, a round to be replayed.
"""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version
from typing import Any

from stratc_compiler import smt
from stratc_compiler.assumptions import core_of, rests_on
from stratc_compiler.driver import DEFAULTS
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import (
    ClaimResult,
    Derivation,
    Evidence,
    ObligationResult,
    Query,
    Round,
    SolverSays,
    Verification,
)
from stratc_dsl.span import Source

SCHEMA = 2


def certificate_json(verification: Verification) -> str:
    """The certificate as JSON text. The same verification gives the same bytes."""
    contexts: dict[str, str] = {}
    claims = [_claim(claim, verification.vault, contexts) for claim in verification.claims]
    document = {
        "schema": SCHEMA,
        "strategy": verification.vault.strategy.name,
        "source": _source(verification.source),
        "tools": {"stratc": version("stratc"), "z3": smt.version()},
        "options": {"rlimit": DEFAULTS.effort.rlimit, "nodes": DEFAULTS.effort.nodes},
        "assumptions": [
            {"id": a.id, "text": a.text, "guardian": a.guardian.value, "how": a.how, "written": a.written}
            for a in verification.assumptions
        ],
        "claims": claims,
        "contexts": dict(sorted(contexts.items())),
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _source(source: Source) -> dict[str, Any]:
    """The digest of the whole. Where files are used, each of them too, so that anyone can tell which one differs."""
    files = [{"name": name, "sha256": digest} for name, digest in source.digests()]
    return {"sha256": source.digest()} | ({"files": files} if source.used else {})


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _claim(claim: ClaimResult, vault: Vault, contexts: dict[str, str]) -> dict[str, Any]:
    return {
        "name": claim.name,
        "text": claim.text,
        "verdict": type(claim.verdict).__name__.lower(),
        "obligations": [_obligation(result, vault, contexts) for result in claim.obligations],
    }


def _obligation(result: ObligationResult, vault: Vault, contexts: dict[str, str]) -> dict[str, Any]:
    return {
        "id": result.obligation.id,
        "text": result.obligation.text,
        "verdict": type(result.verdict).__name__.lower(),
        "core": list(core_of(result)),
        "rests_on": list(rests_on(core_of(result), vault)),
        **_evidence(result.evidence, contexts),
    }


def _evidence(evidence: Evidence | None, contexts: dict[str, str]) -> dict[str, Any]:
    match evidence:
        case Derivation(query, proof):
            return {"kind": "derivation", **_query(query, contexts), "proof": proof}
        case SolverSays(query):
            return {"kind": "solver", **_query(query, contexts)}
        case Round(settled, moment, deposited, withdrawn):
            return {
                "kind": "witness",
                "settled": _amounts(settled),
                "moment": _amounts(moment),
                "deposited": str(deposited),
                "withdrawn": str(withdrawn),
            }
        case None:
            return {"kind": "none"}


def _query(query: Query, contexts: dict[str, str]) -> dict[str, str]:
    digest = _digest(query.context)
    contexts[digest] = query.context
    return {"context": digest, "goal": query.goal}


def _amounts(state: dict[str, int]) -> dict[str, str]:
    """As decimal strings: 18 decimals do not fit the numbers of most JSON readers."""
    return {name: str(value) for name, value in sorted(state.items())}
