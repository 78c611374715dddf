"""A compiled vault on the real venues and the exact machine beside it, told the same story step by step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, partial
from typing import Any

from differential.market import ExactMarket, SequencerState, exact_market, range_pool, read_indices
from lab.chain import Reverted as ChainReverted
from lab.world import World
from stratc_compiler.certify import ProvedVault
from stratc_compiler.interpret import Reverted
from stratc_compiler.machine import Machine
from stratc_compiler.standing import Roles
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.symbols import symbols_of
from vyper_target.vaults import Deployed, deploy

_OWN_WORDS = (
    *("arith", "deposit", "depositors", "exit", "flash", "floor", "hedge", "mode", "oracle"),
    *("range", "request", "ring", "roles", "round", "rule", "shares", "uniswap_v3_lp", "unwind", "withdraw"),
)
"""What the contract's own revert reasons begin with; those must be the same in both."""


class Disagreement(AssertionError):
    """The contract and the machine differ."""


@dataclass
class Tally:
    """How often each operation succeeded and reverted: a run that does nothing must not pass."""

    done: Counter[str] = field(default_factory=Counter)
    reverted: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    @property
    def operations(self) -> int:
        return self.done.total() + self.reverted.total()

    def told(self) -> str:
        names = sorted(self.done | self.reverted)
        lines = [f"{name:<18} {self.done[name]:>6} done {self.reverted[name]:>6} reverted" for name in names]
        return "\n".join([f"{self.operations} operations", *lines, *map(str, self.reasons.most_common())])


@dataclass
class Pair:
    """Both, with the same people."""

    world: World
    chain: Deployed
    machine: Machine
    market: ExactMarket
    tally: Tally

    @property
    def users(self) -> tuple[str, ...]:
        return self.world.users[:3]

    @cached_property
    def fields(self) -> dict[str, str]:
        """The member of the contract's `State` for each name of the machine's."""
        return symbols_of(self.machine.vault).fields

    # ── calls ──────────────────────────────────────────────────────────────────────────────

    def both(self, name: str, exact: Callable[[], Any], onchain: Callable[[], Any]) -> Any:
        """Both succeed with the same value, or both revert, for the same reason where it is the contract's own."""
        expected, told = outcome(exact, Reverted)
        actual, reason = outcome(onchain, ChainReverted)
        if self.market.perp is not None:
            self.market.perp.read()
        if told is None and reason is None:
            _same(f"value of {name}", expected, actual)
            self.tally.done[name] += 1
            return actual
        if told is None or reason is None:
            raise Disagreement(f"{name}: the machine {told or 'succeeds'}, the contract {reason or 'succeeds'}")
        if reason.partition(":")[0] in _OWN_WORDS:
            _same(f"reason of {name}", told, reason)
        self.tally.reverted[name] += 1
        self.tally.reasons[f"{name}: {told}"] += 1
        return None

    def beside(self, name: str, exact: Callable[[], object], onchain: Callable[[], object]) -> None:
        """What others do at a venue: both succeed or both revert, and then the books are as they were; what they
        return is not compared."""

        def booked() -> None:
            kept = self.market.snapshot()
            try:
                exact()
            except Reverted:
                self.market.restore(kept)
                raise

        def called() -> None:
            onchain()

        self.both(name, booked, called)

    def send(self, name: str, sender: str, exact: Callable[[], Any], fn: str, *args: Any) -> Any:
        """A transaction to the vault."""
        return self.both(name, exact, lambda: self.chain.contract.send(fn, *args, sender=sender).value)

    # ── comparison ─────────────────────────────────────────────────────────────────────────

    def compare(self, probe: int, user: str) -> None:
        """Everything that can be seen of the vault; previews for the amount `probe`, limits for one user."""
        call, machine = self.chain.call, self.machine
        self.compare_state()
        book = machine.book
        _same("supply", book.supply, call("totalSupply"))
        _same("mode", int(book.mode), call("mode"))
        _same("round assets", book.round_assets, call("round_assets"))
        _same("withdrawn in the round", book.round_withdrawn, call("round_withdrawn"))
        _same("round allowance", machine.round_allowance(), call("round_allowance"))
        if machine.vault.guard is not None:
            for token in machine.vault.guard.remembered:
                then = book.round_prices.get(token, 0)
                _same(f"price of {token} when the round began", then, call(f"round_price_{token.lower()}"))
        if machine.vault.deposits is not None:
            _same("deposited in the round", book.round_deposited, call("round_deposited"))
        for timer, last in book.last_run.items():
            _same(f"last run of {timer}", last, call(f"{timer}_last_run"))
        for position, mark in book.marks.items():
            _same(f"mark of {position}", mark, call(f"mark_{sanitized(position)}"))
        if machine.vault.charge:
            _same("high-water mark", book.high_water_mark, call("high_water_mark"))
            _same("time of the last charge", book.charged_at, call("charged_at"))
        for holder in (*self.users, self.chain.address, self.chain.fee_recipient):
            _same(f"shares of {holder}", machine.balance(holder), call("balanceOf", holder))
            _same(f"USDC of {holder}", self.market.balance("USDC", holder), self.world.usdc.balance(holder))
            if machine.vault.schema is not None:
                noted = book.attestation_of.get(holder, "00" * 32)
                _same(f"attestation of {holder}", noted, call("attestation_of", holder).hex())
        if machine.vault.queues:
            self._compare_requests()
        if machine.vault.rings:
            self._compare_rings()
        if machine.vault.ranges:
            self._compare_range()
        self._compare_views(probe, user)

    def _compare_rings(self) -> None:
        """The last observation of each."""
        for number, ring in enumerate(self.machine.vault.rings):
            seen = self.machine.book.observations.get(ring.name, ())
            price, time, moves, *_ = self.chain.call("rings", number)
            last = (seen[-1].price, seen[-1].time) if seen else (0, 0)
            _same(f"last observation of {ring.name}", last, (price, time))
            _same(f"moves of {ring.name}", max(len(seen) - 1, 0), moves)

    def _compare_requests(self) -> None:
        """What is known of all of them, and of the newest."""
        book, call = self.machine.book, self.chain.call
        _same("requests made", len(book.requests), call("requests_made"))
        _same("requests done", book.requests_done, call("requests_done"))
        _same("shares requested", book.shares_requested, call("shares_requested"))
        _same("set aside", book.reserved, call("reserved"))
        for number, request in tuple(book.requests.items())[-4:]:
            for user in self.users:
                mine = request.controller == user
                _same(f"pending of {number}", request.shares * mine, call("pendingRedeemRequest", number, user))
                _same(f"claimable of {number}", request.served * mine, call("claimableRedeemRequest", number, user))

    def compare_state(self) -> None:
        """Balances, prices and everything derived from them."""
        for name, value in self.machine.positions().items():
            _same(name, value, self._position(name))
        machine = outcome(lambda: self.machine.state().bound, Reverted)[0]
        contract = outcome(self.chain.state, ChainReverted)[0]
        if machine is None or contract is None:
            _same("whether prices are usable", machine is not None, contract is not None)
            return
        for name, member in self.fields.items():
            _same(name, machine[name], contract[member])

    def _position(self, name: str) -> int:
        word, _, token = name.removesuffix(")").partition("(")
        me, world = self.chain.address, self.world
        match word:
            case "idle":
                aside = self.chain.call("reserved") if self.machine.vault.queues and token == "USDC" else 0
                return world.token(token).balance(me) - aside
            case "aave.collateral":
                return world.aave.supplied(me, world.token(token))
            case "aave.debt":
                return world.aave.owed(me, world.token(token))
            case "blue.collateral":
                return world.morpho.position(me).collateral
            case "blue.debt":
                return world.morpho.owed(me)
            case "blue.supply":
                return world.morpho.lent(me)
            case "save":
                return world.save.value(me)
            case "pool":
                number = self.chain.call("position_pool")
                return world.uniswap.positions.call("positions", number)[7] if number else 0
            case "perp.margin":
                lab, scale = world.perp, 10**12
                realized = lab.balance(me) * scale + lab.owed(me) - lab.funding(me)
                return max(realized + lab.position(me).notional, 0) // scale
            case "perp.short":
                return max(-world.perp.position(me).size, 0)
        raise KeyError(name)

    def _compare_range(self) -> None:
        """The pool's price and fees, the position's number, its ticks and its roots."""
        books, call = self.market.liquidity, self.chain.call
        contract = range_pool(self.world, self.machine.vault).contract
        pool = books.books.pool
        _same("the pool's price", pool.root, contract.call("slot0")[0])
        _same("the pool's liquidity", pool.liquidity, contract.call("liquidity"))
        growth = contract.call("feeGrowthGlobal0X128"), contract.call("feeGrowthGlobal1X128")
        _same("growth of fees", pool.growth, growth)
        _same("the position's number", books.number, call("position_pool"))
        _same("where it lies", (books.lower, books.upper, *books.ends), tuple(call("range_pool")))

    def _compare_views(self, probe: int, user: str) -> None:
        machine, shares = self.machine, probe * 10**12
        views: list[tuple[str, Callable[[], Any], tuple[Any, ...]]] = [
            ("totalAssets", machine.total_assets, ()),
            ("convertToShares", lambda: machine.preview_deposit(probe), (probe,)),
            ("convertToAssets", lambda: machine.preview_redeem(shares), (shares,)),
            ("previewDeposit", lambda: machine.preview_deposit(probe), (probe,)),
            ("previewMint", lambda: machine.preview_mint(shares), (shares,)),
            ("previewWithdraw", lambda: machine.preview_withdraw(probe), (probe,)),
            ("previewRedeem", lambda: machine.preview_redeem(shares), (shares,)),
            ("maxDeposit", lambda: machine.max_deposit(user), (user,)),
            ("maxMint", lambda: machine.max_mint(user), (user,)),
            ("maxWithdraw", lambda: machine.max_withdraw(user), (user,)),
            ("maxRedeem", lambda: machine.max_redeem(user), (user,)),
            ("settled", machine.settled, ()),
        ]
        views += [("guarded", machine.guarded, ())] if machine.vault.guard is not None else []
        views += [("observation_due", machine.observation_due, ())] if machine.vault.rings else []
        views += [(f"{rule.name}_due", self._due(rule.name), ()) for rule in machine.vault.rules]
        for one in machine.vault.venues:
            if one.health:
                views.append((f"health_{one.name}", partial(machine.health, one.name), ()))
                views.append((f"buffer_{one.name}", partial(machine.buffer, one.name), ()))
        for greek in machine.vault.greeks:
            views.append((f"{greek.name}_{greek.token.lower()}", partial(machine.greek, greek), ()))
        for fn, exact, args in views:
            expected, told = outcome(exact, Reverted)
            actual, reason = outcome(lambda fn=fn, args=args: self.chain.call(fn, *args), ChainReverted)
            _same(fn, expected, actual)
            # Vyper says nothing where a product is no word.
            told = f"{self.chain.contract.name}.{fn}: no reason given" if told == "overflow" else told
            _same(f"reason of {fn}", told, reason)

    def _due(self, rule: str) -> Callable[[], bool]:
        return lambda: self.machine.due(rule)

    # ── the environment ────────────────────────────────────────────────────────────────────

    def warp(self, seconds: int) -> None:
        self.world.chain.warp(seconds)
        self._catch_up()

    def _catch_up(self) -> None:
        """The books read time, and what goes with it."""
        self.market.time = self.world.chain.timestamp()
        read_indices(self.world, self.market.aave)
        if self.market.blue is not None:
            self.market.blue.now = self.market.time
        if self.market.perp is not None:
            self.market.perp.read()

    def feed(self, token: str, answer: int, age: int = 0, *, arbitrage: bool = True) -> None:
        """An answer that is `age` seconds old; the pool follows one that makes sense if told to."""
        updated_at = self.world.chain.timestamp() - age
        self.world.feeds[token].set_raw(answer=answer, updated_at=updated_at)
        feed = self.market.feeds[token]
        feed.answer, feed.updated_at = answer, updated_at
        self.market.aave.reserves[token].price = answer
        self.morpho_price()
        if arbitrage and all(0 < one.answer < 10**15 for one in self.market.feeds.values()):
            self.arbitrage()
        elif self.market.perp is not None:
            self.market.perp.read()

    def arbitrage(self) -> None:
        """All pools follow the feeds; that of Perp v2 as far as it lets anybody."""
        if self.market.perp is None:
            self.world.arbitrage()
            self.follow()
            return
        outcome(self.world.arbitrage, ChainReverted)
        self.follow()
        self.others_traded()

    def others_traded(self) -> None:
        """At Perp v2: that took time, and funding is settled."""
        if self.market.perp is not None:
            self.market.perp.settle()
            self._catch_up()

    def follow(self) -> None:
        """Book that others have traded in the pool of the vault's range until its price is what it is now."""
        if self.market.range is not None:
            pool = range_pool(self.world, self.machine.vault)
            self.market.range.move_to(pool.contract.call("slot0")[0])

    def morpho_price(self) -> None:
        """What Morpho's oracle makes of the feeds; it has no words for an answer that is no price."""
        if self.market.blue is not None:
            self.market.blue.price = outcome(self.world.morpho.price, ChainReverted)[0]

    def sequencer(self, answer: int, age: int | None) -> None:
        """The sequencer's feed gives an answer that has held for `age` seconds: negative for one from the future, None
        for one without a time. Nothing where the vault knows no sequencer."""
        if self.market.sequencer is not None:
            since = 0 if age is None else self.world.chain.timestamp() - age
            self.world.sequencer.report(answer, since)
            self.market.sequencer = SequencerState(answer, since)

    def price(self, token: str) -> Fraction:
        return Fraction(self.market.feeds[token].answer, 10**8)


def outcome(action: Callable[[], Any], failure: type[Exception]) -> tuple[Any, str | None]:
    """(value, None), or (None, the reason)."""
    try:
        return action(), None
    except failure as reverted:
        return None, getattr(reverted, "reason", None) or str(reverted) or "no reason given"


def _same(what: str, exact: object, onchain: object) -> None:
    if exact != onchain:
        raise Disagreement(f"{what}: the machine says {exact}, the chain {onchain}")


def deploy_behind_sequencer(world: World, proved: ProvedVault) -> Deployed:
    """As on a chain that has one."""
    return deploy(world, proved, sequencer_feed_=world.sequencer)


def pair_up(world: World, proved: ProvedVault, tally: Tally | None = None) -> Pair:
    """Deploy as on a chain with a sequencer, and set the machine beside it."""
    return pair_of(deploy_behind_sequencer(world, proved), tally)


def pair_of(deployed: Deployed, tally: Tally | None = None) -> Pair:
    """The machine beside a vault that was just deployed."""
    people = (deployed.owner, deployed.guardian, deployed.keeper, deployed.attester, deployed.fee_recipient)
    roles = Roles(*people)
    market = exact_market(deployed.world, deployed.model, deployed.address)
    if deployed.call("SEQUENCER_FEED") == deployed.world.sequencer.address:
        market.sequencer = SequencerState(0, deployed.world.sequencer.since())
    machine = Machine(deployed.model, market, roles, deployed.address)
    return Pair(deployed.world, deployed, machine, market, tally or Tally())
