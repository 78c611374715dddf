"""The venues that this target can print, by adapter name, with the source of each adapter."""

from __future__ import annotations

from importlib.resources import files

from stratc_targets.venues.aave_v3.emit import emit as aave_v3
from stratc_targets.venues.emitter import SwapEmitter, VenueEmitter
from stratc_targets.venues.erc4626.emit import emit as erc4626
from stratc_targets.venues.morpho_blue.emit import FURTHER as MORPHO_BLUE
from stratc_targets.venues.morpho_blue.emit import emit as morpho_blue
from stratc_targets.venues.perp_v2.emit import FURTHER as PERP_V2
from stratc_targets.venues.perp_v2.emit import emit as perp_v2
from stratc_targets.venues.uniswap_v3.emit import emit as uniswap_v3
from stratc_targets.venues.uniswap_v3_lp.emit import emit as uniswap_v3_lp

HOLDING: dict[str, VenueEmitter] = {
    "aave_v3": aave_v3,
    "erc4626": erc4626,
    "morpho_blue": morpho_blue,
    "perp_v2": perp_v2,
    "uniswap_v3_lp": uniswap_v3_lp,
}
SWAPPING: dict[str, SwapEmitter] = {"uniswap_v3": uniswap_v3}

FURTHER: dict[str, tuple[str, ...]] = {"morpho_blue": MORPHO_BLUE, "perp_v2": PERP_V2}
"""What a vault is told of a venue beside the venue's own address: further addresses, by adapter name."""

RUNTIME = ("arith", "tokens", "share_token", "oracle", "roles", "modes", "rounds")
"""In every vault."""

ASKED_FOR = ("depositors", "fees", "requests", "flash", "roots", "ring", "ranges")
"""Modules of the runtime library that only those vaults have whose strategies ask for what they do."""


def runtime_source(module: str) -> str:
    """The text of a module of the runtime library."""
    return (files("stratc_targets.vyper") / "runtime" / f"{module}.vy").read_text(encoding="utf-8")


def adapter_source(adapter: str) -> str:
    """The text of a venue's adapter."""
    return (files(f"stratc_targets.venues.{adapter}") / "adapter.vy").read_text(encoding="utf-8")
