"""The checker accepts proofs and nothing else: every rule of a step, broken in every way, is a rejection."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from proofs.strategies import verified
from stratc_checker.proof import Context, Rejected
from stratc_checker.query import Reader
from stratc_compiler.certificate import certificate_json

XY = "(declare-const |x| Real)(declare-const |y| Real)"
LINEAR = XY + "(assert (and (>= |x| 1.0) (<= |x| (* 2.0 |y|))))(assert (= |y| 0.0))"
# facts: 0: x - 1 >= 0   1: 2y - x >= 0   2: y = 0   3: x >= 0 or so, the goal
LINEAR_PROOF = {"sum": [["1", [0]], ["1", [1]], ["-2", [2]]]}
SPLIT = XY + "(assert (or (> |x| 0.0) (and (> |y| 0.0) (> |y| 1.0))))(assert (<= |x| 0.0))(assert (<= |y| 0.0))"
SPLIT_PROOF = {"split": 0, "cases": [{"sum": [["1", [3]], ["1", [1]]]}, {"sum": [["1", [4]], ["1", [2]]]}]}
PRODUCT = XY + "(assert (>= |x| 2.0))(assert (>= |y| 3.0))(assert (< (* |x| |y|) 6.0))"
PRODUCT_PROOF = {"sum": [["1", [0, 1]], ["3", [0]], ["2", [1]], ["1", [2]]]}
MULTIPLE = XY + "(assert (= |x| 1.0))(assert (< (* |x| |y|) |y|))"
MULTIPLE_PROOF = {"sum": [["1", [0, "y"]], ["1", [1]]]}
LEMMA_PROOF = {"lemma": [["1", [0, 1]], ["3", [0]], ["2", [1]]], "then": {"sum": [["1", [3]], ["1", [2]]]}}


def accepted(context: str, proof: Any, goal: str = "") -> bool:
    try:
        Context(context).check(goal, json.loads(json.dumps(proof)))
    except Rejected:
        return False
    return True


@pytest.mark.parametrize(
    ("context", "proof"),
    [
        (LINEAR, LINEAR_PROOF),
        (SPLIT, SPLIT_PROOF),
        (PRODUCT, PRODUCT_PROOF),
        (PRODUCT, LEMMA_PROOF),
        (MULTIPLE, MULTIPLE_PROOF),
        ("(assert false)", {"split": 0, "cases": []}),
    ],
)
def test_a_proof_is_accepted(context: str, proof: Any) -> None:
    assert accepted(context, proof)


@pytest.mark.parametrize(
    ("context", "proof", "why"),
    [
        (LINEAR, {"sum": [["1", [0]], ["1", [1]]]}, "do not add up to a constant"),
        (LINEAR, {"sum": [["-1", [0]], ["1", [1]], ["-2", [2]]]}, "may be negative"),
        (LINEAR, {"sum": [["0", [0]]]}, "may be negative"),
        (LINEAR, {"sum": []}, "no contradiction"),
        (LINEAR, {"sum": [["0", [2]]]}, "no contradiction"),
        (LINEAR, {"sum": [["1", [9]]]}, "there is no fact 9"),
        (LINEAR, {"sum": [["1", [-1]]]}, "there is no fact -1"),
        (LINEAR, {"sum": [["1", [True]]]}, "there is no fact True"),
        (LINEAR, {"sum": [["1", ["z"]]]}, "there is no fact 'z'"),
        (LINEAR, {"sum": [["1", []]]}, "no term"),
        (LINEAR, {"sum": [["1e9", [0]]]}, "no fraction"),
        (LINEAR, {"sum": [["1/0", [0]]]}, "no fraction"),
        (LINEAR, {"split": 0, "cases": [LINEAR_PROOF]}, "it is no choice"),
        (LINEAR, {"sum": LINEAR_PROOF["sum"], "more": 1}, "no step"),
        (LINEAR, [], "no step"),
        (SPLIT, {"split": 0, "cases": SPLIT_PROOF["cases"][:1]}, "2 cases, and 1 are shown"),
        (SPLIT, {"split": 0, "cases": [{"sum": [["1", [3]], ["1", [2]]]}, SPLIT_PROOF["cases"][1]]}, "do not add up"),
        (SPLIT, {"sum": [["1", [0]]]}, "is a choice, and no factor"),
        (PRODUCT, {"sum": [["1", [0, "y"]], ["1", [2]]]}, "may be negative"),
        (PRODUCT, {"sum": [["-1", [0, 1]], ["1", [2]]]}, "may be negative"),
    ],
)
def test_what_is_no_proof_is_rejected_with_the_reason(context: str, proof: Any, why: str) -> None:
    with pytest.raises(Rejected, match=why):
        Context(context).check("", proof)


def test_a_case_does_not_know_what_another_one_assumed() -> None:
    """Fact 3 is x > 0 in the first case only; in the second it is y > 0."""
    assert not accepted(SPLIT, {"split": 0, "cases": [SPLIT_PROOF["cases"][0]] * 2})


def test_a_contradiction_needs_a_strict_fact_or_a_negative_sum() -> None:
    closed = XY + "(assert (>= |x| 0.0))(assert (<= |x| 0.0))"
    strict = XY + "(assert (> |x| 0.0))(assert (<= |x| 0.0))"
    proof = {"sum": [["1", [0]], ["1", [1]]]}
    assert not accepted(closed, proof)
    assert accepted(strict, proof)


def test_a_lemma_may_be_zero() -> None:
    """Even one of strict facts: it says that something is never negative, and no more."""
    context = XY + "(assert (> |x| 0.0))(assert (<= |x| 0.0))"
    weak = XY + "(assert (>= |x| 0.0))(assert (<= |x| 0.0))"
    proof = {"lemma": [["1", [0]]], "then": {"sum": [["1", [2]], ["1", [1]]]}}
    assert not accepted(weak, proof)
    assert not accepted(context, proof)
    assert accepted(context, {"sum": [["1", [0]], ["1", [1]]]})


def test_a_product_is_strict_where_all_of_its_factors_are() -> None:
    below = "(assert (<= (* |x| |y|) 0.0))"
    proof = {"sum": [["1", [0, 1]], ["1", [2]]]}
    assert accepted(XY + "(assert (> |x| 0.0))(assert (> |y| 0.0))" + below, proof)
    assert not accepted(XY + "(assert (> |x| 0.0))(assert (>= |y| 0.0))" + below, proof)
    assert not accepted(XY + "(assert (>= |x| 0.0))(assert (> |y| 0.0))" + below, proof)


@pytest.mark.parametrize(
    ("denied", "known", "contradicts"),
    [
        ("(> |x| 0.0)", "(>= |x| 0.0)", False),
        ("(> |x| 0.0)", "(> |x| 0.0)", True),
        ("(>= |x| 0.0)", "(>= |x| 0.0)", True),
        ("(< |x| 0.0)", "(<= |x| 0.0)", False),
        ("(< |x| 0.0)", "(< |x| 0.0)", True),
        ("(<= |x| 0.0)", "(<= |x| 0.0)", True),
    ],
)
def test_what_is_not_more_may_be_equal(denied: str, known: str, contradicts: bool) -> None:
    proof = {"sum": [["1", [0]], ["1", [1]]]}
    assert accepted(f"{XY}(assert (not {denied}))(assert {known})", proof) == contradicts


@pytest.mark.parametrize(
    ("formula", "negated"),
    [("(and (>= |x| 0.0) (>= |y| 0.0))", True), ("(or (< |x| 0.0) (< |y| 0.0))", False)],
)
def test_where_a_conjunction_fails_one_of_its_parts_does(formula: str, negated: bool) -> None:
    asserted = f"(not {formula})" if negated else formula
    context = f"{XY}(assert {asserted})(assert (>= |x| 0.0))(assert (>= |y| 0.0))"
    cases = [{"sum": [["1", [3]], ["1", [1]]]}, {"sum": [["1", [3]], ["1", [2]]]}]
    assert accepted(context, {"split": 0, "cases": cases})
    assert not accepted(context, cases[0])


def test_fractions_add_up_as_fractions() -> None:
    """x - 1/3 >= 0 and 1/4 - x >= 0, in twelfths."""
    context = f"{XY}(assert (>= |x| (/ 1.0 3.0)))(assert (<= |x| (/ 1.0 4.0)))"
    assert accepted(context, {"sum": [["1/7", [0]], ["1/7", [1]]]})
    assert not accepted(context, {"sum": [["1/7", [0]], ["1/6", [1]]]})
    possible = f"{XY}(assert (>= |x| (/ 1.0 4.0)))(assert (<= |x| (/ 1.0 3.0)))"
    assert not accepted(possible, {"sum": [["1", [0]], ["1", [1]]]})
    scaled = f"{XY}(assert (>= (* 3.0 |x|) 1.0))(assert (<= (* (/ 1.0 5.0) |x|) (/ 1.0 20.0)))"
    assert accepted(scaled, {"sum": [["1/3", [0]], ["5", [1]]]})


def test_the_negation_of_an_equation_is_a_choice() -> None:
    goal = "(assert (not (= |x| |y|)))"
    context = XY + "(assert (= |x| |y|))"
    cases = [{"sum": [["1", [2]], ["-1", [0]]]}, {"sum": [["1", [2]], ["1", [0]]]}]
    assert accepted(context, {"split": 1, "cases": cases}, goal)


@pytest.mark.parametrize(
    "text",
    [
        "(assert (= |x| 1.0))",
        XY + "(declare-const |x| Real)",
        XY + "(assert (=> true false))",
        XY + "(declare-const |z| Int)",
        XY + "(define-const |z| Real 1.0)",
        XY + "(assert (< |x| (/ 1.0 0.0)))",
        XY + "(assert (< |x| (/ 1.0 |y|)))",
        XY + "(assert (< |x| 1e9))",
        XY + "(assert (< x 1.0))",
        XY + "(assert (<= |x| |y| 1.0))",
        XY + "(assert (ite true true true))",
        "(assert true",
        "(assert true))",
        "(" * 5000 + ")" * 5000,
        "; nothing",
    ],
)
def test_a_query_that_says_something_else_is_rejected(text: str) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        Context(text)


def test_contexts_share_the_lines_that_they_share_and_nothing_else() -> None:
    reader = Reader()
    declared, asserted = "(declare-const |x| Real)\n", "(assert (> |x| 0.0))\n"
    first, second = Context(declared + asserted, reader), Context(declared + "(assert true)\n" + asserted, reader)
    assert first.facts[0] is second.facts[0]
    with pytest.raises(Rejected, match="declared twice or not at all"):
        Context(asserted, reader)
    with pytest.raises(Rejected, match="declared twice or not at all"):
        Context(declared + declared, reader)


def test_a_command_ends_on_its_line() -> None:
    with pytest.raises(Rejected, match="is missing"):
        Context("(assert\ntrue)")


def test_deep_nesting_is_rejected_and_no_crash() -> None:
    proof: Any = {"sum": []}
    for _ in range(5000):
        proof = {"split": 0, "cases": [proof, proof]}
    with pytest.raises(Rejected):
        Context(SPLIT).check("", proof)


def _tampered(proof: Any) -> list[Any]:
    """The proof with one thing changed, at its first leaf: a coefficient, a fact, a term less, a case less."""
    path: list[Any] = []
    node = proof
    while "cases" in node:
        path += ["cases", 0]
        node = node["cases"][0]

    def with_leaf(leaf: Any) -> Any:
        changed = copy.deepcopy(proof)
        at = changed
        for step in path[:-1]:
            at = at[step]
        if not path:
            return leaf
        at[path[-1]] = leaf
        return changed

    terms = node["sum"]
    (value, factors), *rest = terms
    return [
        with_leaf({"sum": rest}),
        with_leaf({"sum": [[f"{value}1", factors], *rest]}),
        with_leaf({"sum": [[value, [factors[0] + 10_000, *factors[1:]]], *rest]}),
        with_leaf({"sum": [[f"-{value}".replace("--", ""), factors], *rest]}),
        *([{**proof, "cases": proof["cases"][1:]}] if path else []),
    ]


def test_a_real_certificate_does_not_survive_tampering() -> None:
    document = json.loads(certificate_json(verified("treasury")))
    contexts = {digest: Context(text) for digest, text in document["contexts"].items()}
    tried = 0
    for claim in document["claims"]:
        for obligation in claim["obligations"]:
            if obligation["kind"] != "derivation":
                continue
            context = contexts[obligation["context"]]
            proof = document["proofs"][obligation["proof"]]
            context.check(obligation["goal"], proof)
            for tampered in _tampered(proof):
                tried += 1
                with pytest.raises(Rejected):
                    context.check(obligation["goal"], tampered)
    assert tried > 100


def test_a_proof_of_one_goal_is_none_of_another() -> None:
    """With the goal taken away only ways through the rules are refuted that nothing can go.

    Money that was just deposited is out of the bands: no pass over it leaves it as it is.
    """
    document = json.loads(certificate_json(verified("treasury")))
    without = set()
    for claim in document["claims"]:
        for obligation in claim["obligations"]:
            derived = obligation["kind"] == "derivation"
            if derived and accepted(
                document["contexts"][obligation["context"]], document["proofs"][obligation["proof"]]
            ):
                without.add("/".join(obligation["id"].split("/")[:3]))
    assert without
    assert all(id_.startswith(("recovers/base/settled", "quiet/base/weights", "loss")) for id_ in without), without
