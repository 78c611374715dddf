"""Vaults by others, as they come, for the properties that any ERC-4626 vault has: OpenZeppelin's and snekmate's."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.gas import HERE, snekmate
from erc4626.situations import Subject, donated, held
from lab.artifacts import Artifact, solidity_artifact
from lab.tokens import Token
from lab.world import World

MAKERS: dict[str, Callable[[], Artifact]] = {
    "OpenZeppelin": lambda: solidity_artifact(HERE / "bare_vault.sol", "BareVault"),
    "snekmate": snekmate,
}


def bare(world: World, maker: str, token: Token | None = None) -> Subject:
    """One of theirs over a token, empty."""
    asset = token or world.usdc
    return Subject(world, world.chain.deploy_artifact(MAKERS[maker](), asset.contract), asset)


OTHERS: dict[str, Callable[[World], Subject]] = {
    "OpenZeppelin": lambda world: held(bare(world, "OpenZeppelin")),
    "OpenZeppelin, donation": lambda world: donated(held(bare(world, "OpenZeppelin"))),
    "snekmate, donation": lambda world: donated(held(bare(world, "snekmate"))),
}
