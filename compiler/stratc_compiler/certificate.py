"""The certificate: what was proved, of which source, by which tools, resting on what. One reproducible JSON text.

What several obligations know (`context`, SMT-LIB 2 text) and proofs that several share are stored once, under their
SHA-256. With an obligation's `goal` behind it, its context is the query of which `unsat` is to be shown. Kinds of
evidence: `derivation`, a proof that `stratc_checker` accepts without any solver; `solver`, the solver's word;
`witness`, a round to be replayed. docs/certificate.schema.json describes the whole.
"""

from __future__ import annotations

import json
from hashlib import sha256
from importlib.metadata import version
from platform import python_version
from typing import Any

from msgspec import Struct, field
from msgspec.structs import asdict

from stratc_compiler.assumptions import Reliance, core_of
from stratc_compiler.effort import Effort
from stratc_compiler.verdict import (
    ClaimResult,
    Derivation,
    Evidence,
    GuardedAssumption,
    ObligationResult,
    Query,
    Round,
    SolverSays,
    Verification,
)
from stratc_dsl.span import Source

SCHEMA = 2

TOOLS = {
    "stratc": "stratc",
    "lark": "lark",
    "z3": "z3-solver",
    "highs": "highspy",
    "numpy": "numpy",
    "vyper": "vyper",
}
"""What reads, proves and compiles, with the packages that say which version it is; that of Python comes beside them."""


def certificate_json(verification: Verification) -> str:
    """The certificate as JSON text. The same verification gives the same bytes."""
    shared, reliance = _Shared(), Reliance.on(verification.vault)
    claims = [_claim(claim, reliance, shared) for claim in verification.claims]
    document = {
        "schema": SCHEMA,
        "strategy": verification.vault.strategy.name,
        "source": _source(verification.source),
        "tools": {name: version(package) for name, package in TOOLS.items()} | {"python": python_version()},
        "options": asdict(Effort()),
        "assumptions": [assumption_json(assumption) for assumption in verification.assumptions],
        "claims": claims,
        "contexts": dict(sorted(shared.contexts.items())),
        "proofs": dict(sorted(shared.proofs.items())),
    }
    return _lines(document) + "\n"


def _lines(document: dict[str, Any]) -> str:
    """JSON with a line for each obligation, context and proof: readable, and not a line for each number."""
    parts = []
    for key, value in document.items():
        match value:
            case [{"obligations": _}, *_]:
                shown = _bracketed("[]", [_claim_lines(claim) for claim in value])
            case list():
                shown = _bracketed("[]", [_dumped(one) for one in value])
            case dict():
                shown = _bracketed("{}", [f"{_dumped(name)}: {_dumped(one)}" for name, one in value.items()])
            case _:
                shown = _dumped(value)
        parts.append(f"{_dumped(key)}: {shown}")
    return _bracketed("{}", parts)


def _claim_lines(claim: dict[str, Any]) -> str:
    obligations = _bracketed("[]", [_dumped(one) for one in claim["obligations"]])
    fields = [f"{_dumped(key)}: {_dumped(value)}" for key, value in claim.items() if key != "obligations"]
    return _bracketed("{}", [*fields, f'"obligations": {obligations}'])


def _bracketed(brackets: str, lines: list[str]) -> str:
    opening, closing = brackets[0], brackets[1]
    return f"{opening}\n" + ",\n".join(lines) + f"\n{closing}" if lines else brackets


def _dumped(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


class _Shared(Struct):
    """What several obligations refer to, by digest."""

    contexts: dict[str, str] = field(default_factory=dict)
    proofs: dict[str, Any] = field(default_factory=dict)

    def query(self, query: Query) -> dict[str, str]:
        digest = _digest(query.context)
        self.contexts[digest] = query.context
        return {"context": digest, "goal": query.goal}

    def proof(self, proof: dict[str, Any]) -> str:
        digest = _digest(_dumped(proof))
        self.proofs[digest] = proof
        return digest


def assumption_json(assumption: GuardedAssumption) -> dict[str, Any]:
    return {
        "id": assumption.id,
        "text": assumption.text,
        "guardian": assumption.guardian.value,
        "how": assumption.how,
        "written": assumption.written,
    }


def _source(source: Source) -> dict[str, Any]:
    """The digest of the whole, and every file with its text: whoever audits needs nothing else."""
    return {"sha256": source.digest(), "files": files_json(source)}


def files_json(source: Source) -> list[dict[str, str]]:
    """Every file with its text, the main one first."""
    texts = (file.text for file in source.files())
    return [
        {"name": name, "sha256": digest, "text": text}
        for (name, digest), text in zip(source.digests(), texts, strict=True)
    ]


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _claim(claim: ClaimResult, reliance: Reliance, shared: _Shared) -> dict[str, Any]:
    return {
        "name": claim.name,
        "text": claim.text,
        "verdict": type(claim.verdict).__name__.lower(),
        "obligations": [_obligation(result, reliance, shared) for result in claim.obligations],
    }


def _obligation(result: ObligationResult, reliance: Reliance, shared: _Shared) -> dict[str, Any]:
    return {
        "id": result.obligation.id,
        "text": result.obligation.text,
        "verdict": type(result.verdict).__name__.lower(),
        "core": list(core_of(result)),
        "rests_on": list(reliance.of(core_of(result))),
        **_evidence(result.evidence, shared),
    }


def _evidence(evidence: Evidence | None, shared: _Shared) -> dict[str, Any]:
    match evidence:
        case Derivation(query, proof):
            return {"kind": "derivation", **shared.query(query), "proof": shared.proof(proof)}
        case SolverSays(query):
            return {"kind": "solver", **shared.query(query)}
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


def _amounts(state: dict[str, int]) -> dict[str, str]:
    """As decimal strings: 18 decimals do not fit the numbers of most JSON readers."""
    return {name: str(value) for name, value in sorted(state.items())}
