"""Contracts that are published in a Python wheel: their JSON files are read from where `make setup` installed it."""

from __future__ import annotations

import json
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from lab.artifacts import Artifact, unlinked


class WheelMissing(RuntimeError):
    """The wheel is not installed. An error and not a skip: a suite that skips its venues proves nothing."""


@cache
def aave_v32_artifact(name: str) -> Artifact:
    """A contract of Aave v3.2, as web3-ethereum-defi publishes it; the package itself is never imported."""
    spec = find_spec("eth_defi")
    if spec is None or not spec.submodule_search_locations:
        raise WheelMissing("web3-ethereum-defi is not installed: run `make setup`, then run the tests again")
    file = Path(spec.submodule_search_locations[0]) / "abi" / "aave_v3" / f"{name}.json"
    data = json.loads(file.read_text())
    return unlinked(name, data["abi"], data["bytecode"]["object"], data["bytecode"]["linkReferences"])
