"""The tokens of the lab's market: anyone may mint them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lab.artifacts import npm_artifact
from lab.interface import Chain, Contract

_TOKENS = "@aave/core-v3"
MAX = 2**256 - 1

Number = int | str | Fraction
"""An exact number of whole tokens or dollars; text may be a decimal ("0.5") or a ratio ("1/3")."""


@dataclass(frozen=True)
class Token:
    """An ERC-20 token; amounts are in its smallest unit, `units` converts from whole tokens."""

    contract: Contract
    symbol: str
    decimals: int

    @property
    def address(self) -> str:
        return self.contract.address

    def units(self, whole: Number) -> int:
        """Whole tokens in smallest units, rounded down."""
        return int(Fraction(whole) * 10**self.decimals // 1)

    def balance(self, owner: str) -> int:
        """Balance of an account."""
        return int(self.contract.call("balanceOf", owner))

    def mint(self, to: str, amount: int) -> None:
        """New tokens out of nothing."""
        self.contract.send("mint(address,uint256)", to, amount)

    def approve(self, owner: str, spender: Contract | str, amount: int = MAX) -> None:
        """Allow a spender, without limit if no amount is given."""
        self.contract.send("approve", spender, amount, sender=owner)

    def provide(self, owner: str, spender: Contract | str, amount: int) -> None:
        """Mint to an account and let a spender take it: what every deposit in a test needs first."""
        self.mint(owner, amount)
        self.approve(owner, spender, amount)


def deploy_usdc(chain: Chain, admin: str) -> Token:
    """A dollar token with six decimals."""
    artifact = npm_artifact(_TOKENS, "mocks/tokens/MintableERC20")
    return Token(chain.deploy_artifact(artifact, "USD Coin", "USDC", 6, sender=admin), "USDC", 6)


def deploy_wbtc(chain: Chain, admin: str) -> Token:
    """Wrapped bitcoin, with eight decimals."""
    artifact = npm_artifact(_TOKENS, "mocks/tokens/MintableERC20")
    return Token(chain.deploy_artifact(artifact, "Wrapped BTC", "WBTC", 8, sender=admin), "WBTC", 8)


def deploy_weth(chain: Chain, admin: str) -> Token:
    """Wrapped ether. What is minted is not backed: its `totalSupply` and `withdraw` know only deposited ether."""
    artifact = npm_artifact(_TOKENS, "mocks/tokens/WETH9Mocked")
    return Token(chain.deploy_artifact(artifact, sender=admin), "WETH", 18)
