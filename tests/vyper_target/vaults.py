"""The example strategies as deployed vaults. They count as proved here: proofs have tests of their own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lab.chain import Chain, Contract, Receipt
from lab.eas import NOBODY, EasLab, deploy_eas, eas_at
from lab.kept import kept
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_compiler.model import build_vault
from stratc_compiler.vault import Vault
from stratc_compiler.verdict import Verification
from stratc_dsl import Source, parse_strategies
from stratc_targets.venues import venue_factories
from stratc_targets.vyper import Binding, BindingKind, constructor_layout, emit_vault
from stratc_targets.vyper.build import Compiled, blueprint_creation

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parents[1] / "examples"
MEMBERSHIP = "bool isMember"
"""The schema of members.strat."""

USD = 10**18
USDC = 10**6


def proved(text: str, name: str = "test.strat") -> ProvedVault:
    """The one strategy of a text, taken as proved; vaults that it holds are examples."""
    parsed = parse_strategies(Source(name, text), lambda path: (EXAMPLES / path).read_text(encoding="utf-8"))
    assert not parsed.diagnostics, parsed.diagnostics
    (strategy,) = parsed.strategies
    vault = build_vault(strategy, parsed.source, venue_factories(strategy))
    return ProvedVault(vault, Verification(vault, parsed.source, (), ()))


@cache
def example(name: str) -> ProvedVault:
    """An example strategy, or one of the tests' own, beside this file, its proofs or its types; taken as proved."""
    folders = (EXAMPLES, HERE, HERE.parent / "proofs", HERE.parent / "dsl/typed")
    file = next(path for folder in folders if (path := folder / f"{name}.strat").exists())
    return proved(file.read_text(encoding="utf-8"), file.name)


_EMITTED: dict[Source, dict[str, str]] = {}


def files(given: ProvedVault) -> dict[str, str]:
    """What is emitted, by path; compiled once in a run."""
    source = given.verification.source
    if source not in _EMITTED:
        _EMITTED[source] = kept(lambda: _emitted(given), "emitted", source.name, source.digest())
    return _EMITTED[source]


def _emitted(given: ProvedVault) -> dict[str, str]:
    return {artifact.path: artifact.text for artifact in emit_vault(given)}


@dataclass(frozen=True)
class Deployed:
    """A vault in the lab's market, with its people."""

    world: World
    contract: Contract
    model: Vault

    @property
    def owner(self) -> str:
        return self.world.chain.accounts[5]

    @property
    def guardian(self) -> str:
        return self.world.chain.accounts[6]

    @property
    def keeper(self) -> str:
        return self.world.chain.accounts[7]

    @property
    def fee_recipient(self) -> str:
        return self.world.chain.accounts[4]

    @property
    def attester(self) -> str:
        """Whose attestations count, where depositors need one."""
        return self.world.admin

    @property
    def eas(self) -> EasLab:
        """Where depositors are attested."""
        return eas_at(self.world.chain, self.call("ATTESTATION_SERVICE"))

    @property
    def address(self) -> str:
        return self.contract.address

    def call(self, fn: str, *args: Any, sender: str | None = None) -> Any:
        return self.contract.call(fn, *args, sender=sender)

    def run(self, rule: str) -> Receipt:
        """A rule, by the keeper."""
        return self.contract.send(rule, sender=self.keeper)

    def accept_prices(self) -> Receipt:
        """Go on at the prices of now, by the owner of a vault that is guarded."""
        return self.contract.send("accept_prices", sender=self.owner)

    def deposit(self, user: str, assets: int) -> Receipt:
        """Mint base tokens to the user and deposit them."""
        self.world.usdc.provide(user, self.contract, assets)
        return self.contract.send("deposit", assets, user, sender=user)

    def state(self) -> dict[str, int]:
        """The State struct by its members' names."""
        entry = next(one for one in self.contract.abi.entries if one.get("name") == "state")
        members = [part["name"] for part in entry["outputs"][0]["components"]]
        return dict(zip(members, self.call("state"), strict=True))

    def weight(self, position: str) -> float:
        """A position's value as a share of nav."""
        state = self.state()
        return state[f"value_{position}"] / state["nav"]


def deploy(world: World, given: ProvedVault, **addresses: object) -> Deployed:
    """Deploy beside the lab's venues; `addresses` replaces constructor arguments by parameter name."""
    emitted = files(given)
    abi, code, actions = (emitted[name] for name in ("abi.json", "bytecode.hex", "actions.blueprint.hex"))
    return _put(world, given.vault, json.loads(abi), code.strip(), actions.strip(), "vault", addresses)


def install(world: World, code: Compiled, model: Vault, name: str = "vault", **addresses: object) -> Deployed:
    """Deploy what was compiled for this model; `addresses` as for `deploy`."""
    assert code.actions is not None
    return _put(world, model, code.abi, code.creation, blueprint_creation(code.actions.blueprint), name, addresses)


def _put(
    world: World, model: Vault, abi: Any, creation: str, actions: str, name: str, addresses: Mapping[str, object]
) -> Deployed:
    ranges = {held.name for held in model.ranges.values()}
    args = [addresses.get(one.parameter) or bound_to(world, one, ranges) for one in constructor_layout(model)]
    args.append(blueprint(world.chain, actions))
    return Deployed(world, world.chain.deploy(abi, creation, args, name=name), model)


def blueprint(chain: Chain, creation: str) -> Contract:
    """What a vault makes its actions from, deployed."""
    return chain.deploy([], creation, name="blueprint")


def bound_to(world: World, binding: Binding, ranges: Set[str] = frozenset()) -> object:
    """What the lab's market has for this argument of a vault; `ranges` are the venues that are ranges of liquidity."""
    match binding.kind:
        case BindingKind.ROLE:
            return world.chain.accounts[{"owner": 5, "guardian": 6, "keeper": 7, "fee_recipient": 4}[binding.name]]
        case BindingKind.TOKEN:
            return world.token(binding.name)
        case BindingKind.FEED:
            return world.feeds[binding.name]
        case BindingKind.SEQUENCER:
            return NOBODY
        case BindingKind.DEPOSITORS:
            return _of_depositors(world, binding.name)
        case BindingKind.VENUE if binding.name == "perp":
            return world.perp.house
        case BindingKind.MARKET if binding.name == "perp.base":
            return world.perp.base
        case BindingKind.VENUE if binding.name == "blue":
            return world.morpho
        case BindingKind.VENUE if binding.name in ranges:
            return world.uniswap.positions
        case BindingKind.VENUE if binding.name.endswith("dex") or binding.name in ("pool", "staked"):
            return world.uniswap.router
        case BindingKind.VENUE:
            return {"aave": world.aave.pool, "save": world.save}[binding.name]
        case BindingKind.MARKET:
            return {"blue.oracle": world.morpho.oracle, "blue.irm": world.morpho.irm}[binding.name]


def _of_depositors(world: World, name: str) -> object:
    match name:
        case "service":  # one of its own for each vault: few need one
            eas = deploy_eas(world.chain, world.admin)
            eas.register(MEMBERSHIP)
            return eas.service
        case "attester":
            return world.admin
        case _:
            return NOBODY
