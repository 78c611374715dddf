"""A staked token in the lab's market: its price is told in WETH, and a pool trades the two."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lab.aave import AaveAsset
from lab.artifacts import HERE, npm_artifact, vyper_artifact
from lab.feed import Feed, deploy_feed
from lab.tokens import Token
from lab.uniswap import Pool
from lab.world import CATEGORY, POOL_FEE, POOL_USDC, World
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
        """What a vault that holds it is bound to, beside the lab's market."""
        return {"token_wsteth": self.token, "feed_wsteth": self.feed}

    def tell(self, ratio: Fraction, *, arbitrage: bool = True) -> None:
        """The feed's next answer, which the pool follows unless told not to."""
        self.feed.set(ratio)
        if arbitrage:
            self.follow()

    def follow(self) -> None:
        """Others trade until the pool's price is what the feeds say."""
        ether = self.world.price("WETH") / self.world.price(self.pool.quote)
        self.pool.move_to(self.feed.price() * ether, self.world.arbitrageur)


def staked_token(world: World, fee: int = 500) -> StakedToken:
    """Deployed and traded for ether, at `RATIO`."""
    token, feed = _issued(world)
    if not world.uniswap.factory.call("feeAmountTickSpacing", fee):
        world.uniswap.factory.send("enableFeeAmount", fee, 1, sender=world.uniswap.admin)
    pool = world.uniswap.create_pool(token, world.weth, fee, RATIO)
    pool.add_liquidity(world.whale, token.units(1_000_000), world.weth.units(1_200_000))
    return StakedToken(world, token, feed, pool)


def staked_for_dollars(world: World) -> StakedToken:
    """Deployed and traded for dollars, at `RATIO`."""
    token, feed = _issued(world)
    price = RATIO * world.price("WETH")
    pool = world.uniswap.create_pool(token, world.usdc, POOL_FEE, price)
    pool.add_liquidity(world.whale, token.units(Fraction(POOL_USDC) / price), world.usdc.units(POOL_USDC))
    return StakedToken(world, token, feed, pool)


def _issued(world: World) -> tuple[Token, Feed]:
    artifact = npm_artifact("@aave/core-v3", "mocks/tokens/MintableERC20")
    contract = world.chain.deploy_artifact(artifact, "Wrapped staked ether", "wstETH", 18, sender=world.admin)
    token = Token(contract, "wstETH", 18)
    return token, deploy_feed(world.chain, world.admin, "WSTETH / ETH", RATIO, 18)


def lend_on_aave(market: StakedToken, ltv_bps: int, threshold_bps: int) -> None:
    """As collateral for WETH in the world's category, which has these; Aave prices it by the vault's two feeds."""
    world, aave = market.world, market.world.aave
    told = vyper_artifact(HERE / "product_feed.vy")
    contract = world.chain.deploy_artifact(told, market.feed.address, world.feeds["WETH"].address, sender=world.admin)
    # Outside of the category it is good for less: who borrows as the strategy does is in it.
    listing = AaveAsset(market.token, Feed(contract, world.admin, 8), 7_000, 7_500, borrowable=False)
    aave.list_reserve(listing, contract)
    aave.set_category(CATEGORY, ltv_bps, threshold_bps, [market.token], [world.weth])


def deposit_weth(vault: Deployed, user: str, assets: int) -> None:
    """Into a vault whose base is WETH."""
    vault.world.weth.provide(user, vault.contract, assets)
    vault.contract.send("deposit", assets, user, sender=user)
