"""A Uniswap v3 pool and the position manager, and both in exact integers: what one does the other does, to the unit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field

from eth_abi.packed import encode_packed
from eth_utils import keccak

from differential.pair import outcome
from lab.chain import Chain, RevmChain
from lab.chain import Reverted as ChainReverted
from lab.interface import Contract
from lab.npm import package
from lab.tokens import Token, deploy_usdc, deploy_weth
from lab.uniswap import NEVER, Pool, UniswapLab, deploy_uniswap
from stratc_compiler.interpret import Reverted
from stratc_targets.venues.uniswap_v3_lp.exact import EVERYTHING, Position, PositionBooks
from stratc_targets.venues.uniswap_v3_lp.pool import Both, PoolBooks, Share, fees, grown, lesser, plus
from stratc_targets.venues.uniswap_v3_lp.ticks import floor_to

Step = tuple[str, int, int]
"""What, and two numbers that say how."""


@dataclass(frozen=True)
class Market:
    """Uniswap, and two tokens to make pools of."""

    chain: Chain
    uniswap: UniswapLab
    usdc: Token
    weth: Token

    @property
    def tokens(self) -> tuple[Token, Token]:
        """As Uniswap orders them."""
        first, second = sorted((self.usdc, self.weth), key=lambda token: int(token.address, 16))
        return first, second


def market() -> Market:
    chain = RevmChain()
    admin = chain.accounts[0]
    usdc, weth = deploy_usdc(chain, admin), deploy_weth(chain, admin)
    return Market(chain, deploy_uniswap(chain, admin, weth), usdc, weth)


def pool_of(market: Market, fee: int, price: int) -> Pool:
    """An empty pool at a price in dollars."""
    return market.uniswap.create_pool(market.weth, market.usdc, fee, price)


@dataclass
class CountedBooks(PoolBooks):
    """A pool that counts how often it has booked fees of liquidity between two ticks."""

    booked: Counter[Both] = field(default_factory=Counter)

    def _modify(self, owner: str, lower: int, upper: int, change: int) -> None:
        self.booked[lower, upper] += self.share(owner, lower, upper).liquidity > 0
        super()._modify(owner, lower, upper, change)


class Beside:
    """The pool on the chain and in the books; `me` owns all positions and trades too."""

    def __init__(self, market: Market, fee: int, price: int) -> None:
        self.market, self.pool = market, pool_of(market, fee, price)
        self.manager: Contract = market.uniswap.positions
        self.me = market.chain.accounts[3]
        for token in market.tokens:
            for spender in (self.manager, market.uniswap.router):
                token.provide(self.me, spender, 2**120)
        self.books = PositionBooks(CountedBooks(fee, self.contract.call("slot0")[0]))
        self.middle = floor_to(self.books.pool.tick, self.books.pool.spacing)
        self.count: Counter[str] = Counter()
        self.missing: Counter[tuple[Both, int]] = Counter()
        """What was promised between these ticks of one of the tokens, and not paid."""

    @property
    def contract(self) -> Contract:
        return self.pool.contract

    def step(self, step: Step) -> None:
        what, first, second = step
        match what:
            case "mint":
                self.mint(first, second)
            case "increase":
                self.on_position(what, first, lambda number: self.increase(number, second))
            case "decrease":
                self.on_position(what, first, lambda number: self.decrease(number, second))
            case "collect":
                asked = EVERYTHING if second % 3 else (second, second // 7)
                self.on_position(what, first, lambda number: self.collect(number, asked))
            case "burn":
                self.on_position(what, first, self.burn)
            case "leave":
                self.on_position(what, first, self.leave)
            case "sell 0" | "sell 1":
                self.swap(what == "sell 0", first, second)
            case "protocol":
                self.charge(first, second)
        self.compare()

    def on_position(self, what: str, which: int, act: Callable[[int], object]) -> None:
        numbers = list(self.books.positions)
        if numbers:
            act(numbers[which % len(numbers)])
        else:
            self.count[f"{what} of nothing"] += 1

    def mint(self, where: int, size: int) -> None:
        """`where` says which ticks, around the first price; now and then such that are no multiples of the spacing."""
        spacing = self.books.pool.spacing
        lower = self.middle + (where % 41 - 20) * spacing
        upper = lower + (where // 41 % 30) * spacing + (1 if where % 97 == 0 else 0)
        desired, least = self.wanted(size), self.asked(size)
        tokens, fee = self.market.tokens, self.books.pool.fee
        params = (*tokens, fee, lower, upper, *desired, *least, self.me, NEVER)

        def called() -> object:
            number, liquidity, *paid = self.manager.send("mint", params, sender=self.me).value
            return number, liquidity, tuple(paid)

        self.both("mint", lambda: self.books.mint(lower, upper, desired, least), called)

    def increase(self, number: int, size: int) -> None:
        desired, least = self.wanted(size), self.asked(size)
        params = (number, *desired, *least, NEVER)

        def called() -> object:
            liquidity, *paid = self.manager.send("increaseLiquidity", params, sender=self.me).value
            return liquidity, tuple(paid)

        self.both("increase", lambda: self.books.increase(number, desired, least), called)

    def decrease(self, number: int, permille: int) -> object:
        liquidity, least = self.books.positions[number].liquidity * permille // 1_000, self.asked(permille)
        params = (number, liquidity, *least, NEVER)
        return self.both(
            "decrease",
            lambda: self.books.decrease(number, liquidity, least),
            lambda: tuple(self.manager.send("decreaseLiquidity", params, sender=self.me).value),
        )

    def collect(self, number: int, asked: Both) -> object:
        """What the books say that all of it would be is what all of it is; ever, less is missing of what was promised
        than the pool has rounded away."""
        owed, position = self.books.fees_owed(number), self.books.positions[number]
        promised, place = self.promised(position), (position.lower, position.upper)
        params = (number, self.me, *asked)
        held = [token.balance(self.me) for token in self.market.tokens]
        paid = self.both(
            "collect",
            lambda: self.books.collect(number, asked),
            lambda: tuple(self.manager.send("collect", params, sender=self.me).value),
        )
        if isinstance(paid, tuple):
            now = [token.balance(self.me) for token in self.market.tokens]
            assert tuple(after - before for after, before in zip(now, held, strict=True)) == paid == lesser(owed, asked)
            for which, (one, wanted) in enumerate(zip(paid, lesser(promised, asked), strict=True)):
                self.missing[place, which] += wanted - one
                assert wanted - one <= self.missing[place, which] <= max(self.booked[place] - 1, 0)
                self.count["paid less than promised"] += one < wanted
                self.count["paid a fee"] += one > 0
        return paid

    @property
    def booked(self) -> Counter[Both]:
        assert isinstance(self.books.pool, CountedBooks)
        return self.books.pool.booked

    def promised(self, position: Position) -> Both:
        """What the manager will say that it owes, once the fees of now are booked."""
        inside = self.books.pool.growth_inside(position.lower, position.upper)
        return plus(position.owed, fees(grown(inside, position.inside), position.liquidity))

    def leave(self, number: int) -> None:
        """All of it. Liquidity that is taken out is paid in full, whatever others at the same ticks have done."""
        came = self.decrease(number, 1_000)
        paid = self.collect(number, EVERYTHING)
        if isinstance(came, tuple):
            assert isinstance(paid, tuple)
            assert lesser(came, paid) == came
        self.burn(number)

    def burn(self, number: int) -> None:
        def called() -> object:
            self.manager.send("burn", number, sender=self.me)
            return None

        self.both("burn", lambda: self.books.burn(number), called)

    def swap(self, selling0: bool, size: int, limit: int) -> None:
        """`limit`, where it is not 0, is how many hundredths of a percent the root may move, perhaps the wrong way."""
        sold, bought = self.market.tokens if selling0 else self.market.tokens[::-1]
        root = None if limit == 0 else self.books.pool.root * (10_000 + (-limit if selling0 else limit)) // 10_000
        params = (sold, bought, self.books.pool.fee, self.me, NEVER, size, 0, root or 0)
        held = sold.balance(self.me)
        done = self.both(
            "swap",
            lambda: self.routed(selling0, size, root),
            lambda: self.market.uniswap.router.send("exactInputSingle", params, sender=self.me).value,
        )
        if done is not None:
            self.count["swap in part"] += held - sold.balance(self.me) < size

    def routed(self, selling0: bool, size: int, root: int | None) -> int:
        """The router refuses to pay nothing, as happens in a pool without liquidity."""
        paid, received = self.books.pool.swap(selling0, size, root)
        if paid == 0:
            raise Reverted("")
        return received

    def charge(self, first: int, second: int) -> None:
        """The protocol's part of fees: nothing, or one part in four to ten."""
        parts = tuple(0 if part % 11 < 4 else part % 11 for part in (first, second))
        self.contract.send("setFeeProtocol", *parts, sender=self.market.uniswap.admin)
        self.books.pool.protocol = parts[0], parts[1]
        self.count["protocol done"] += 1

    def wanted(self, size: int) -> Both:
        """Both amounts, not in the pool's proportion."""
        scales = (10**6, 10**15) if self.market.tokens[0] == self.market.usdc else (10**15, 10**6)
        return size * scales[0] // (1 + size % 5), size * scales[1] // (1 + size % 3)

    def asked(self, size: int) -> Both:
        """The least that is to be taken or paid: mostly anything, now and then more than there is."""
        return (2**100, 0) if size % 23 == 0 else (0, 1) if size % 17 == 0 else (0, 0)

    def both(self, what: str, booked: Callable[[], object], called: Callable[[], object]) -> object:
        """Both give the same, or both revert, for the reason that Uniswap gives."""
        kept = deepcopy(self.books)
        expected, told = outcome(booked, Reverted)
        found, reason = outcome(called, ChainReverted)
        assert (told is None) == (reason is None), f"{what}: the books say {told!r}, Uniswap {reason!r}"
        if told is None:
            assert expected == found, f"{what}: the books say {expected}, Uniswap {found}"
            self.count[f"{what} done"] += 1
            return expected
        self.books = kept
        told = "no reason given" if told == "division by zero" else told
        assert told == str(reason).rpartition(": ")[2], f"{what}: the books say {told!r}, Uniswap {reason!r}"
        self.count[f"{what} reverted"] += 1
        return None

    def compare(self) -> None:
        """All that the pool and the manager store of what is modelled."""
        books, contract = self.books.pool, self.contract
        root, tick, *_ = contract.call("slot0")
        assert (root, tick) == (books.root, books.tick)
        assert contract.call("liquidity") == books.liquidity
        growth = contract.call("feeGrowthGlobal0X128"), contract.call("feeGrowthGlobal1X128")
        assert growth == books.growth
        assert tuple(contract.call("protocolFees")) == books.protocol_fees
        for at, known in books.ticks.items():
            gross, net, *outside = contract.call("ticks", at)[:4]
            assert (gross, net, tuple(outside)) == (known.gross, known.net, known.outside)
        for (_, lower, upper), share in books.shares.items():
            key = keccak(encode_packed(["address", "int24", "int24"], [self.manager.address, lower, upper]))
            assert self.as_share(contract.call("positions", key)) == share
        for number, position in self.books.positions.items():
            stored = self.manager.call("positions", number)
            assert tuple(stored[5:7]) == (position.lower, position.upper)
            assert self.as_share(stored[7:]) == Share(position.liquidity, position.inside, position.owed)

    @staticmethod
    def as_share(stored: tuple[int, ...]) -> Share:
        liquidity, inside0, inside1, owed0, owed1 = stored
        return Share(liquidity, (inside0, inside1), (owed0, owed1))


def tick_math() -> str:
    """The text of Uniswap's own library."""
    return (package("@uniswap/v3-core") / "contracts" / "libraries" / "TickMath.sol").read_text(encoding="utf-8")
