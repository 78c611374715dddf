"""An ERC-4626 vault's books in exact integers, as OpenZeppelin's ERC4626 keeps them.

Source: openzeppelin-contracts `ERC4626.sol`: shares = assets * (supply + 10^offset) / (total assets + 1) and its
inverse; deposits and redemptions round down, mints and withdrawals up. What moves the total besides deposits and
withdrawals (yield, losses) and what is lent out are the environment's.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Reverted, mul_div


@dataclass(slots=True)
class Erc4626Books:
    """The whole venue. `lent_out` is the part of the assets that it cannot pay out now."""

    total_assets: int
    total_supply: int
    shares: dict[str, int] = field(default_factory=dict)
    lent_out: int = 0
    offset: int = 0

    def to_shares(self, assets: int, rounding: Rounding) -> int:
        return mul_div(assets, self.total_supply + 10**self.offset, self.total_assets + 1, rounding)

    def to_assets(self, shares: int, rounding: Rounding) -> int:
        return mul_div(shares, self.total_assets + 1, self.total_supply + 10**self.offset, rounding)

    def value(self, owner: str) -> int:
        """What an owner's shares convert to, rounded down."""
        return self.to_assets(self.shares.get(owner, 0), Rounding.DOWN)

    @property
    def liquid(self) -> int:
        """Assets that are not lent out."""
        return max(self.total_assets - self.lent_out, 0)

    def max_redeem(self, owner: str) -> int:
        """Shares that `redeem` takes now."""
        return min(self.shares.get(owner, 0), self.to_shares(self.liquid, Rounding.DOWN))

    def max_withdraw(self, owner: str) -> int:
        """Assets that `withdraw` pays now."""
        return min(self.to_assets(self.max_redeem(owner), Rounding.DOWN), self.liquid)

    def deposit(self, owner: str, assets: int) -> int:
        """Returns the shares minted, which may be none."""
        shares = self.to_shares(assets, Rounding.DOWN)
        self.shares[owner] = self.shares.get(owner, 0) + shares
        self.total_supply += shares
        self.total_assets += assets
        return shares

    def withdraw(self, owner: str, assets: int) -> int:
        """Returns the shares burnt. Raises Reverted above `max_withdraw`."""
        if assets > self.max_withdraw(owner):
            raise Reverted("ERC4626ExceededMaxWithdraw")
        shares = self.to_shares(assets, Rounding.UP)
        self._burn(owner, shares, assets)
        return shares

    def redeem(self, owner: str, shares: int) -> int:
        """Returns the assets paid. Raises Reverted above `max_redeem`."""
        if shares > self.max_redeem(owner):
            raise Reverted("ERC4626ExceededMaxRedeem")
        assets = self.to_assets(shares, Rounding.DOWN)
        self._burn(owner, shares, assets)
        return assets

    def transfer(self, owner: str, receiver: str, shares: int) -> None:
        """Move shares. Raises Reverted where the owner has too few."""
        held = self.shares.get(owner, 0)
        if shares > held:
            raise Reverted("ERC20InsufficientBalance")
        self.shares[owner] = held - shares
        self.shares[receiver] = self.shares.get(receiver, 0) + shares

    def _burn(self, owner: str, shares: int, assets: int) -> None:
        held = self.shares.get(owner, 0)
        if shares > held or assets > self.total_assets:
            raise Reverted("ERC20InsufficientBalance")
        self.shares[owner] = held - shares
        self.total_supply -= shares
        self.total_assets -= assets
