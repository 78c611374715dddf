"""What is emitted: complete, deterministic, and reproducible by the compiler alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from lab.settled import plainly
from lab.world import World
from stratc_compiler.vault import OnCondition
from stratc_targets.vyper import (
    CODE_LIMIT,
    BindingKind,
    ContractTooLarge,
    build,
    constructor_layout,
    emit_vault,
)
from stratc_targets.vyper.emit import vault_sources
from vyper_target.vaults import deploy, example, files

EXAMPLES = [
    "idle",
    *(pytest.param(name, marks=pytest.mark.long) for name in ("eth_carry", "treasury")),
]
"""Each compiles anew."""

MODULES = {"arith", "tokens", "share_token", "oracle", "roles", "modes", "rounds"}


@pytest.mark.long
@pytest.mark.parametrize(
    "name", ["idle", "treasury", "fund", "everything", "treasury_loan", "fee_range", "perp_hedged"]
)
def test_the_same_vault_gives_the_same_bytes(name: str) -> None:
    """In one process, and by Vyper as it is published. `stratc build` compiles the examples in two, in every run of the
    tests."""
    with plainly():
        again = {artifact.path: artifact.text for artifact in emit_vault(example(name))}
    assert again == files(example(name))


@pytest.mark.parametrize(
    ("name", "adapters"), [("eth_carry", {"aave_v3", "erc4626", "uniswap_v3"}), ("treasury", {"aave_v3", "erc4626"})]
)
def test_only_what_is_used_is_emitted(name: str, adapters: set[str]) -> None:
    sources = {path for path in files(example(name)) if path.startswith("contracts/")}
    generated = {"Vault", "Actions", "book", "actions_code", "requests"}
    assert sources == {f"contracts/{module}.vy" for module in generated | MODULES | adapters}


@pytest.mark.parametrize("name", EXAMPLES)
def test_standard_json_compiles_to_the_same_code(name: str, tmp_path: Path) -> None:
    """Through the compiler's other entry point, from files on disk with the settings that the JSON states."""
    emitted = files(example(name))
    vault, actions = (written(emitted, file, tmp_path / file) for file in ("standard.json", "actions.standard.json"))
    with plainly():
        out = vault("Vault", "abi", "bytecode", "bytecode_runtime")
        inner = actions("Actions", "blueprint_bytecode", "bytecode_runtime")
    assert out["bytecode"] == emitted["bytecode.hex"].strip()
    assert out["bytecode_runtime"] == emitted["runtime.hex"].strip()
    assert out["abi"] == json.loads(emitted["abi.json"])
    assert inner["blueprint_bytecode"] == emitted["actions.blueprint.hex"].strip()
    assert inner["bytecode_runtime"] == emitted["actions.runtime.hex"].strip()


def written(emitted: dict[str, str], standard: str, folder: Path) -> Callable[..., dict[str, Any]]:
    """The sources of a standard JSON as files, and the compiler with its settings."""
    request = json.loads(emitted[standard])
    (folder / "contracts").mkdir(parents=True)
    for path, entry in request["sources"].items():
        assert entry["content"] == emitted[path]
        (folder / path).write_text(entry["content"])
    settings = Settings(
        optimize=OptimizationLevel.from_string(request["settings"]["optimize"]),
        evm_version=request["settings"]["evmVersion"],
        experimental_codegen=request["settings"]["experimentalCodegen"],
    )

    def compiled(contract: str, *outputs: str) -> dict[str, Any]:
        path = folder / "contracts" / f"{contract}.vy"
        made: dict[str, Any] = compile_code(
            path.read_text(),
            contract_path=path,
            resolved_path=path,
            input_bundle=FilesystemInputBundle([folder / "contracts"]),
            output_formats=outputs,
            settings=settings,
        )
        return made

    return compiled


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_vault_fits_on_chain(name: str, revm_world: World) -> None:
    deployed = deploy(revm_world, example(name))
    code = revm_world.chain.code(deployed.address)
    emitted = files(example(name))
    size = build.compile_request(json.loads(emitted["standard.json"])).size
    assert size <= CODE_LIMIT
    actions = revm_world.chain.code(deployed.call("ACTIONS")).hex()
    assert actions.startswith(emitted["actions.runtime.hex"].strip().removeprefix("0x"))
    assert code.hex().startswith(emitted["runtime.hex"].strip().removeprefix("0x"))
    assert len(code.rstrip(b"\0")) <= size <= len(code)  # revm shows its own padding


@pytest.mark.long
def test_a_vault_too_large_is_refused_by_size_and_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "CODE_LIMIT", 10_000)
    with pytest.raises(ContractTooLarge, match="10,000 are allowed") as caught:
        emit_vault(example("eth_carry"))
    assert caught.value.size > 10_000
    sizes = [size for _, size in caught.value.contributors]
    assert sizes == sorted(sizes, reverse=True)
    # What checks signatures, and what multiplies and divides without overflow, of which a vault has one each.
    assert {"share_token.permit", "arith._quotient"} == {name for name, _ in caught.value.contributors[:2]}


def test_contracts_that_store_things_in_different_places_are_never_emitted() -> None:
    given = example("idle")
    sources = vault_sources(given.vault, given.verification.source)
    moved = (
        sources[build.ACTIONS]
        .replace("initializes: rounds\ninitializes: oracle", "initializes: oracle")
        .replace("initializes: share_token\n", "initializes: rounds\ninitializes: share_token\n")
    )
    assert moved != sources[build.ACTIONS]
    with pytest.raises(build.StorageDiffers):
        build.compile_in(build.Mode("none"), {**sources, build.ACTIONS: moved})


@pytest.mark.long
def test_what_a_function_is_said_to_take_is_what_goes_with_it() -> None:
    """The parts are the whole code, and without a function the code is smaller by its part, but for what chooses a
    function, which is sorted into buckets."""
    given = example("treasury")
    sources = vault_sources(given.vault, given.verification.source)
    whole, counted = parts_of(sources)
    assert 0 <= whole - sum(counted.values()) < 1_000  # immutables, and the table of selectors
    text = sources[build.VAULT]
    (settled,) = re.finditer(r"\n\n@external\n@view\ndef settled\(.*?(?=\n\n\n)", text, re.DOTALL)
    left, rest = parts_of({**sources, build.VAULT: text[: settled.start()] + text[settled.end() :]})
    assert "Vault.settled" not in rest
    assert abs((whole - left) - counted["Vault.settled"]) <= 64


def parts_of(sources: dict[str, str]) -> tuple[int, dict[str, int]]:
    """The size on chain, and bytes by function."""
    compiled = build.compile_in(build.Mode("gas"), sources)
    return compiled.size, dict(build.contributors(compiled.request))


@pytest.mark.long
def test_code_that_fits_only_small_is_made_small_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = len(files(example("idle"))["runtime.hex"].strip()) // 2
    monkeypatch.setattr(build, "CODE_LIMIT", limit)
    emitted = {artifact.path: artifact.text for artifact in emit_vault(example("idle"))}
    request = json.loads(emitted["standard.json"])
    assert request["settings"]["optimize"] == "codesize"


def test_the_constructor_is_told_argument_by_argument() -> None:
    layout = constructor_layout(example("eth_carry").vault)
    abi = json.loads(files(example("eth_carry"))["abi.json"])
    (constructor,) = (entry for entry in abi if entry["type"] == "constructor")
    assert [*(one.parameter for one in layout), "actions_"] == [part["name"] for part in constructor["inputs"]]
    assert {part["type"] for part in constructor["inputs"]} == {"address"}
    assert [(one.kind, one.name) for one in layout] == [
        (BindingKind.ROLE, "owner"),
        (BindingKind.ROLE, "guardian"),
        (BindingKind.ROLE, "keeper"),
        (BindingKind.SEQUENCER, "sequencer_feed"),
        (BindingKind.TOKEN, "USDC"),
        (BindingKind.TOKEN, "WETH"),
        (BindingKind.FEED, "USDC"),
        (BindingKind.FEED, "WETH"),
        (BindingKind.VENUE, "aave"),
        (BindingKind.VENUE, "save"),
        (BindingKind.VENUE, "dex"),
    ]


def test_every_rule_and_floor_names_its_line_of_the_strategy() -> None:
    given = example("eth_carry")
    lines = given.verification.source.text.split("\n")
    rules, floors = len(given.vault.rules), len(given.vault.floors)
    conditions = sum(isinstance(rule.trigger, OnCondition) for rule in given.vault.rules)
    for file, expected in (("Vault", rules + 1), ("Actions", rules), ("book", floors + conditions)):
        places = re.findall(r"# eth_carry\.strat:(\d+)  (.+)", files(given)[f"contracts/{file}.vy"])
        assert len(places) == expected
        for number, words in places:
            assert words in " ".join(lines[int(number) - 1].split())


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_rule_can_be_asked_and_run(name: str) -> None:
    functions = {entry["name"] for entry in json.loads(files(example(name))["abi.json"]) if entry["type"] == "function"}
    for rule in example(name).vault.rules:
        assert {rule.name, f"{rule.name}_due"} <= functions
