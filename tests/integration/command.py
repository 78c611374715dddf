"""The installed command, run as a user runs it: what it writes and what it prints."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.chain import Contract
from lab.kept import kept
from lab.world import World
from vyper_target.vaults import Deployed, blueprint, example

_CODE = ("bytecode.hex", "actions.blueprint.hex")

ROOT = Path(__file__).resolve().parents[2]
STRATC = Path(sys.executable).with_name("stratc")


def stratc(*words: str | Path, status: int) -> str:
    """Standard output of `stratc`; fails with all it said if it ends with another status."""
    done = subprocess.run([STRATC, *words], cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert done.returncode == status, f"exit status {done.returncode}, not {status}\n{done.stdout}{done.stderr}"
    return done.stdout


def built_by_command(file: Path, folder: Path) -> Path:
    """What `stratc build` writes of this file, in this folder; built once in a run, whichever process asks first."""

    def build() -> dict[str, str]:
        stratc("build", file, "--out", folder / "first", status=0)
        (made,) = (folder / "first").iterdir()
        return {
            path.relative_to(made.parent).as_posix(): path.read_text("utf-8")
            for path in made.rglob("*")
            if path.is_file()
        }

    out = folder / "out"
    for name, text in kept(build, "stratc build", file.name, file.read_text("utf-8")).items():
        path = out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (strategy,) = out.iterdir()
    return strategy


@dataclass(frozen=True)
class Built:
    """The folder of one strategy, as `stratc build` wrote it, and the example that it is of."""

    folder: Path
    example: str = "eth_carry"

    def json(self, name: str) -> Any:
        """A file's content."""
        return json.loads((self.folder / name).read_text("utf-8"))

    def deploy(self, world: World, **more: object) -> Deployed:
        """Deploy what was written, each address found by the name that abi.json has for it, in `more` too."""
        abi = self.json("abi.json")
        code, actions = ((self.folder / name).read_text("utf-8").strip() for name in _CODE)
        (constructor,) = (entry for entry in abi if entry["type"] == "constructor")
        addresses = {**_addresses(world), **more, "actions_": blueprint(world.chain, actions)}
        args = [addresses[part["name"]] for part in constructor["inputs"]]
        contract: Contract = world.chain.deploy(abi, code, args, name="vault")
        return Deployed(world, contract, example(self.example).vault)


def _addresses(world: World) -> dict[str, object]:
    owner, guardian, keeper = world.chain.accounts[5:8]
    bitcoin = {} if world.bitcoin is None else {"token_wbtc": world.bitcoin.token, "feed_wbtc": world.feeds["WBTC"]}
    perpetual = {} if world.perpetual is None else {"venue_perp": world.perp.house, "market_perp_base": world.perp.base}
    routers = dict.fromkeys(("venue_dex", "venue_eth_dex", "venue_btc_dex"), world.uniswap.router)
    return {
        **bitcoin,
        **perpetual,
        **routers,
        "owner_": owner,
        "guardian_": guardian,
        "keeper_": keeper,
        "sequencer_feed_": world.sequencer,
        "token_usdc": world.usdc,
        "token_weth": world.weth,
        "feed_usdc": world.feeds["USDC"],
        "feed_weth": world.feeds["WETH"],
        "venue_aave": world.aave.pool,
        "venue_save": world.save,
        "venue_pool": world.uniswap.positions,
    }
