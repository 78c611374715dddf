"""Perp v2 (npm @perp/curie-deployments): one market over a Uniswap v3 pool of virtual tokens, margin in dollars."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from lab.artifacts import Artifact, npm_artifact
from lab.feed import Feed
from lab.interface import Chain, Contract, Receipt
from lab.tokens import Number, Token
from lab.uniswap import NEVER, Pool, UniswapLab

_PACKAGE = "@perp/curie-deployments"
_CORE = "optimism/core/artifacts/contracts"
_ORACLE = "optimism/core/artifacts/oracle-contracts/contracts"

ONE: int = 10**18  # of sizes, quotes and prices
POOL_FEE = 3_000  # what the pool takes of base is given back: the house charges its own fee
FEE = 1_000  # the house's own, 0.1%, in millionths
FEED_TIMEOUT = 365 * 86_400  # an index that is this old would be taken from a pool of spot
TWAP = 900  # of the index, as the house's funding and premium want it
HISTORY = 1_800  # seconds that the mark's longest average looks back
PAUSE = 15  # seconds after which the house takes a new tick to measure a block's move from
STEP_TICKS = 1_000  # a trade may move the price by that much of a tick at most: the cap, some 10%
_STEP = Fraction(108, 100)  # safely within it

_NEAR: int = 2**40  # of a root: less than a unit of a price, and too little to trade
FULL_RANGE = 887_220  # the last tick of the pool's spacing
_PLENTY = 10**12  # dollars of margin of those who make and move the market
_HUGE = 10**9 * ONE  # more base than any trade to a price needs


class Position(NamedTuple):
    """An account's market as AccountBalance stores it: size and what it was sold for, both 18 decimals, signed."""

    size: int
    notional: int
    growth: int  # the funding growth up to which it has paid, x 2^96


@dataclass(frozen=True)
class PerpLab:
    """The contracts, and one market of `base` in which a maker provides the whole range of prices."""

    chain: Chain
    admin: str
    usdc: Token
    feed: Feed
    house: Contract
    vault: Contract
    balances: Contract
    exchange: Contract
    registry: Contract
    config: Contract
    insurance: Contract
    index_feed: Contract
    base: Token
    quote: Token
    pool: Pool

    # ── what an account has ────────────────────────────────────────────────────────────────

    def position(self, user: str) -> Position:
        return Position(*self.balances.call("getAccountInfo", user, self.base))

    def balance(self, user: str) -> int:
        """Margin that is booked, in dollars of 6 decimals, signed: without what is owed either way."""
        return int(self.vault.call("getBalance", user))

    def owed(self, user: str) -> int:
        """Realized profit that is not booked yet, 18 decimals, signed."""
        return int(self.balances.call("getPnlAndPendingFee", user)[0])

    def funding(self, user: str) -> int:
        """Funding that the account would pay now, 18 decimals; below zero it would get it."""
        return int(self.exchange.call("getPendingFundingPayment", user, self.base))

    def value(self, user: str) -> int:
        """The account's worth at the mark, in dollars of 6 decimals, rounded down."""
        return int(self.vault.call("getAccountValue", user))

    def free(self, user: str) -> int:
        """What may be withdrawn, in dollars of 6 decimals."""
        return int(self.vault.call("getFreeCollateralByToken", user, self.usdc))

    def required(self, user: str) -> int:
        """An account whose value is less than this may be liquidated; 18 decimals."""
        return int(self.balances.call("getMarginRequirementForLiquidation", user))

    def mark(self) -> int:
        """The price that positions are valued at, 18 decimals."""
        return int(self.balances.call("getMarkPrice", self.base))

    def index(self, interval: int = 0) -> int:
        """The feed's price as the market reads it, 18 decimals, or its average over so many seconds."""
        return int(self.base.contract.call("getIndexPrice", interval))

    def market(self, interval: int = 0) -> int:
        """The pool's price, 18 decimals, or its average over so many seconds."""
        root = int(self.exchange.call("getSqrtMarketTwapX96", self.base, interval))
        return (root * root >> 96) * ONE >> 96

    # ── what users do ──────────────────────────────────────────────────────────────────────

    def deposit(self, user: str, amount: int) -> Receipt:
        """Mint dollars and put them in as margin."""
        self.usdc.provide(user, self.vault, amount)
        return self.vault.send("deposit", self.usdc, amount, sender=user)

    def withdraw(self, user: str, amount: int) -> Receipt:
        return self.vault.send("withdraw", self.usdc, amount, sender=user)

    def short(self, user: str, size: int, least: int = 0) -> Receipt:
        """Sell exactly so much base; the receipt's value is (base, quote after the fee)."""
        return self._open(user, True, True, size, least)

    def cover(self, user: str, size: int, most: int = 0) -> Receipt:
        """Buy exactly so much base; the receipt's value is (base, quote with the fee)."""
        return self._open(user, False, False, size, most)

    def close(self, user: str, bound: int = 0) -> Receipt:
        """Close what is open; only a part of it where all of it would move the price too far."""
        return self.house.send("closePosition", (self.base, 0, bound, NEVER, b"\0" * 32), sender=user)

    def liquidate(self, liquidator: str, user: str) -> Receipt:
        """Take over as much of a position as may be."""
        return self.house.send("liquidate(address,address)", user, self.base, sender=liquidator)

    def provide(self, maker: str, base: int, quote: int) -> Receipt:
        """Make the market over all prices."""
        ticks = (-FULL_RANGE, FULL_RANGE)
        return self.house.send("addLiquidity", (self.base, base, quote, *ticks, 0, 0, False, NEVER), sender=maker)

    # ── what tests turn ────────────────────────────────────────────────────────────────────

    def move_to(self, price: Number, trader: str) -> None:
        """Trade until the pool's price is this one. More than a tenth takes several blocks: time passes."""
        target = Fraction(price)
        while (here := self.pool.price()) != (stop := min(max(target, here / _STEP), here * _STEP)):
            limit = self.pool.root(stop)
            if abs(limit - self.pool.contract.call("slot0")[0]) < _NEAR:
                return
            self._open(trader, stop < here, stop < here, _HUGE, 0, limit)
            if stop == target:
                return
            self.chain.warp(PAUSE)

    def average(self) -> None:
        """Let the market stand still until all averages are the prices of now."""
        self.chain.warp(HISTORY)
        self.feed.refresh()
        self.settle_index()

    def settle_index(self) -> None:
        """What its keeper does: the index takes the feed's answer into its averages."""
        self.index_feed.send("cacheTwap", TWAP, sender=self.admin)

    def _open(self, user: str, sells: bool, given: bool, amount: int, bound: int, limit: int = 0) -> Receipt:
        params = (self.base, sells, given, amount, bound, NEVER, limit, b"\0" * 32)
        return self.house.send("openPosition", params, sender=user)


def core(name: str) -> Artifact:
    """One of the protocol's contracts."""
    return npm_artifact(_PACKAGE, name, _CORE)


def deploy_perp(
    chain: Chain, admin: str, usdc: Token, feed: Feed, uniswap: UniswapLab, *, pool_fee: int = POOL_FEE, fee: int = FEE
) -> PerpLab:
    """The whole protocol and one market at the feed's price, in which nobody has put anything yet."""

    def made(name: str, *args: object) -> Contract:
        contract = chain.deploy_artifact(core(name), sender=admin)
        contract.send("initialize", *args, sender=admin)
        return contract

    chainlink = npm_artifact(_PACKAGE, "ChainlinkPriceFeedV3", _ORACLE)
    index_feed = chain.deploy_artifact(chainlink, feed.contract, FEED_TIMEOUT, TWAP, sender=admin)
    dispatcher = npm_artifact(_PACKAGE, "PriceFeedDispatcher", _ORACLE)
    prices = chain.deploy_artifact(dispatcher, index_feed, sender=admin)
    quote = made("QuoteToken", "vUSD", "vUSD")
    base = made("BaseToken", "vETH", "vETH", prices)
    while int(base.address, 16) > int(quote.address, 16):  # the market wants them in this order
        base = made("BaseToken", "vETH", "vETH", prices)
    config, registry = made("ClearingHouseConfig"), made("MarketRegistry", uniswap.factory, quote)
    orders = made("OrderBook", registry)
    balances, exchange = made("AccountBalance", config, orders), made("Exchange", registry, orders, config)
    insurance = made("InsuranceFund", usdc)
    vault = made("Vault", insurance, config, balances, exchange)
    collateral = made("CollateralManager", config, vault, 5, 750_000, 500_000, 2_000, 30_000, 10**10, 5 * 10**8)
    orders.send("setExchange", exchange, sender=admin)
    exchange.send("setAccountBalance", balances, sender=admin)
    house = made("ClearingHouse", config, vault, quote, uniswap.factory, exchange, balances, insurance)
    for contract in (registry, orders, exchange, balances, vault):
        contract.send("setClearingHouse", house, sender=admin)
    for contract in (insurance, balances):
        contract.send("setVault", vault, sender=admin)
    vault.send("setCollateralManager", collateral, sender=admin)
    config.send("setSettlementTokenBalanceCap", 2**255, sender=admin)
    tokens = Token(base, "vETH", 18), Token(quote, "vUSD", 18)
    pool = uniswap.create_pool(*tokens, pool_fee, feed.price())
    for token in (base, quote):
        token.send("mintMaximumTo", house, sender=admin)
        for holder in (house, pool):
            token.send("addWhitelist", holder, sender=admin)
    registry.send("addPool", base, pool_fee, sender=admin)
    registry.send("setFeeRatio", base, fee, sender=admin)
    exchange.send("setMaxTickCrossedWithinBlock", base, STEP_TICKS, sender=admin)
    contracts = (house, vault, balances, exchange, registry, config, insurance, index_feed)
    return PerpLab(chain, admin, usdc, feed, *contracts, *tokens, pool)


def make_market(lab: PerpLab, maker: str, base: int) -> None:
    """Margin and liquidity of a maker at the feed's price, and history enough for every average before and after."""
    lab.settle_index()
    lab.average()
    lab.deposit(maker, lab.usdc.units(_PLENTY))
    lab.provide(maker, base, int(base * lab.feed.price()))


def open_market(lab: PerpLab, trader: str) -> None:
    """Margin of who moves the price, and a first trade: until then, and as long again, funding averages over less."""
    lab.deposit(trader, lab.usdc.units(_PLENTY))
    lab.short(trader, ONE)
    lab.cover(trader, ONE)
    lab.move_to(lab.feed.price(), trader)
    lab.average()
