"""The certificate says what the verification says, its queries stand on their own, and its bytes are reproducible."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import jsonschema
import pytest
import vyper
import z3  # noqa: TID251 - the certificate's queries are asked again, of a solver that knows nothing else

from proofs.strategies import EXAMPLES, vault_of, verified
from stratc_checker.proof import Context
from stratc_compiler.certificate import certificate_json
from stratc_compiler.driver import verify


def certificate() -> dict:  # type: ignore[type-arg]
    return json.loads(certificate_json(verified("treasury")))


def test_every_query_is_unsatisfiable_for_a_solver_that_knows_nothing_else() -> None:
    document = certificate()
    for digest, text in document["contexts"].items():
        assert sha256(text.encode()).hexdigest() == digest
    derived = [o for claim in document["claims"] for o in claim["obligations"] if o["kind"] == "derivation"]
    assert len(derived) > 50
    for obligation in derived:
        solver = z3.Solver()
        solver.from_string(document["contexts"][obligation["context"]] + obligation["goal"])
        assert solver.check() == z3.unsat


def test_a_solver_of_ones_own_reads_the_script_that_the_documentation_makes_of_it(tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "proofs.md").read_text()
    (program,) = re.findall(r"<<'END'\n(.*?)END\n", page, re.DOTALL)
    (tmp_path / "certificate.json").write_text(certificate_json(verified("treasury")))
    made = subprocess.run(
        [sys.executable, "-", "certificate.json"],
        input=program,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    (tmp_path / "queries.smt2").write_text(made.stdout)
    solver = Path(sys.executable).with_name("z3")  # the program, which comes with the package
    said = subprocess.run([solver, "queries.smt2"], cwd=tmp_path, capture_output=True, text=True, check=True)
    derived = [o for claim in certificate()["claims"] for o in claim["obligations"] if o["kind"] == "derivation"]
    assert said.stdout.split() == ["unsat"] * len(derived)


def test_every_proof_is_accepted_by_a_checker_that_imports_nothing_of_the_compiler() -> None:
    document = certificate()
    contexts = {digest: Context(text) for digest, text in document["contexts"].items()}
    for claim in document["claims"]:
        for obligation in claim["obligations"]:
            if obligation["kind"] == "derivation":
                proof = document["proofs"][obligation["proof"]]
                contexts[obligation["context"]].check(obligation["goal"], proof)


@pytest.mark.parametrize("name", ["treasury", "eth_carry"])
def test_it_is_as_its_published_schema_says(name: str) -> None:
    schema = json.loads((EXAMPLES.parent / "docs" / "certificate.schema.json").read_text())
    document = json.loads(certificate_json(verified(name)))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(document)
    broken = document | {"claims": [*document["claims"], {"name": "solvent"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)


def test_it_names_source_tools_claims_and_assumptions() -> None:
    document = certificate()
    verification = verified("treasury")
    assert document["source"]["sha256"] == sha256(verification.source.text.encode()).hexdigest()
    assert document["tools"]["z3"].startswith(z3.get_version_string())
    assert document["tools"]["vyper"] == vyper.__version__.split("+")[0]
    assert document["tools"]["python"] == sys.version.split()[0]
    assert [claim["name"] for claim in document["claims"]] == [claim.name for claim in verification.claims]
    assert {a["id"]: a["guardian"] for a in document["assumptions"]}["liquidity(save)"] == "trusted"
    assert all(claim["obligations"] for claim in document["claims"])


def test_the_same_strategy_gives_the_same_bytes() -> None:
    again = verify(*vault_of("treasury"))
    assert certificate_json(again) == certificate_json(verified("treasury"))
