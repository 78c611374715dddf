"""The market of the exact machine: real venues' bookkeeping repeated in Python integers.

Only what is really the environment's is read from the chain: indices at the block's timestamp, and what a swap would
pay (Uniswap's own quoter). Balances, shares and scaled debts are booked here and never read back.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, fields

from differential.liquidity import Liquidity, Worths, liquidity_of
from differential.perp import PerpAccount, Traded
from lab.uniswap import Pool
from lab.world import CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS, World
from stratc_compiler.expr import Rounding
from stratc_compiler.interpret import Evaluator, Reverted
from stratc_compiler.ranges import quotient
from stratc_compiler.standing import Attestation
from stratc_compiler.vault import FlashLoan, Held, Swap, Vault
from stratc_compiler.vault import Trade as PerpTrade
from stratc_dsl.strategy import AaveV3, PerpV2, UniswapV3, UniswapV3Lp
from stratc_targets.venues.aave_v3.exact import AaveAccount, Category, Reserve
from stratc_targets.venues.erc4626.exact import Erc4626Books
from stratc_targets.venues.morpho_blue.exact import MorphoMarket
from stratc_targets.venues.perp_v2.emit import MILLION
from stratc_targets.venues.perp_v2.model import PENALTY
from stratc_targets.venues.uniswap_v3.exact import LendingPool
from venues.morpho_books import market_of

Trade = tuple[str, str, int]
"""(sold, bought, amount)"""

Quote = Callable[[Trade, tuple[Trade, ...]], int]
"""A swap, and those before it that the chain has not seen yet, to what it would pay."""


@dataclass
class FeedState:
    """A Chainlink feed as the vault may read it. `answer` has 8 decimals."""

    answer: int
    updated_at: int
    heartbeat: int

    def usable(self, now: int) -> bool:
        return 0 < self.answer <= 2**128 and 0 < self.updated_at <= now <= self.updated_at + self.heartbeat

    def price(self, now: int) -> int:
        """In 10^-18 USD. Raises Reverted where the contract would not accept it."""
        if not 0 < self.updated_at <= now:
            raise Reverted("oracle: answer from the future" if self.updated_at else "oracle: no answer")
        if now > self.updated_at + self.heartbeat:
            raise Reverted("oracle: stale price")
        if not self.usable(now):
            raise Reverted("oracle: price out of range")
        return self.answer * 10**10


@dataclass
class SequencerState:
    """What the sequencer's uptime feed says, and since when."""

    answer: int
    since: int

    def is_up(self, now: int) -> bool:
        return self.answer == 0 and self.since > 0 and now - self.since > 3_600


@dataclass
class ExactMarket:
    """`stratc_compiler.standing.Market` of one vault at `address`.

    `moment` is another number whenever the pool has traded; `trades` are swaps, and the moment at which they were made.
    """

    vault: Vault
    address: str
    aave: AaveAccount
    save: Erc4626Books
    feeds: dict[str, FeedState]
    time: int
    quote: Quote
    sequencer: SequencerState | None = None
    blue: MorphoMarket | None = None
    pool: LendingPool | None = None
    range: Liquidity | None = None
    perp: PerpAccount | None = None
    balances: dict[tuple[str, str], int] = field(default_factory=dict)
    attestations: dict[str, Attestation] = field(default_factory=dict)
    moment: Callable[[], int] = lambda: 0
    trades: tuple[int, tuple[Trade, ...]] = (0, ())
    shorts: tuple[int, tuple[Traded, ...]] = (0, ())

    @property
    def account(self) -> PerpAccount:
        """The account at Perp v2, where the vault has one."""
        assert self.perp is not None
        return self.perp

    @property
    def morpho(self) -> MorphoMarket:
        """Morpho's market, where the vault has an account in it."""
        assert self.blue is not None
        return self.blue

    @property
    def lending(self) -> LendingPool:
        """The pool that lends, where there is one."""
        assert self.pool is not None
        return self.pool

    @property
    def liquidity(self) -> Liquidity:
        """The vault's position in a range, where it has one."""
        assert self.range is not None
        return self.range

    def now(self) -> int:
        return self.time

    def usable(self, token: str) -> bool:
        return self._sequencer_is_up() and self.feeds[token].usable(self.time)

    def _sequencer_is_up(self) -> bool:
        return self.sequencer is None or self.sequencer.is_up(self.time)

    def attestation(self, uid: str) -> Attestation | None:
        return self.attestations.get(uid)

    def balance(self, token: str, holder: str) -> int:
        return self.balances.get((token, holder), 0)

    def read(self, name: str) -> int:
        word, _, inside = name.removesuffix(")").partition("(")
        if self.range is not None and self.range.of.name in (word, inside):
            return self._read_range(word)
        match word:
            case "idle":
                return self.balance(inside, self.address)
            case "price":
                if not self._sequencer_is_up():
                    raise Reverted("oracle: sequencer not up for an hour")
                return self.feeds[inside].price(self.time)
            case "unit":
                return self.aave.reserves[inside].unit
            case "aave.collateral":
                return self.aave.reserves[inside].supplied
            case "aave.debt":
                return self.aave.reserves[inside].owed
            case "blue.collateral":
                return self.morpho.account(self.address).collateral
            case "blue.debt":
                return self.morpho.owed(self.address)
            case "blue.supply":
                return self.morpho.lent(self.address)
            case "save":
                return self.save.value(self.address)
            case "perp.margin":
                return self.account.cash
            case "perp.short":
                return self.account.short
            case "liquidity" if inside == "perp.margin":
                return self.account.realized
            case "liquidity" if inside.startswith("blue.supply("):
                return self.morpho.liquid
            case "liquidity" if inside.startswith("blue."):
                return self.morpho.account(self.address).collateral
            case "liquidity" if inside == "save":
                return self.save.max_withdraw(self.address)
            case "liquidity":
                reserve = self.aave.reserves[inside.partition("(")[2].removesuffix(")")]
                return 0 if reserve.paused else reserve.available
            case "shortfall":
                return self._shortfall(inside)
        raise KeyError(name)

    def _read_range(self, word: str) -> int:
        low, high = self.liquidity.ends
        return {"low": low, "high": high}.get(word, self.liquidity.held)

    def _shortfall(self, venue: str) -> int:
        """Basis points by which the terms of what is collateral there are below those of the strategy; at Perp
        millionths by which more is asked for, or taken, and one where the market is not open.
        """
        terms = self.vault.strategy.venue(venue).terms
        if isinstance(terms, PerpV2):
            books = self.account.books
            asked = ((books.initial, terms.initial), (books.maintenance, terms.maintenance), (books.penalty, PENALTY))
            return sum(max(now - int(proved * MILLION), 0) for now, proved in asked) + (not self.account.is_open)
        assert isinstance(terms, AaveV3)
        used = {held.token for held in self.vault.venue(venue).positions if not held.debt}
        short = 0
        for one in (one for one in terms.collateral if one.token in used):
            reserve = self.aave.reserves[one.token]
            now = reserve.category or (reserve.ltv, reserve.threshold)
            stated = (int((share or 0) * 10_000) for share in (one.ltv, one.threshold))
            short += sum(max(was - is_, 0) for was, is_ in zip(stated, now, strict=True))
        return short

    # ── moves ──────────────────────────────────────────────────────────────────────────────

    def mint(self, token: str, holder: str, amount: int) -> None:
        self.balances[token, holder] = self.balance(token, holder) + amount

    def burn(self, token: str, holder: str, amount: int) -> None:
        if self.balance(token, holder) < amount:
            raise Reverted(f"{token}: balance too low")
        self.balances[token, holder] = self.balance(token, holder) - amount

    def transfer(self, token: str, sender: str, receiver: str, amount: int) -> None:
        self.burn(token, sender, amount)
        self.mint(token, receiver, amount)

    def enter(self, held: Held, amount: int) -> None:
        if held.venue == "blue":
            self._enter_morpho(held, amount)
            return
        if held.debt:
            self.aave.borrow(held.token, amount)
            self.mint(held.token, self.address, amount)
            return
        self.burn(held.token, self.address, amount)
        if held.venue == "perp":
            self.account.books.deposit(self.address, amount)
        elif held.venue == "aave":
            (self.aave.pledge if self.aave.reserves[held.token].category else self.aave.supply)(held.token, amount)
        else:
            before = self.save.value(self.address)
            self.save.deposit(self.address, amount)
            share = min(self.save.to_assets(1, Rounding.DOWN), (before + amount) // 100_000)
            if self.save.value(self.address) + held.rounding + 1 + share < before + amount:
                raise Reverted("erc4626: deposit lost value")

    def _enter_morpho(self, held: Held, amount: int) -> None:
        if held.position.kind == "supply":
            self.burn(held.token, self.address, amount)
            if self.morpho.supply(self.address, amount) < amount:
                raise Reverted("morpho_blue: a share is worth more than a unit")
            return
        if not held.debt:
            self.burn(held.token, self.address, amount)
            self.morpho.supply_collateral(self.address, amount)
            return
        if self.morpho.borrow(self.address, amount) < amount:
            raise Reverted("morpho_blue: a share is worth more than a unit")
        self.mint(held.token, self.address, amount)

    def _leave_morpho(self, held: Held, amount: int) -> None:
        if held.position.kind == "supply":
            self.morpho.draw(self.address, amount)
            self.mint(held.token, self.address, amount)
            return
        if not held.debt:
            self.morpho.withdraw_collateral(self.address, amount)
            self.mint(held.token, self.address, amount)
            return
        self.morpho.pay_back(self.address, amount)
        self.burn(held.token, self.address, amount)

    def leave(self, held: Held, amount: int) -> None:
        if held.venue == "blue":
            self._leave_morpho(held, amount)
            return
        if held.debt:
            if self.aave.repay(held.token, amount) != amount:
                raise Reverted("aave_v3: took less")
            self.burn(held.token, self.address, amount)
            return
        if held.venue == "perp":
            self.account.withdraw(amount)
        elif held.venue == "aave":
            self.aave.withdraw(held.token, amount)
        else:
            self.save.withdraw(self.address, amount)
        self.mint(held.token, self.address, amount)

    def hand_over(self, held: Held, share: Callable[[int], int], receiver: str) -> None:
        """aTokens, the savings vault's shares, or what is drawn from Morpho. What is nothing is not sent."""
        if held.venue == "blue":
            if amount := share(self.read(held.name)):
                self._leave_morpho(held, amount)
                self.transfer(held.token, self.address, receiver, amount)
        elif held.range is not None:
            if part := share(self.liquidity.held):
                came = self.liquidity.give(part)
                for token, amount in zip(held.tokens, came, strict=True):
                    self.mint(token, receiver, amount)
        elif held.venue == "aave":
            if amount := share(self.aave.reserves[held.token].supplied):
                self.aave.hand_over(held.token, amount)
        else:
            self.save.transfer(self.address, receiver, share(self.save.shares.get(self.address, 0)))

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        trade, before = (item.sold, item.bought, amount), self._not_seen_yet()
        in_the_pool = self.range is not None and self._is_one_pool(item.swap.name, self.range.of.name)
        received = self.liquidity.sell(item.sold, amount) if in_the_pool else self.quote(trade, before)
        if received < minimum:
            raise Reverted("Too little received")
        self.burn(item.sold, self.address, amount)
        self.mint(item.bought, self.address, received)
        self.trades = self.moment(), (*before, trade)
        return received

    def trade(self, item: PerpTrade, amount: int, bound: int) -> None:
        at, before = self.shorts
        before = before if at == self.moment() else ()
        traded = (item.covers, amount)
        fill, root = self.account.fill(traded, before)
        self.account.trade(item, amount, bound, fill, root)
        self.shorts = self.moment(), (*before, traded)

    def settle_funding(self, venue: str) -> None:
        if not self.account.stopped:
            self.account.books.settle_all(self.address)

    def _not_seen_yet(self) -> tuple[Trade, ...]:
        """Swaps of this transaction: the chain makes it after the machine."""
        at, trades = self.trades
        return trades if at == self.moment() else ()

    def _is_one_pool(self, dex: str, liquidity: str) -> bool:
        one, other = (self.vault.strategy.venue(name).terms for name in (dex, liquidity))
        assert isinstance(one, UniswapV3)
        assert isinstance(other, UniswapV3Lp)
        return (one.fee, {one.token, one.quote}) == (other.fee, {other.token, other.quote})

    # ── liquidity ──────────────────────────────────────────────────────────────────────────

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        before = self._worth(held)
        self.liquidity.check_near(self._quotient())
        took = self.liquidity.provide(token, base)
        for name, amount in zip(held.tokens, took, strict=True):
            self.burn(name, self.address, amount)
        if self._worth(held) < before + minimum:
            raise Reverted("range: worth less than was asked for")
        return took

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        if checked:
            self.liquidity.check_near(self._quotient())
        came = self.liquidity.withdraw(liquidity)
        for name, amount in zip(held.tokens, came, strict=True):
            self.mint(name, self.address, amount)
        return came

    def _worth(self, held: Held) -> int:
        return Evaluator(self.vault, self).named(held.value.name)

    def _quotient(self) -> Worths:
        token, base = (Evaluator(self.vault, self).value(side) for side in quotient(self.liquidity.of))
        return token, base

    def lend(self, loan: FlashLoan, amount: int) -> int:
        if loan.lender == "blue":  # of all that lies there; in the lab there is one market
            if amount > self.morpho.liquid:
                raise Reverted("morpho: transfer reverted")
            self.mint(loan.token, self.address, amount)
            return amount
        lends = self.lending.flash if loan.lender == "pool" else self.aave.flash_loan
        owed = lends(loan.token, amount)
        self.mint(loan.token, self.address, amount)
        return owed

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        self.burn(loan.token, self.address, owed)
        if loan.lender == "pool":
            self.lending.give_back(loan.token, owed)
        elif loan.lender == "aave":
            self.aave.flash_repaid(loan.token, owed)

    # ── undo ───────────────────────────────────────────────────────────────────────────────

    def snapshot(self) -> object:
        perp = None if self.perp is None else self.perp.books
        return copy.deepcopy(
            (self.aave, self.save, self.balances, self.blue, self.pool, self.trades, self.range, self.shorts, perp)
        )

    def restore(self, snapshot: object) -> None:
        """In place: others hold references to the venues."""
        aave, save, balances, blue, self.pool, self.trades, self.range, self.shorts, perp = snapshot  # type: ignore[misc]
        if self.perp is not None:
            self.perp.books = perp
        self.aave.reserves, self.balances = aave.reserves, balances
        for one in fields(save):
            setattr(self.save, one.name, getattr(save, one.name))
        for one in fields(blue) if blue is not None else ():
            setattr(self.blue, one.name, getattr(blue, one.name))


# ── as the chain stands ────────────────────────────────────────────────────────────────────


def aave_account(world: World, category: bool = False) -> AaveAccount:
    """The account of somebody who has none yet, beside the reserves as they are; in the world's category, if wanted."""
    account = AaveAccount(flash_premium=world.aave.pool.call("FLASHLOAN_PREMIUM_TOTAL"))
    entered = Category(CATEGORY_LTV_BPS, CATEGORY_THRESHOLD_BPS) if category else None
    for token in world.tokens:
        configuration = world.aave.pool.call("getConfiguration", token)[0]
        account.reserves[token.symbol] = Reserve(
            unit=10**token.decimals,
            price=int(world.feeds[token.symbol].contract.call("latestAnswer")),
            available=token.balance(world.aave.reserve(token).a_token.address),
            ltv=configuration & 0xFFFF,
            threshold=configuration >> 16 & 0xFFFF,
            category=entered,
        )
    read_indices(world, account)
    return account


def read_indices(world: World, account: AaveAccount) -> None:
    """Interest accrues by Aave's rates, which depend on everybody's debts: its indices are the environment's."""
    for token in world.tokens:
        reserve = account.reserves[token.symbol]
        reserve.liquidity_index = world.aave.pool.call("getReserveNormalizedIncome", token)
        reserve.borrow_index = world.aave.pool.call("getReserveNormalizedVariableDebt", token)


def save_books(world: World) -> Erc4626Books:
    """The savings vault as it is, all shares with the whale."""
    contract = world.save.contract
    supply = contract.call("totalSupply")
    assert contract.call("balanceOf", world.whale) == supply
    return Erc4626Books(world.save.total_assets(), supply, {world.whale: supply}, contract.call("lentOut"))


def lending_pool(pool: Pool) -> LendingPool:
    """The pool as it is."""
    held = {token.symbol: token.balance(pool.address) for token in (pool.base, pool.quote)}
    return LendingPool(pool.fee, pool.contract.call("liquidity"), held)


def exact_market(world: World, vault: Vault, address: str) -> ExactMarket:
    """Beside a vault that was just deployed."""
    heartbeats = {token.name: token.price.heartbeat for token in vault.strategy.tokens}

    def quote(trade: Trade, before: tuple[Trade, ...]) -> int:
        start = world.chain.snapshot() if before else None
        for sold, bought, amount in before:
            world.token(sold).provide(world.arbitrageur, world.uniswap.router, amount)
            world.pool_of(sold, bought).swap(world.arbitrageur, world.token(sold), amount)
        sold, bought, amount = trade
        received = world.pool_of(sold, bought).quote_in(world.token(sold), amount)
        if start is not None:
            world.chain.revert(start)
        return received

    feeds = {
        symbol: FeedState(int(feed.contract.call("latestAnswer")), feed.updated_at(), heartbeats.get(symbol, 2**63))
        for symbol, feed in world.feeds.items()
    }
    emode = any(isinstance(venue.terms, AaveV3) and venue.terms.emode for venue in vault.strategy.venues)
    account, save = aave_account(world, emode), save_books(world)
    blue = None if world.blue is None else market_of(world)
    pool = None if world.lending is None else lending_pool(world.lending)

    perps = () if world.perpetual is None else (world.perp.pool,)

    def moment() -> int:
        fees = (pool.contract.call(f"feeGrowthGlobal{side}X128") for pool in (*world.pools, *perps) for side in (0, 1))
        return sum(fees)

    perp = None if world.perpetual is None else PerpAccount(world.perp, address, world.arbitrageur)
    now = world.chain.timestamp()
    market = ExactMarket(
        vault, address, account, save, feeds, now, quote, blue=blue, pool=pool, perp=perp, moment=moment
    )
    for held in vault.ranges.values():
        assert held.range is not None
        worths = tuple(Evaluator(vault, market).value(side) for side in quotient(held.range))
        market.range = liquidity_of(range_pool(world, vault), vault, worths)
    return market


def range_pool(world: World, vault: Vault) -> Pool:
    """The pool that a vault provides liquidity in."""
    (held,) = vault.ranges.values()
    terms = vault.strategy.venue(held.name).terms
    assert isinstance(terms, UniswapV3Lp)
    pools = (*world.pools, *(() if world.lending is None else (world.lending,)))
    return next(
        pool
        for pool in pools
        if {pool.base.symbol, pool.quote.symbol} == {terms.token, terms.quote} and pool.fee == terms.fee * 1_000_000
    )
