"""Sources with their reasons in one place are the same sources: Vyper's own tree of both says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from vyper.ast import parse_to_ast

from stratc_targets.vyper.adapters import ASKED_FOR, RUNTIME, adapter_source, runtime_source
from stratc_targets.vyper.emit import vault_sources
from stratc_targets.vyper.reasons import REASONS, in_one_place
from vyper_target.vaults import example

ADAPTERS = ("aave_v3", "erc4626", "morpho_blue", "perp_v2", "uniswap_v3", "uniswap_v3_lp")
LIBRARY = {f"contracts/{name}.vy": runtime_source(name) for name in (*RUNTIME, *ASKED_FOR)}
LIBRARY |= {f"contracts/{name}.vy": adapter_source(name) for name in ADAPTERS}

PLACE = frozenset(
    {"node_id", "lineno", "col_offset", "end_lineno", "end_col_offset", "src", "full_source_node", "source_sha256sum"}
)


def tree(text: str) -> Any:
    """Vyper's tree of a source, without where things stand in it."""
    return bare(parse_to_ast(text).to_dict())


def bare(node: Any) -> Any:
    if isinstance(node, list):
        return [bare(one) for one in node]
    if isinstance(node, dict):
        return {key: bare(value) for key, value in node.items() if key not in PLACE}
    return node


def failing(node: Any) -> Any:
    """The tree in which each assertion with a reason calls the one function that reverts with it."""
    if isinstance(node, list):
        return [failing(one) for one in node]
    if not isinstance(node, dict):
        return node
    if node.get("ast_type") != "Assert" or node["msg"] is None:
        return {key: failing(value) for key, value in node.items()}
    return ("unless", node["test"], node["msg"])


def told(node: Any, functions: Mapping[str, Any]) -> Any:
    """The tree in which what such a call stands for is written as `failing` writes it.

    `functions` of the module of reasons have one each, which they revert with.
    """
    if isinstance(node, list):
        return [told(one, functions) for one in node if not _imports(one)]
    if not isinstance(node, dict):
        return node
    if node.get("ast_type") == "If" and node["test"]["ast_type"] == "UnaryOp" and (call := _call(node["body"])):
        arguments = call["args"]
        reason = arguments[0] if call["func"]["attr"] == "fail" else functions[call["func"]["attr"]]
        return ("unless", node["test"]["operand"], reason)
    return {key: told(value, functions) for key, value in node.items()}


def functions_of(module: str) -> dict[str, Any]:
    """The reason that each function of the module of reasons reverts with; but for `fail`, which is told it."""
    first, *others = tree(module)["body"]
    (raised,) = first["body"]
    (given,) = first["args"]["args"]
    assert (first["name"], raised["ast_type"], raised["exc"]["id"]) == ("fail", "Raise", given["arg"])
    found = {}
    for function in others:
        (called,) = function["body"]
        assert called["value"]["func"]["attr"] == "fail", function
        assert called["value"]["func"]["value"]["id"] == "self", function
        (found[function["name"]],) = called["value"]["args"]
    return found


def _imports(node: Any) -> bool:
    return isinstance(node, dict) and node.get("ast_type") == "ImportFrom" and node["name"] == "reasons"


def _call(body: Any) -> Any:
    """The call that a body consists of, where it is one of the module of reasons."""
    call = body[0].get("value", {}) if len(body) == 1 else {}
    func = call.get("func", {})
    return call if func.get("ast_type") == "Attribute" and func["value"].get("id") == "reasons" else None


def count(node: Any) -> int:
    if isinstance(node, list):
        return sum(map(count, node))
    if not isinstance(node, dict):
        return 0
    return (node.get("ast_type") == "Assert" and node["msg"] is not None) + sum(map(count, node.values()))


def check(sources: dict[str, str]) -> int:
    """Every source says the same; returns how many reasons are in one place now."""
    compact, found = in_one_place(sources), 0
    assert compact.keys() == {*sources, REASONS}
    functions = functions_of(compact[REASONS])
    for path, text in sources.items():
        before, after = tree(text), tree(compact[path])
        assert told(after, functions) == failing(before), path
        assert count(after) == 0, path
        found += count(before)
    return found


def test_a_module_says_the_same_with_its_reasons_in_one_place() -> None:
    path = "contracts/modes.vy"
    assert check({path: LIBRARY[path]}) == 4


@pytest.mark.long
def test_the_library_says_the_same_with_its_reasons_in_one_place() -> None:
    assert check(LIBRARY) > 60


@pytest.mark.long
@pytest.mark.parametrize("name", ["eth_carry", "fee_range", "perp_hedged"])
def test_a_vault_says_the_same_with_its_reasons_in_one_place(name: str) -> None:
    given = example(name)
    sources = vault_sources(given.vault, given.verification.source)
    assert check({path: text for path, text in sources.items() if path not in LIBRARY}) > 15


def test_what_asserts_without_a_reason_and_what_only_looks_like_it_stay_as_they_are() -> None:
    text = LIBRARY["contracts/arith.vy"]
    checks = '    assert x != 1\n    assert (\n        x != 2\n    ), "b) ("\n'
    odd = f"{text}\n\n@internal\n@pure\ndef _odd(x: uint256):\n{checks}"
    changed = in_one_place({"a": odd})["a"]
    assert "    assert x != 1\n" in changed
    assert 'if not ((\n        x != 2\n    )):\n        reasons.fail("b) (")' in changed
    assert in_one_place({"a": "x: uint256\n"})["a"] == "x: uint256\n"


def test_a_changed_condition_would_be_noticed() -> None:
    path = "contracts/modes.vy"
    compact = in_one_place({path: LIBRARY[path]})[path]
    turned = compact.replace("if not (", "if (", 1)
    assert turned != compact
    functions = functions_of(in_one_place({path: LIBRARY[path]})[REASONS])
    assert told(tree(compact), functions) == failing(tree(LIBRARY[path]))
    assert told(tree(turned), functions) != failing(tree(LIBRARY[path]))


def test_a_reason_that_a_contract_has_twice_has_a_function_of_its_own() -> None:
    """Twice in what one contract consists of; once in each of the two is not twice."""
    asserted = '"""\n"""\n\n\n@internal\ndef _f(x: uint256):\n'
    both = {"contracts/Vault.vy": "a: once", "contracts/Actions.vy": "a: once", "contracts/book.vy": "b: twice"}
    sources = {path: f'{asserted}    assert x != 1, "{reason}"\n' for path, reason in both.items()}
    sources["contracts/Vault.vy"] += '    assert x != 2, "b: twice"\n'
    compact = in_one_place(sources)
    assert [reason["value"] for reason in functions_of(compact[REASONS]).values()] == ["b: twice"]
    for path, again in (("contracts/Vault.vy", 1), ("contracts/book.vy", 1), ("contracts/Actions.vy", 0)):
        assert compact[path].count("reasons.fail_b_twice()") == again
    assert compact["contracts/Actions.vy"].count('reasons.fail("a: once")') == 1
