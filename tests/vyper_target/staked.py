"""A staked token in the lab's market: its price is told in WETH, and a pool trades the two."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lab.artifacts import npm_artifact
from lab.feed import Feed, deploy_feed
from lab.tokens import Token
from lab.uniswap import Pool
from lab.world import World
from vyper_target.vaults import Deployed

WHOLE = 10**18
RATIO = Fraction("1.1999999999999999")
"""WETH for a staked token, to begin with."""


@dataclass(frozen=True)
class StakedToken:
    """With the feed that tells its price in WETH, and the pool of the two."""

    world: World
    token: Token
    feed: Feed
    pool: Pool

    @property
    def addresses(self) -> dict[str, object]:
        """What the vault of staked.strat is bound to, beside the lab's market."""
        return {"token_wsteth": self.token, "feed_wsteth": self.feed}

    def tell(self, ratio: Fraction, *, arbitrage: bool = True) -> None:
        """The feed's next answer, which the pool follows unless told not to."""
        self.feed.set(ratio)
        if arbitrage:
            self.pool.move_to(ratio, self.world.arbitrageur)


def staked_token(world: World) -> StakedToken:
    """Deployed and traded, at `RATIO`."""
    artifact = npm_artifact("@aave/core-v3", "mocks/tokens/MintableERC20")
    contract = world.chain.deploy_artifact(artifact, "Wrapped staked ether", "wstETH", 18, sender=world.admin)
    token = Token(contract, "wstETH", 18)
    feed = deploy_feed(world.chain, world.admin, "WSTETH / ETH", RATIO, 18)
    pool = world.uniswap.create_pool(token, world.weth, 500, RATIO)
    pool.add_liquidity(world.whale, token.units(1_000_000), world.weth.units(1_200_000))
    return StakedToken(world, token, feed, pool)


def deposit_weth(vault: Deployed, user: str, assets: int) -> None:
    """Into a vault whose base is WETH."""
    vault.world.weth.provide(user, vault.contract, assets)
    vault.contract.send("deposit", assets, user, sender=user)
