"""Gas of the emitted vaults beside OpenZeppelin's and snekmate's ERC-4626, in one run on anvil, over the same token.

Prints a table; asserts nothing. Never on pyrevm, whose slots stay warm from one call to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import snekmate as package
from vyper.compiler import compile_code
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import OptimizationLevel, Settings

from lab.artifacts import EVM_VERSION, Artifact, solidity_artifact
from lab.chain import AnvilChain, Contract
from lab.world import World, build_world, with_perp
from vyper_target.vaults import USDC, deploy, example, proved

HERE = Path(__file__).resolve().parent
IDLE = HERE.parent / "vyper_target" / "idle.strat"
BASELINE = "OpenZeppelin 5"


@dataclass(frozen=True)
class Subject:
    """A vault to measure. A bare one has no keeper."""

    name: str
    contract: Contract
    shares: int  # smallest units of shares for one dollar
    keeper: str = ""


def subjects(world: World, *, idle_only: bool = False) -> Iterator[Subject]:
    """OpenZeppelin's first: the others are measured in terms of it. Perp's market opens when it is its turn."""
    chain, keeper = world.chain, world.chain.accounts[7]
    bare = {BASELINE: solidity_artifact(HERE / "bare_vault.sol", "BareVault"), "snekmate 0.1.2": snekmate()}
    for name, artifact in bare.items():
        yield Subject(name, chain.deploy_artifact(artifact, world.usdc), USDC)
    idle = proved(IDLE.read_text(encoding="utf-8"), "idle.strat")
    yield Subject("idle only", deploy(world, idle).contract, 10**18, keeper)
    for name in () if idle_only else ("treasury", "eth_carry", "fee_range"):
        yield Subject(name, deploy(world, example(name)).contract, 10**18, keeper)
    if not idle_only:
        yield Subject("short_ether", deploy(with_perp(world), example("short_ether")).contract, 10**18, keeper)


@cache
def snekmate() -> Artifact:
    """snekmate's vault, compiled with the settings of ours."""
    path = HERE / "bare_vault.vy"
    (folder,) = package.__path__
    out = compile_code(
        path.read_text(encoding="utf-8"),
        contract_path=path,
        input_bundle=FilesystemInputBundle([Path(folder).parent]),
        output_formats=["abi", "bytecode"],
        settings=Settings(optimize=OptimizationLevel.GAS, evm_version=EVM_VERSION),
    )
    return Artifact("snekmate", out["abi"], bytes.fromhex(out["bytecode"].removeprefix("0x")))


def measure(world: World, subject: Subject) -> dict[str, int]:
    """Gas of each operation, one transaction each; what comes before it is the same for every subject.

    `allocated`: after the keeper has invested; the first withdrawal after it is the first of its round.
    """
    vault, (alice, bob, carol) = subject.contract, world.users[:3]
    gas: dict[str, int] = {}

    def send(name: str, fn: str, *args: Any, sender: str = alice) -> None:
        gas[name] = vault.send(fn, *args, sender=sender).gas_used or 0

    for user in (alice, bob):
        world.usdc.provide(user, vault, 10**6 * USDC)
    one = subject.shares
    send("first deposit", "deposit", 10_000 * USDC, alice)
    send("second deposit", "deposit", 10_000 * USDC, alice)
    send("deposit, new holder", "deposit", 10_000 * USDC, bob, sender=bob)
    send("mint", "mint", 1_000 * one, alice)
    send("approve", "approve", carol, 1_000 * one)
    send("transfer, new holder", "transfer", carol, 100 * one)
    send("transfer", "transfer", bob, 100 * one)
    send("transferFrom", "transferFrom", alice, bob, 10 * one, sender=carol)
    send("first withdraw", "withdraw", 100 * USDC, alice, alice)
    send("second withdraw", "withdraw", 100 * USDC, alice, alice)
    send("redeem", "redeem", 100 * one, alice, alice)
    if not subject.keeper:
        return gas
    if "rebalance" in (entry.get("name") for entry in vault.abi.entries):
        send("rebalance, first", "rebalance", sender=subject.keeper)
        send("deposit, allocated", "deposit", 10_000 * USDC, alice)
        send("withdraw, allocated", "withdraw", 100 * USDC, alice, alice)
        send("redeem, allocated", "redeem", 100 * one, alice, alice)
        send("rebalance", "rebalance", sender=subject.keeper)
        send("settle", "settle")
    return gas


def table(measured: dict[str, dict[str, int]]) -> list[str]:
    """Operations by vaults: gas, and in terms of the baseline where it has the operation."""
    names, base = list(measured), measured[BASELINE]
    lines = [f"| {'gas':<20} |" + "".join(f" {name:>16} |" for name in names)]
    lines.append("| --- |" + " ---: |" * len(names))
    for operation in max(measured.values(), key=len):
        cells = [_cell(measured[name].get(operation), base.get(operation)) for name in names]
        lines.append(f"| {operation:<20} |" + "".join(f" {cell:>16} |" for cell in cells))
    return lines


def _cell(gas: int | None, base: int | None) -> str:
    if gas is None:
        return ""
    return f"{gas:,}" if base is None else f"{gas:,} ({gas / base:.2f})"


def run(choose: Callable[[World], Iterator[Subject]] = subjects) -> dict[str, dict[str, int]]:
    """Every subject on one chain."""
    with AnvilChain() as chain:
        world = build_world(chain)
        return {subject.name: measure(world, subject) for subject in choose(world)}


if __name__ == "__main__":
    print("\n".join(table(run())))
