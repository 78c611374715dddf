"""The translator reads what the compiler compiles: the same values and the same reverts; and it refuses all else."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from lab.artifacts import Artifact
from lab.chain import Contract, Reverted, RevmChain
from library_proofs.known import Known, Refused
from library_proofs.library import arith
from library_proofs.meaning import Meaning
from library_proofs.reading import functions, module
from library_proofs.terms import unknown
from library_proofs.translator import translate
from stratc_targets.vyper.adapters import RUNTIME, runtime_source
from stratc_targets.vyper.build import VAULT, compile_vault
from vyper_target.probes import probe

LIMIT = 2**256
WORD = st.one_of(
    st.integers(0, 12),
    st.integers(0, LIMIT - 1),
    st.integers(LIMIT - 12, LIMIT - 1),
    st.integers(0, 255).flatmap(lambda bit: st.sampled_from([2**bit - 1, 2**bit, 2**bit + 1])),
)
PROBE = (Path(__file__).resolve().parent / "translator_probe.vy").read_text(encoding="utf-8")
ARITH = {f"contracts/{name}.vy": runtime_source(name) for name in RUNTIME}
MANY = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def compiled() -> Contract:
    code = compile_vault({VAULT: PROBE})
    artifact = Artifact("translator_probe", code.abi, bytes.fromhex(code.creation.removeprefix("0x")))
    return RevmChain().deploy_artifact(artifact)


@pytest.fixture(scope="module")
def library() -> Contract:
    return probe(RevmChain(), "arith_probe")


def outcome(contract: Contract, function: str, *arguments: int) -> int | None:
    try:
        return int(contract.call(function, *arguments))
    except Reverted:
        return None


@cache
def probed() -> dict[str, Any]:
    return functions(module({VAULT: PROBE}, VAULT))


@cache
def meaning(name: str) -> Meaning:
    return translate(probed()[f"_{name}"])


@cache
def in_library(name: str) -> Meaning:
    return arith(ARITH, name)


@pytest.mark.parametrize(
    "name", ["checked", "unchecked", "folded", "words", "chosen", "lazy", "branches", "pairs", "guarded", "kept"]
)
@MANY
@example(7, 5, 6)
@example(LIMIT - 1, LIMIT - 1, 0)
@given(WORD, WORD, WORD)
def test_what_is_read_is_what_the_bytecode_does(compiled: Contract, name: str, a: int, b: int, c: int) -> None:
    """Storage is empty before."""
    read = meaning(name)
    assert read.run({**dict.fromkeys(read.words, 0), "a": a, "b": b, "c": c}) == outcome(compiled, name, a, b, c)


@pytest.mark.parametrize("name", ["mul_div_down", "mul_div_up"])
@MANY
@given(WORD, WORD, WORD)
def test_the_library_is_read_as_it_runs(library: Contract, name: str, x: int, y: int, divisor: int) -> None:
    assert in_library(name).run({"x": x, "y": y, "divisor": divisor}) == outcome(library, name, x, y, divisor)


# ── what is refused ────────────────────────────────────────────────────────────────────────

PRELUDE = """# pragma version 0.4.3
interface Other:
    def value() -> uint256: view
struct Pair:
    left: uint256
flag Colour:
    RED
stored: uint256
pairs: HashMap[address, uint256]
other: immutable(address)
list: uint256[3]
@deploy
def __init__():
    other = msg.sender
@external
def writes():
    self.stored = 1
@internal
def _writes() -> uint256:
    self.stored += 1
    return 1
@internal
@view
def _tried(a: uint256, b: uint256) -> uint256:
"""

REFUSED = {
    "an unbounded loop": ("for i: uint256 in range(a, bound=9):\n        pass\n    return a", "no loop over range(n)"),
    "a loop over a range from": ("for i: uint256 in range(2, 5):\n        pass\n    return a", "no loop over range(n)"),
    "a loop over a list": ("for i: uint256 in self.list:\n        pass\n    return a", "no loop over range(n)"),
    "a break": ("for i: uint256 in range(3):\n        break\n    return a", "Break"),
    "a return in a loop": ("for i: uint256 in range(3):\n        return a\n    return b", "a return inside a loop"),
    "a call of another contract": ("return staticcall Other(other).value()", "StaticCall"),
    "a raised reason": ('raise "no"', "Raise"),
    "a power of an unknown": ("return 10 ** a", "no operation that is known here"),
    "a shift": ("return a << 3", "arithmetic on uint256 and int8"),
    "an xor of unknowns": ("return a ^ b", "no operation that is known here"),
    "an xor with two bits": ("return a ^ 3", "no operation that is known here"),
    "a smaller type": ("return convert(convert(a, uint8) + 1, uint256)", "arithmetic on uint8"),
    "a signed sum": ("return convert(convert(a, int256) + 1, uint256)", "arithmetic on int256"),
    "a conversion": ("return convert(convert(a, bytes32), uint256)", "a conversion"),
    "a conversion to a sign": ("return a if convert(a, int256) > 0 else b", "a conversion to int256"),
    "a square root": ("return isqrt(a)", "the function `isqrt`"),
    "an unknown of the block": ("return block.number", "no member that is known here"),
    "a list": ("return self.list[1]", "an element of what is no mapping"),
    "a struct made": ("return Pair(left=a).left", "keyword"),
    "a flag": ("return a if Colour.RED == Colour.RED else b", "a comparison of"),
    "a negated word": ("return ~a", "UnaryOp"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_known_is_refused_by_name(name: str) -> None:
    body, why = REFUSED[name]
    tree = module({VAULT: f"{PRELUDE}    {body}\n"}, VAULT)
    with pytest.raises(Refused) as refused:
        translate(functions(tree)["_tried"])
    assert "Vault.vy:" in str(refused.value)
    assert why in str(refused.value)


def test_functions_that_write_are_refused_within_an_expression() -> None:
    text = PRELUDE.replace("@view\ndef _tried", "def _tried") + "    return self._writes()\n"
    with pytest.raises(Refused, match="not pure or view"):
        translate(functions(module({VAULT: text}, VAULT))["_tried"])


def test_what_a_call_of_its_own_wrote_is_read_after_it() -> None:
    text = PRELUDE.replace("@view\ndef _tried", "def _tried") + "    self._writes()\n    return self.stored\n"
    read = translate(functions(module({VAULT: text}, VAULT))["_tried"])
    assert read.value == unknown("Vault.stored") + 1


def test_what_was_written_is_read_again() -> None:
    text = PRELUDE + "    return a\n"
    text = text.replace("    self.stored += 1\n    return 1", "    self.stored += 1\n    return self.stored")
    read = translate(functions(module({VAULT: text}, VAULT))["_writes"])
    (effect,) = read.effects
    assert effect.function == "Vault.stored ="
    assert effect.arguments == (read.value,) == (unknown("Vault.stored") + 1,)


def test_after_a_call_storage_is_unknown() -> None:
    text = PRELUDE + "    return a\n"
    text = text.replace("    self.stored += 1\n    return 1", "    self._sends()\n    return self.stored")
    text += "@internal\ndef _sends():\n    pass\n"
    known = Known(opaque=frozenset({"Vault._sends"}))
    assert translate(functions(module({VAULT: text}, VAULT))["_writes"], known).value == unknown("Vault.stored@1")


def test_computed_keys_are_refused() -> None:
    text = (PRELUDE + "    return a\n").replace("HashMap[address", "HashMap[uint256")
    text = text.replace("return a\n", "return self.pairs[a + b]\n")
    with pytest.raises(Refused, match="a computed key"):
        translate(functions(module({VAULT: text}, VAULT))["_tried"])
