"""A savings vault over one token: OpenZeppelin's ERC-4626 with a loss knob and a liquidity knob."""

from __future__ import annotations

from dataclasses import dataclass

from lab.artifacts import HERE, solidity_artifact
from lab.interface import Chain, Contract, Receipt
from lab.tokens import Token


@dataclass(frozen=True)
class Erc4626Lab:
    """The venue and its asset."""

    contract: Contract
    asset: Token

    @property
    def address(self) -> str:
        return self.contract.address

    def total_assets(self) -> int:
        """Assets behind all shares."""
        return int(self.contract.call("totalAssets"))

    def value(self, owner: str) -> int:
        """What an account's shares convert to, rounded down."""
        return int(self.contract.call("convertToAssets", self.contract.call("balanceOf", owner)))

    def seed(self, owner: str, assets: int) -> Receipt:
        """Mint and deposit."""
        self.asset.provide(owner, self.contract, assets)
        return self.deposit(owner, assets)

    def deposit(self, owner: str, assets: int) -> Receipt:
        """Deposit what the owner holds and has approved; the receipt's value is the shares."""
        return self.contract.send("deposit", assets, owner, sender=owner)

    def withdraw(self, owner: str, assets: int) -> Receipt:
        """Withdraw; the receipt's value is the shares burnt."""
        return self.contract.send("withdraw", assets, owner, owner, sender=owner)

    def gain(self, assets: int) -> None:
        """Yield, for all holders in proportion."""
        self.asset.mint(self.contract.address, assets)

    def lose(self, assets: int) -> None:
        """A loss, for all holders in proportion."""
        self.contract.send("lose", assets)

    def limit_liquidity(self, assets: int | None) -> None:
        """Lend out all but `assets`: the most that can be withdrawn until more comes in. None ends that."""
        lent = 0 if assets is None else max(0, self.total_assets() - assets)
        self.contract.send("setLentOut", lent)


def deploy_erc4626(chain: Chain, admin: str, asset: Token) -> Erc4626Lab:
    """An empty venue over `asset`."""
    artifact = solidity_artifact(HERE / "erc4626_venue.sol", "Erc4626Venue")
    return Erc4626Lab(chain.deploy_artifact(artifact, asset.address, sender=admin), asset)
