"""The venue adapters, compiled behind contracts that only pass calls on (probe.vy, and what is too large for it)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from lab.artifacts import Artifact
from lab.chain import Chain, Contract
from stratc_targets.vyper.adapters import adapter_source, runtime_source
from stratc_targets.vyper.build import VAULT, Mode, compile_request, standard_json

ADAPTERS = ("aave_v3", "erc4626", "morpho_blue", "perp_v2", "uniswap_v3", "uniswap_v3_lp")


@cache
def artifact(adapter: str = "", old: str = "", new: str = "", file: str = "probe") -> Artifact:
    """The probe's code; with a fault in one of the adapters, in which `new` stands for `old`, if one is named."""
    sources = {VAULT: (Path(__file__).resolve().parent / f"{file}.vy").read_text(encoding="utf-8")}
    sources |= {f"contracts/{name}.vy": adapter_source(name) for name in ADAPTERS}
    if adapter:
        assert sources[f"contracts/{adapter}.vy"].count(old) == 1, f"{old!r} is no longer there once"
        sources[f"contracts/{adapter}.vy"] = sources[f"contracts/{adapter}.vy"].replace(old, new)
    sources |= {f"contracts/{name}.vy": runtime_source(name) for name in ("tokens", "ranges", "roots", "arith")}
    compiled = compile_request(standard_json(sources, Mode("none")))
    return Artifact("probe", compiled.abi, bytes.fromhex(compiled.creation.removeprefix("0x")))


def probe(chain: Chain, fault: tuple[str, str, str] = ("", "", "")) -> Contract:
    """A deployed probe, which holds nothing yet."""
    return chain.deploy_artifact(artifact(*fault))


def perp_probe(chain: Chain, fault: tuple[str, str, str] = ("", "", "")) -> Contract:
    """The same of Perp v2's adapter."""
    return chain.deploy_artifact(artifact(*fault, file="perp_probe"))


def range_probe(chain: Chain, fault: tuple[str, str, str] = ("", "", "")) -> Contract:
    """The same of the adapter of ranges, and of the arithmetic of ticks."""
    return chain.deploy_artifact(artifact(*fault, file="range_probe"))
