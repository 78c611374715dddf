"""The market that the example strategies live in: tokens, feeds, Aave, Uniswap and a savings vault."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lab.aave import V30, AaveAsset, AaveLab, Generation, deploy_aave
from lab.erc4626 import Erc4626Lab, deploy_erc4626
from lab.feed import Feed, deploy_feed
from lab.interface import Chain
from lab.morpho import MorphoLab, deploy_morpho
from lab.perp import PerpLab, deploy_perp, make_market, open_market
from lab.sequencer import Sequencer, deploy_sequencer
from lab.tokens import Number, Token, deploy_usdc, deploy_wbtc, deploy_weth
from lab.uniswap import Pool, UniswapLab, deploy_uniswap

WETH_USD = 2_000
WBTC_USD = 60_000
USDC_USD = 1
POOL_FEE = 500  # 0.05%
LENDING_FEE = 3_000  # 0.30%

CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS = 1, 9_000, 9_300
"""Of both tokens, on Aave; it counts for nobody who has not entered it."""

# Deep enough that a million dollars is a small trade everywhere: 0.15% on Uniswap, fee included.
AAVE_USDC = 1_000_000_000
AAVE_WETH = 500_000
POOL_USDC = 1_000_000_000
LENDING_USDC = 100_000_000
SAVE_USDC = 1_000_000
MORPHO_USDC = 100_000_000
PERP_WETH = 500_000


@dataclass(frozen=True)
class Bitcoin:
    """A third token, and where it is traded for dollars and for ether."""

    token: Token
    pools: tuple[Pool, Pool]


@dataclass(frozen=True)
class World:
    """The market of examples/eth_carry.strat. It holds addresses only: chain snapshots cover all its state."""

    chain: Chain
    usdc: Token
    weth: Token
    feeds: dict[str, Feed]
    aave: AaveLab
    uniswap: UniswapLab
    pool: Pool
    save: Erc4626Lab
    sequencer: Sequencer  # of no vault that is not told of it
    blue: MorphoLab | None = None  # only where a test asks for it: it takes seconds to compile
    bitcoin: Bitcoin | None = None  # only where a test asks for it
    lending: Pool | None = None  # a second pool, in which nobody trades; only where a test asks for it
    perpetual: PerpLab | None = None  # only where a test asks for it: its trades want time between prices

    @property
    def admin(self) -> str:
        """Owner of the feeds and of Aave's configuration."""
        return self.chain.accounts[0]

    @property
    def morpho(self) -> MorphoLab:
        """Morpho's market, in the world of those who ask for it."""
        assert self.blue is not None, "a market without Morpho: see `with_morpho`"
        return self.blue

    @property
    def perp(self) -> PerpLab:
        """Perp v2's market, in the world of those who ask for it."""
        assert self.perpetual is not None, "a market without Perp v2: see `with_perp`"
        return self.perpetual

    @property
    def users(self) -> tuple[str, ...]:
        """Accounts that hold nothing yet."""
        return self.chain.accounts[1:8]

    @property
    def arbitrageur(self) -> str:
        """Who moves the pool to the feeds' price."""
        return self.chain.accounts[8]

    @property
    def whale(self) -> str:
        """Who supplied the liquidity; its WETH on Aave is collateral enough to borrow the pool's USDC."""
        return self.chain.accounts[9]

    @property
    def tokens(self) -> tuple[Token, ...]:
        """All that Aave lends."""
        return (self.weth, self.usdc) if self.bitcoin is None else (self.weth, self.usdc, self.bitcoin.token)

    @property
    def pools(self) -> tuple[Pool, ...]:
        """All that tokens are traded in."""
        return (self.pool,) if self.bitcoin is None else (self.pool, *self.bitcoin.pools)

    def token(self, symbol: str) -> Token:
        """A token by its symbol."""
        return {token.symbol: token for token in self.tokens}[symbol]

    def pool_of(self, *symbols: str) -> Pool:
        """The pool of two tokens."""
        return next(pool for pool in self.pools if {pool.base.symbol, pool.quote.symbol} == set(symbols))

    def price(self, token: Token | str) -> Fraction:
        """A feed's answer in dollars."""
        return self.feeds[_symbol(token)].price()

    def set_price(self, token: Token | str, usd: Number, *, arbitrage: bool = True) -> None:
        """Move a feed (the vault's and Aave's are one), and the Uniswap pool after it unless told not to."""
        self.feeds[_symbol(token)].set(usd)
        if arbitrage:
            self.arbitrage()

    def arbitrage(self) -> None:
        """Trade on Uniswap, and at Perp v2, until their prices are the feeds' prices."""
        for pool in self.pools:
            pool.move_to(self.price(pool.base) / self.price(pool.quote), self.arbitrageur)
        if self.perpetual is not None:
            self.perpetual.move_to(self.price("WETH"), self.arbitrageur)

    def warp(self, seconds: int, *, refresh: bool = False) -> None:
        """Move time forward; `refresh` gives every feed a new round with its old answer, as a heartbeat does."""
        self.chain.warp(seconds)
        if refresh:
            self.refresh_feeds()

    def refresh_feeds(self) -> None:
        """A new round with the old answer in every feed."""
        for feed in self.feeds.values():
            feed.refresh()


def build_world(chain: Chain, generation: Generation = V30) -> World:
    """Deploy and seed the whole market, WETH at 2,000 USD."""
    admin, whale = chain.accounts[0], chain.accounts[9]
    # Tokens first: on every backend they get the same addresses, hence the same order in the pool.
    usdc, weth = deploy_usdc(chain, admin), deploy_weth(chain, admin)
    feeds = {
        "USDC": deploy_feed(chain, admin, "USDC / USD", USDC_USD),
        "WETH": deploy_feed(chain, admin, "ETH / USD", WETH_USD),
    }
    aave = deploy_aave(
        chain,
        admin,
        [
            AaveAsset(weth, feeds["WETH"], 8_000, 8_250, borrowable=True),
            AaveAsset(usdc, feeds["USDC"], 7_700, 8_000, borrowable=True),
        ],
        generation,
    )
    aave.set_category(CATEGORY, CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, [weth, usdc], [weth, usdc])
    uniswap = deploy_uniswap(chain, admin, weth)
    pool = uniswap.create_pool(weth, usdc, POOL_FEE, Fraction(WETH_USD, USDC_USD))
    save = deploy_erc4626(chain, admin, usdc)
    world = World(chain, usdc, weth, feeds, aave, uniswap, pool, save, deploy_sequencer(chain, admin))
    _seed(world, whale)
    return world


def with_morpho(world: World) -> World:
    """The same market, and loans of its dollars against its ether at Morpho as well, a third of what is lent out."""
    feeds, admin, whale = world.feeds, world.admin, world.whale
    collateral, loan = (world.weth, feeds["WETH"]), (world.usdc, feeds["USDC"])
    morpho = deploy_morpho(world.chain, admin, collateral, loan)
    morpho.seed(whale, world.usdc.units(MORPHO_USDC))
    morpho.pledge(whale, world.weth.units(Fraction(MORPHO_USDC, WETH_USD)))
    morpho.borrow(whale, world.usdc.units(MORPHO_USDC) // 3)
    return replace(world, blue=morpho)


def with_perp(world: World) -> World:
    """The same market, and perpetuals of its ether at Perp v2, as deep as the pool; an hour and a half has passed."""
    perp = deploy_perp(world.chain, world.admin, world.usdc, world.feeds["WETH"], world.uniswap)
    make_market(perp, world.whale, world.weth.units(PERP_WETH))
    open_market(perp, world.arbitrageur)
    return replace(world, perpetual=perp)


def with_bitcoin(world: World) -> World:
    """The same market, and bitcoin at 60,000 USD: lent on Aave, and traded as deep as ether is."""
    chain, admin, whale = world.chain, world.admin, world.whale
    token, feed = deploy_wbtc(chain, admin), deploy_feed(chain, admin, "BTC / USD", WBTC_USD)
    world.aave.list_reserve(AaveAsset(token, feed, 7_300, 7_800, borrowable=True), feed.contract)
    world.aave.seed(whale, token, token.units(Fraction(AAVE_USDC, WBTC_USD)))
    half = token.units(Fraction(POOL_USDC, WBTC_USD))
    dollars = world.uniswap.create_pool(token, world.usdc, POOL_FEE, Fraction(WBTC_USD, USDC_USD))
    dollars.add_liquidity(whale, half, world.usdc.units(POOL_USDC))
    ether = world.uniswap.create_pool(world.weth, token, POOL_FEE, Fraction(WETH_USD, WBTC_USD))
    ether.add_liquidity(whale, world.weth.units(Fraction(POOL_USDC, WETH_USD)), half)
    return replace(world, feeds={**world.feeds, "WBTC": feed}, bitcoin=Bitcoin(token, (dollars, ether)))


def with_lending_pool(world: World) -> World:
    """The same market, and a second pool of ether and dollars at a higher fee, a tenth as deep."""
    pool = world.uniswap.create_pool(world.weth, world.usdc, LENDING_FEE, Fraction(WETH_USD, USDC_USD))
    pool.add_liquidity(world.whale, world.weth.units(Fraction(LENDING_USDC, WETH_USD)), world.usdc.units(LENDING_USDC))
    return replace(world, lending=pool)


def _seed(world: World, whale: str) -> None:
    usdc, weth = world.usdc, world.weth
    world.aave.seed(whale, usdc, usdc.units(AAVE_USDC))
    world.aave.seed(whale, weth, weth.units(AAVE_WETH))
    pool_weth = Fraction(POOL_USDC * USDC_USD, WETH_USD)
    world.pool.add_liquidity(whale, weth.units(pool_weth), usdc.units(POOL_USDC))
    world.save.seed(whale, usdc.units(SAVE_USDC))


def _symbol(token: Token | str) -> str:
    return token if isinstance(token, str) else token.symbol
