"""Uniswap v3 (npm @uniswap/v3-core and v3-periphery): factory, routers, pools whose price tests can move."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from lab.artifacts import npm_artifact
from lab.interface import Chain, Contract, Receipt
from lab.tokens import Number, Token

ZERO = "0x" + "00" * 20
NEVER = 2**63  # deadline
FULL_RANGE = 887_272
"""The last tick: what lies over all prices ends at the last one before it that the pool has."""

_SPACING = {100: 1, 500: 10, 3_000: 60, 10_000: 200}
_PURSE = 10**12  # whole tokens that a trader who moves the price holds at least
_OBSERVATIONS = 100


@dataclass(frozen=True)
class Pool:
    """A pool of `base` and `quote`; prices are whole `quote` per whole `base`, whichever is the pool's token0."""

    lab: UniswapLab
    contract: Contract
    base: Token
    quote: Token
    fee: int  # in millionths: 500 is 0.05%

    @property
    def address(self) -> str:
        return self.contract.address

    @property
    def base_is_token0(self) -> bool:
        """Uniswap orders a pool's tokens by address."""
        return int(self.base.address, 16) < int(self.quote.address, 16)

    def price(self) -> Fraction:
        """The marginal price, exactly as the pool stores it."""
        root: int = self.contract.call("slot0")[0]
        square = root * root
        ratio = Fraction(square, 2**192) if self.base_is_token0 else Fraction(2**192, square)
        return ratio * Fraction(10**self.base.decimals, 10**self.quote.decimals)

    def add_liquidity(self, provider: str, base: int, quote: int) -> int:
        """Mint both amounts and put them to work over the whole price range; returns the position's id."""
        for token, amount in ((self.base, base), (self.quote, quote)):
            token.provide(provider, self.lab.positions, amount)
        spacing = _SPACING[self.fee]
        tick = FULL_RANGE // spacing * spacing
        tokens, amounts = (self.base, self.quote), (base, quote)
        if not self.base_is_token0:
            tokens, amounts = tokens[::-1], amounts[::-1]
        params = (*tokens, self.fee, -tick, tick, *amounts, 0, 0, provider, NEVER)
        return int(self.lab.positions.send("mint", params, sender=provider).value[0])

    def remove_liquidity(self, provider: str) -> int:
        """Take the provider's newest position out of the price, and leave what it was worth lying in the pool."""
        last = self._newest(provider)
        liquidity = self.lab.positions.call("positions", last)[7]
        self.lab.positions.send("decreaseLiquidity", (last, liquidity, 0, 0, NEVER), sender=provider)
        return last

    def collect(self, provider: str, position: int) -> None:
        """What lies in the pool for a position goes to its owner."""
        most = 2**128 - 1
        self.lab.positions.send("collect", (position, provider, most, most), sender=provider)

    def _newest(self, provider: str) -> int:
        positions = self.lab.positions
        return int(positions.call("tokenOfOwnerByIndex", provider, positions.call("balanceOf", provider) - 1))

    def quote_in(self, token_in: Token, amount_in: int) -> int:
        """What QuoterV2 says an exact input gives."""
        params = (token_in, self._other(token_in), amount_in, self.fee, 0)
        return int(self.lab.quoter.call("quoteExactInputSingle", params)[0])

    def swap(self, trader: str, token_in: Token, amount_in: int, min_out: int = 0) -> Receipt:
        """Swap what the trader holds and has approved to the router; the receipt's value is the output."""
        return self._swap(trader, token_in, amount_in, min_out, 0)

    def move_to(self, price: Number, trader: str) -> None:
        """Trade until the pool's price is `price` (to the 2^-96 that it can store)."""
        target, current = self.root(price), self.contract.call("slot0")[0]
        if target == current:
            return
        selling_token0 = target < current
        token_in = self.base if selling_token0 == self.base_is_token0 else self.quote
        purse = token_in.units(_PURSE)
        token_in.provide(trader, self.lab.router, purse)
        self._swap(trader, token_in, purse, 0, target)

    def _swap(self, trader: str, token_in: Token, amount_in: int, min_out: int, limit: int) -> Receipt:
        params = (token_in, self._other(token_in), self.fee, trader, NEVER, amount_in, min_out, limit)
        return self.lab.router.send("exactInputSingle", params, sender=trader)

    def _other(self, token: Token) -> Token:
        return self.quote if token == self.base else self.base

    def root(self, price: Number) -> int:
        """A price as the pool stores it."""
        return _sqrt_price_x96(Fraction(price), self.base, self.quote)


@dataclass(frozen=True)
class UniswapLab:
    """Uniswap v3's contracts. `router` is SwapRouter, whose parameters have a deadline (SwapRouter02's have not)."""

    chain: Chain
    admin: str
    factory: Contract
    router: Contract
    positions: Contract
    quoter: Contract

    def create_pool(self, base: Token, quote: Token, fee: int, price: Number) -> Pool:
        """An empty pool at a price in whole `quote` per whole `base`, with room for a TWAP."""
        tokens = sorted((base.address, quote.address))
        root = _sqrt_price_x96(Fraction(price), base, quote)
        created = self.positions.send("createAndInitializePoolIfNecessary", *tokens, fee, root, sender=self.admin)
        contract = self.chain.at(npm_artifact("@uniswap/v3-core", "UniswapV3Pool"), created.value)
        contract.send("increaseObservationCardinalityNext", _OBSERVATIONS, sender=self.admin)
        return Pool(self, contract, base, quote, fee)


def deploy_uniswap(chain: Chain, admin: str, weth: Token) -> UniswapLab:
    """Uniswap v3 without pools."""
    factory = chain.deploy_artifact(npm_artifact("@uniswap/v3-core", "UniswapV3Factory"), sender=admin)

    def periphery(path: str, *more: str) -> Contract:
        artifact = npm_artifact("@uniswap/v3-periphery", path)
        return chain.deploy_artifact(artifact, factory.address, weth.address, *more, sender=admin)

    return UniswapLab(
        chain,
        admin,
        factory,
        router=periphery("SwapRouter"),
        positions=periphery("NonfungiblePositionManager", ZERO),  # the descriptor only draws pictures
        quoter=periphery("lens/QuoterV2"),
    )


def _sqrt_price_x96(price: Fraction, base: Token, quote: Token) -> int:
    """sqrt(token1 per token0, in smallest units) times 2^96, rounded down."""
    raw = price * 10**quote.decimals / 10**base.decimals
    if int(base.address, 16) > int(quote.address, 16):
        raw = 1 / raw
    return isqrt((raw.numerator << 192) // raw.denominator)
