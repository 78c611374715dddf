"""The certificate says what the verification says, its queries stand on their own, and its bytes are reproducible."""

from __future__ import annotations

import json
from hashlib import sha256

import z3  # noqa: TID251 - the certificate's queries are asked again, of a solver that knows nothing else

from proofs.strategies import vault_of, verified
from stratc_compiler.certificate import certificate_json
from stratc_compiler.driver import verify


def certificate() -> dict:  # type: ignore[type-arg]
    return json.loads(certificate_json(verified("treasury")))


def test_every_query_gives_the_stated_answer_when_asked_again() -> None:
    document = certificate()
    expected = {}
    for claim in document["claims"]:
        for obligation in claim["obligations"]:
            expected[obligation["query"]] = z3.sat if obligation["kind"] == "witness" else z3.unsat
    assert set(expected) == set(document["queries"])
    for digest, text in document["queries"].items():
        assert sha256(text.encode()).hexdigest() == digest
        solver = z3.Solver()
        solver.from_string(text)
        assert solver.check() == expected[digest]


def test_it_names_source_tools_claims_and_assumptions() -> None:
    document = certificate()
    verification = verified("treasury")
    assert document["source"]["sha256"] == sha256(verification.source.text.encode()).hexdigest()
    assert document["tools"]["z3"] == z3.get_version_string()
    assert [claim["name"] for claim in document["claims"]] == [claim.name for claim in verification.claims]
    assert {a["id"]: a["guardian"] for a in document["assumptions"]}["liquidity(save)"] == "trusted"
    assert all(claim["obligations"] for claim in document["claims"])


def test_the_same_strategy_gives_the_same_bytes() -> None:
    again = verify(*vault_of("treasury"))
    assert certificate_json(again) == certificate_json(verified("treasury"))
