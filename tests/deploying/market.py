"""Manifests of the lab's market, and the command that deploys in it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lab.chain import CHAIN_ID, KEYS, AnvilChain
from lab.world import World
from stratc.__main__ import main
from stratc_targets.deploy.checks import check
from stratc_targets.deploy.command import KEY_VARIABLE, PASSWORD_VARIABLE
from stratc_targets.deploy.findings import Finding
from stratc_targets.deploy.manifest import parse_manifest
from stratc_targets.deploy.node import Node
from stratc_targets.deploy.plan import created
from stratc_targets.vyper.arguments import DEPOSITORS
from vyper_target.vaults import example

Tables = dict[str, Any]


def tables(world: World, **people: str) -> Tables:
    """What a manifest of the lab's market says, as TOML reads it."""
    owner, guardian, keeper = world.chain.accounts[5:8]
    return {
        "chain": CHAIN_ID,
        "sequencer_feed": "none",
        "roles": {"owner": owner, "guardian": guardian, "keeper": keeper},
        "tokens": {"USDC": world.usdc.address, "WETH": world.weth.address},
        "feeds": {token: feed.address for token, feed in world.feeds.items()},
        "venues": {
            "aave": world.aave.pool.address,
            "save": world.save.address,
            "dex": world.uniswap.router.address,
        },
        "depositors": dict.fromkeys(DEPOSITORS, people["attester"]) if people else {},
    }


def toml(given: Tables) -> str:
    """Tables as TOML: what is plain first."""
    plain = {name: value for name, value in given.items() if not isinstance(value, dict)}
    lines = [f"{name} = {json.dumps(value)}" for name, value in plain.items()]
    for name, table in given.items():
        if isinstance(table, dict):
            lines += ["", f"[{name}]"]
            lines += [f"{key} = {_value(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_value(one)}" for key, one in value.items()) + " }"
    return json.dumps(value)


def url_of(world: World) -> str:
    assert isinstance(world.chain, AnvilChain)
    return world.chain.url


def findings(world: World, strategy: str, given: Tables) -> tuple[Finding, ...]:
    """What is found of an example's manifest."""
    vault = example(strategy).vault
    manifest = parse_manifest(toml(given), "m.toml", vault)
    node = Node(url_of(world))
    return check(vault, manifest, node, node.head(), created(world.chain.accounts[1], 0))


@dataclass(frozen=True)
class Ran:
    """How a run ended, and what it printed."""

    status: int
    out: str
    err: str


class Command:
    """Runs `stratc deploy` in this process; `manifest` is written to deployments/CHAIN_ID.toml first."""

    def __init__(
        self, world: World, build: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.world = world
        self.build = build
        self.tables = tables(world)
        self.deployer = world.chain.accounts[1]
        self.folder = Path("deployments") / str(CHAIN_ID) / "Treasury"
        self._capsys = capsys
        self.patch = monkeypatch
        monkeypatch.delenv(PASSWORD_VARIABLE, raising=False)

    @property
    def record(self) -> Any:
        return self.record_at(self.folder / "record.json")

    def record_at(self, path: Path | str) -> Any:
        return json.loads(Path(path).read_text("utf-8"))

    def sent(self) -> int:
        """How many transactions of the deployer are in the chain."""
        assert isinstance(self.world.chain, AnvilChain)
        return int(self.world.chain.rpc("eth_getTransactionCount", self.deployer, "latest"), 16)

    def run(self, *options: str, what: Path | None = None, rpc: str | None = None, key: str | None = "") -> Ran:
        """With the deployer's key, unless another or none is given."""
        if key is None:
            self.patch.delenv(KEY_VARIABLE, raising=False)
        else:
            self.patch.setenv(KEY_VARIABLE, key or KEYS[self.deployer])
        if self.tables:
            Path("deployments").mkdir(exist_ok=True)
            Path("deployments", f"{CHAIN_ID}.toml").write_text(toml(self.tables), "utf-8")
        return self._ran(str(what or self.build), "--rpc", rpc or url_of(self.world), *options)

    def check(self, record: Path | str, *options: str, rpc: str | None = None) -> Ran:
        """`deploy --check`, of what lies beside a record."""
        self.patch.delenv(KEY_VARIABLE, raising=False)
        return self._ran("--check", str(record), "--rpc", rpc or url_of(self.world), *options)

    def _ran(self, *words: str) -> Ran:
        self._capsys.readouterr()
        status = main(["deploy", *words])
        said = self._capsys.readouterr()
        assert "Traceback" not in said.err
        return Ran(status, said.out, said.err)
