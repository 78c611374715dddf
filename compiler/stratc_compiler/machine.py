"""The vault as a state machine in exact integers: what the emitted contract does, call by call.

Everything with a number in it is an expression of the model (definitions, share conversions, floors, bands, plans),
evaluated by the exact interpreter. What this module adds is the contract's bookkeeping: shares, modes, rounds,
timers and marks, who may call, and what reverts. The differential tests hold compiled vaults to it, to the wei.

The words of a `Reverted` raised here are those of the contract, so that tests can compare why both reverted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from fractions import Fraction
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_compiler.expr import Expr, Rounding, scale
from stratc_compiler.interpret import Evaluator, Reverted, World, run_plan
from stratc_compiler.shares import round_assets, to_assets, to_shares
from stratc_compiler.vault import (
    Exits,
    Freezes,
    Held,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    RuleModel,
    Swap,
    Trades,
    Vault,
)
from stratc_dsl.record import Record

UNLIMITED: int = 2**256 - 1
"""What a view of the contract answers where nothing limits it."""


class Mode(IntEnum):
    OPEN = 0
    FROZEN = 1
    EXITED = 2


class Market(World, Protocol):
    """A world with a clock, price feeds that may fail, and token balances; it can be put back as it was.

    `read("price(T)")` raises Reverted exactly where `usable(T)` is false.
    """

    def now(self) -> int:
        """The block's timestamp."""

    def usable(self, token: str) -> bool:
        """Whether the token's feed gives a price that the contract accepts."""

    def transfer(self, token: str, sender: str, receiver: str, amount: int) -> None:
        """Move tokens between holders. Raises Reverted where the sender has too little."""

    def snapshot(self) -> object:
        """Everything as it is now."""

    def restore(self, snapshot: object) -> None:
        """Put everything back as it was."""


class Roles(Record):
    owner: str
    guardian: str
    keeper: str


class Book(Struct):
    """The contract's storage. `marks` holds, by position, what it was at the last harvest and what moved since.

    `ready_at` says from when on a call that the owner has scheduled may be made.
    """

    supply: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    mode: Mode = Mode.OPEN
    round_assets: int = 0
    round_withdrawn: int = 0
    last_run: dict[str, int] = field(default_factory=dict)
    keeper_seen: int = 0
    ready_at: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)

    def copy(self) -> Book:
        """An independent copy."""
        copies = {name: dict(getattr(self, name)) for name in ("balances", "last_run", "ready_at", "marks")}
        return replace(self, **copies)


# ── what the rules of a vault mean to each other ───────────────────────────────────────────


def waits_for(rule: RuleModel, vault: Vault) -> tuple[RuleModel, ...]:
    """Trading rules of higher priority on a condition: while one of them is due, a trading rule must wait."""
    if not isinstance(rule.effect, Trades):
        return ()
    earlier = vault.rules[: vault.rules.index(rule)]
    return tuple(one for one in earlier if isinstance(one.effect, Trades) and isinstance(one.trigger, OnCondition))


def runs_frozen(rule: RuleModel) -> bool:
    """Whether the rule may run while the vault is frozen."""
    return isinstance(rule.effect, Exits) or (isinstance(rule.effect, Trades) and rule.effect.reduces_risk)


def needs_state(rule: RuleModel) -> bool:
    """Whether the rule reads prices."""
    return isinstance(rule.effect, Trades) or isinstance(rule.trigger, OnCondition)


def marked(vault: Vault) -> tuple[Held, ...]:
    """Positions that some rule marks."""
    venues = {rule.effect.venue for rule in vault.rules if isinstance(rule.effect, Marks)}
    return tuple(held for held in vault.held if held.venue in venues)


class _MarkingWorld(Struct):
    """The market, with every move of a marked position written into its mark."""

    market: Market
    marks: dict[str, int]

    def read(self, name: str) -> int:
        return self.market.read(name)

    def enter(self, held: Held, amount: int) -> None:
        self.market.enter(held, amount)
        if held.name in self.marks:
            self.marks[held.name] += amount

    def leave(self, held: Held, amount: int) -> None:
        self.market.leave(held, amount)
        if held.name in self.marks:
            self.marks[held.name] = max(self.marks[held.name] - amount, 0)

    def swap(self, item: Swap, amount: int, minimum: int) -> int:
        return self.market.swap(item, amount, minimum)


def _require(condition: bool, reason: str) -> None:
    if not condition:
        raise Reverted(reason)


def _word(value: int) -> int:
    """A result that fits the EVM's word, or the revert of the contract's arithmetic."""
    _require(value <= UNLIMITED, "arith: overflow")
    return value


class Machine:
    """One deployed vault. Calls change it or raise Reverted and change nothing; views never change it."""

    def __init__(self, vault: Vault, market: Market, roles: Roles, address: str = "vault") -> None:
        self.vault = vault
        self.market = market
        self.roles = roles
        self.address = address
        timers = {rule.name: 0 for rule in vault.rules if isinstance(rule.trigger, OnTimer)}
        marks = {held.name: 0 for held in marked(vault)}
        self.book = Book(last_run=timers, marks=marks, keeper_seen=market.now())

    # ── state ──────────────────────────────────────────────────────────────────────────────

    @property
    def _idle(self) -> str:
        return f"idle({self.vault.base})"

    def positions(self) -> dict[str, int]:
        """Every balance, idle ones first; needs no price."""
        places = (*self.vault.idle, *(held for held in self.vault.held if held.venue is not None))
        return {held.name: self.market.read(held.name) for held in places}

    def state(self) -> Evaluator:
        """Balances, prices and every definition, bound by name. Raises Reverted while a price is unusable."""
        names = (f"price({token.name})" for token in self.vault.strategy.tokens)
        prices = {name: self.market.read(name) for name in names}
        return self._derived(self.positions() | prices)

    def _derived(self, reads: dict[str, int]) -> Evaluator:
        state = Evaluator(self.vault, self.market, {**reads, "supply": self.book.supply})
        for name, expr in self.vault.definitions.items():
            state.bound[name] = state.value(expr)
        return state

    def _account(self) -> Evaluator:
        """The state that shares are priced at; after the exit idle base alone, which needs no price."""
        if self.book.mode is not Mode.EXITED:
            return self.state()
        idle = self.market.read(self._idle)
        bound = {self._idle: idle, "total_assets": idle, "supply": self.book.supply}
        return Evaluator(self.vault, self.market, bound)

    def prices_usable(self) -> bool:
        return all(self.market.usable(token.name) for token in self.vault.strategy.tokens)

    def _floors_hold(self, state: Evaluator) -> bool:
        return all(state.holds(floor.formula) for floor in self.vault.floors)

    def _assert_floors(self, state: Evaluator) -> None:
        for floor in self.vault.floors:
            _require(state.holds(floor.formula), f"floor: {floor.text}")

    def _is_settled(self, state: Evaluator) -> bool:
        """Floors, bands, minima and maxima hold, and no rule on a condition is due."""
        triggers = (rule.trigger for rule in self.vault.rules)
        due = (one.condition.formula for one in triggers if isinstance(one, OnCondition))
        return all(state.holds(one.formula) for one in self.vault.settled) and not any(map(state.holds, due))

    def settled(self) -> bool:
        """False while a price is unusable."""
        return self.prices_usable() and self._is_settled(self.state())

    def health(self, venue: str) -> int:
        """Health factor of a venue with debt in 10^-18, rounded down; UNLIMITED without debt."""
        terms = self.vault.venue(venue).health
        _require(terms is not None, f"{venue} has no health")
        assert terms is not None
        state = self.state()
        covered, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in terms)
        return int(covered * 10**18 / owed) if owed else UNLIMITED

    # ── shares ─────────────────────────────────────────────────────────────────────────────

    def _shares(self, assets: int, state: Evaluator, rounding: Rounding) -> int:
        return self._convert(to_shares(self.vault.base, self._decimals, rounding), "assets", assets, state)

    def _assets(self, shares: int, state: Evaluator, rounding: Rounding) -> int:
        return self._convert(to_assets(self.vault.base, self._decimals, rounding), "shares", shares, state)

    def _convert(self, expr: Expr, name: str, given: int, state: Evaluator) -> int:
        # The definition `assets` is hidden by the argument of that name: `total_assets` was bound before.
        return _word(Evaluator(self.vault, self.market, {**state.bound, name: given}).value(expr))

    @property
    def _decimals(self) -> int:
        return self.vault.strategy.token(self.vault.base).decimals

    def total_assets(self) -> int:
        return self._account().named("total_assets")

    def preview_deposit(self, assets: int) -> int:
        """Shares that a deposit would mint; also `convertToShares`."""
        return self._shares(assets, self._account(), Rounding.DOWN)

    def preview_mint(self, shares: int) -> int:
        """Assets that a mint would take."""
        return self._assets(shares, self._account(), Rounding.UP)

    def preview_withdraw(self, assets: int) -> int:
        """Shares that a withdrawal would burn."""
        return self._shares(assets, self._account(), Rounding.UP)

    def preview_redeem(self, shares: int) -> int:
        """Assets that a redemption would pay; also `convertToAssets`."""
        return self._assets(shares, self._account(), Rounding.DOWN)

    def balance(self, holder: str) -> int:
        """Shares of a holder."""
        return self.book.balances.get(holder, 0)

    def max_deposit(self) -> int:
        """What `deposit` would take now."""
        if self.book.mode is not Mode.OPEN or not self.prices_usable():
            return 0
        state = self.state()
        return self._room(state) if self._floors_hold(state) else 0

    def max_mint(self) -> int:
        """The shares that `mint` would make now."""
        most = self.max_deposit()
        return most if most in (0, UNLIMITED) else self._shares(most, self.state(), Rounding.DOWN)

    def _room(self, state: Evaluator) -> int:
        """What limits leave to depositors."""
        room = self.vault.deposit_room
        return UNLIMITED if room is None else state.value(room)

    def max_withdraw(self, owner: str) -> int:
        """What `withdraw` would pay now."""
        if not self._accountable():
            return 0
        state = self._account()
        return self._granted(self._assets(self.balance(owner), state, Rounding.DOWN), state)

    def max_redeem(self, owner: str) -> int:
        """The shares that `redeem` would take now."""
        if not self._accountable():
            return 0
        state, held = self._account(), self.balance(owner)
        wanted = self._assets(held, state, Rounding.DOWN)
        granted = self._granted(wanted, state)
        return held if granted == wanted else self._shares(granted, state, Rounding.DOWN)

    def _accountable(self) -> bool:
        return self.book.mode is Mode.EXITED or self.prices_usable()

    def round_allowance(self) -> int:
        """How much may still be withdrawn in this round."""
        limit = self.vault.withdrawals
        if limit is None or self.book.mode is Mode.EXITED or self.book.round_assets == 0:
            return UNLIMITED
        begun = round_assets(self.vault.base)
        bound = {begun.name: self.book.round_assets}
        most = Evaluator(self.vault, self.market, bound).value(scale(begun, limit, Rounding.DOWN))
        return max(most - self.book.round_withdrawn, 0)

    def _granted(self, wanted: int, state: Evaluator) -> int:
        """How much of `wanted` a withdrawal would be granted: idle, the round's allowance, the floors (bisected)."""
        most = min(wanted, state.named(self._idle))
        if self.book.mode is Mode.EXITED:
            return most
        most = min(most, self.round_allowance())
        if self._floors_survive(most, state):
            return most
        if not self._floors_hold(state):
            return 0
        least = 0
        while most - least > 1:
            middle = least + (most - least) // 2
            if self._floors_survive(middle, state):
                least = middle
            else:
                most = middle
        return least

    def _floors_survive(self, assets: int, state: Evaluator) -> bool:
        """Whether the floors hold after `assets` were paid out of idle."""
        reads = {name: value for name, value in state.bound.items() if name not in self.vault.definitions}
        return self._floors_hold(self._derived(reads | {self._idle: reads[self._idle] - assets}))

    # ── calls of users ─────────────────────────────────────────────────────────────────────

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        book, market = self.book.copy(), self.market.snapshot()
        try:
            yield
        except Reverted:
            self.book = book
            self.market.restore(market)
            raise

    def deposit(self, caller: str, assets: int, receiver: str) -> int:
        """Take exactly `assets`; returns the shares minted."""
        with self._transaction():
            self._only_open()
            state = self.state()
            shares = self._shares(assets, state, Rounding.DOWN)
            self._take(caller, assets, shares, receiver, state)
            return shares

    def mint(self, caller: str, shares: int, receiver: str) -> int:
        """Mint exactly `shares`; returns the assets taken."""
        with self._transaction():
            self._only_open()
            state = self.state()
            assets = self._assets(shares, state, Rounding.UP)
            self._take(caller, assets, shares, receiver, state)
            return assets

    def _take(self, caller: str, assets: int, shares: int, receiver: str, state: Evaluator) -> None:
        _require(shares != 0, "deposit: no shares")
        _require(assets <= self._room(state), "deposit: above the limit")
        self.market.transfer(self.vault.base, caller, self.address, assets)
        self.book.supply += shares
        self.book.balances[receiver] = self.balance(receiver) + shares
        self._assert_floors(self.state())

    def withdraw(self, owner: str, assets: int, receiver: str) -> int:
        """Pay exactly `assets` to `receiver`, called by the owner of the shares; returns the shares burnt."""
        with self._transaction():
            state = self._account()
            shares = self._shares(assets, state, Rounding.UP)
            self._pay(owner, assets, shares, receiver, state)
            return shares

    def redeem(self, owner: str, shares: int, receiver: str) -> int:
        """Burn exactly `shares`, called by their owner; returns the assets paid."""
        with self._transaction():
            state = self._account()
            assets = self._assets(shares, state, Rounding.DOWN)
            self._pay(owner, assets, shares, receiver, state)
            return assets

    def _pay(self, owner: str, assets: int, shares: int, receiver: str, state: Evaluator) -> None:
        _require(assets <= state.named(self._idle), "withdraw: more than is idle")
        _require(assets <= self.round_allowance(), "withdraw: round limit")
        self.book.round_withdrawn += assets
        self._burn(owner, shares)
        self.market.transfer(self.vault.base, self.address, receiver, assets)
        if self.book.mode is not Mode.EXITED:
            self._assert_floors(self.state())

    def _burn(self, owner: str, shares: int) -> None:
        _require(self.balance(owner) >= shares, "shares: balance too low")
        self.book.balances[owner] = self.balance(owner) - shares
        self.book.supply -= shares

    def transfer(self, sender: str, receiver: str, shares: int) -> None:
        """Move shares."""
        _require(self.balance(sender) >= shares, "shares: balance too low")
        self.book.balances[sender] = self.balance(sender) - shares
        self.book.balances[receiver] = self.balance(receiver) + shares

    # ── rules ──────────────────────────────────────────────────────────────────────────────

    def _rule(self, name: str) -> RuleModel:
        return next(rule for rule in self.vault.rules if rule.name == name)

    def due(self, name: str) -> bool:
        """Whether the rule may run now; false while a price that it needs is unusable."""
        rule = self._rule(name)
        closed = self.book.mode is Mode.EXITED if runs_frozen(rule) else self.book.mode is not Mode.OPEN
        if closed or (needs_state(rule) and not self.prices_usable()):
            return False
        return self._triggered(rule) and not any(map(self._triggered, waits_for(rule, self.vault)))

    def _triggered(self, rule: RuleModel) -> bool:
        match rule.trigger:
            case OnCondition(condition):
                return self.state().holds(condition.formula)
            case OnTimer(period):
                return self.market.now() >= self.book.last_run[rule.name] + period
            case OnStale(token):
                return not self.market.usable(token)

    def run(self, name: str, caller: str) -> None:
        """The rule's call: by the keeper or the owner, when due, and only if the floors hold after it."""
        rule = self._rule(name)
        with self._transaction():
            self._only_keeper(caller)
            if runs_frozen(rule):
                self._not_exited()
            else:
                self._only_open()
            if needs_state(rule):
                self.state()  # a price that is unusable reverts first
            _require(self._triggered(rule), "rule: not due")
            for other in waits_for(rule, self.vault):
                _require(not self._triggered(other), f"rule: {other.name} comes first")
            if isinstance(rule.trigger, OnTimer):
                self.book.last_run[rule.name] = self.market.now()
            self._carry_out(rule)

    def _carry_out(self, rule: RuleModel) -> None:
        match rule.effect:
            case Trades(plan):
                run_plan(plan, self.vault, self._moving)
                self._finish()
            case Marks(venue):
                for held in marked(self.vault):
                    if held.venue == venue:
                        self.book.marks[held.name] = self.market.read(held.name)
            case Freezes():
                self._freeze()
            case Exits():
                self._sell_everything()

    @property
    def _moving(self) -> _MarkingWorld:
        return _MarkingWorld(self.market, self.book.marks)

    def _finish(self) -> None:
        """The floors hold; a round begins where the rules have left the vault settled."""
        state = self.state()
        self._assert_floors(state)
        if self._is_settled(state):
            self._begin_round(state)

    def _begin_round(self, state: Evaluator) -> None:
        self.book.round_assets = state.named("total_assets")
        self.book.round_withdrawn = 0

    def settle(self, caller: str) -> None:
        """Begin a new round where there is nothing to do for the keeper; anyone may."""
        with self._transaction():
            if caller in (self.roles.keeper, self.roles.owner):
                self.book.keeper_seen = self.market.now()
            self._settle()

    def _settle(self) -> None:
        _require(self.book.mode is not Mode.EXITED, "mode: exited")
        state = self.state()
        _require(self._is_settled(state), "round: not settled")
        self._begin_round(state)

    # ── modes ──────────────────────────────────────────────────────────────────────────────

    def _only(self, caller: str, role: str, name: str) -> None:
        _require(caller in (role, self.roles.owner), f"roles: {name} only")

    def _only_keeper(self, caller: str) -> None:
        """The keeper or the owner; anyone else once these have been silent for as long as the strategy says."""
        now, silence = self.market.now(), self.vault.keeper_silence
        if caller in (self.roles.keeper, self.roles.owner):
            self.book.keeper_seen = now
        else:
            _require(silence is not None and now > self.book.keeper_seen + silence, "roles: keeper only")

    def schedule(self, caller: str, call: str) -> None:
        """Owner: from `owner_delay` seconds on, the call may be made, once."""
        self._only(caller, self.roles.owner, "owner")
        self.book.ready_at[call] = self.market.now() + self.vault.owner_delay

    def cancel(self, caller: str, call: str) -> None:
        """Guardian or owner: the call may not be made."""
        self._only(caller, self.roles.guardian, "guardian")
        _require(call in self.book.ready_at, "roles: not scheduled")
        del self.book.ready_at[call]

    def _waited(self, call: str) -> None:
        if self.vault.owner_delay:
            _require(call in self.book.ready_at, "roles: not scheduled")
            _require(self.market.now() >= self.book.ready_at.pop(call), "roles: too early")

    def _only_open(self) -> None:
        _require(self.book.mode is Mode.OPEN, "mode: not open")

    def _not_exited(self) -> None:
        _require(self.book.mode is not Mode.EXITED, "mode: exited")

    def freeze(self, caller: str) -> None:
        """Guardian or owner: stop deposits and risk."""
        self._only(caller, self.roles.guardian, "guardian")
        self._freeze()

    def _freeze(self) -> None:
        self._only_open()
        self.book.mode = Mode.FROZEN

    def unfreeze(self, caller: str) -> None:
        """Owner: open a frozen vault again."""
        with self._transaction():
            self._only(caller, self.roles.owner, "owner")
            self._waited("unfreeze()")
            _require(self.book.mode is Mode.FROZEN, "mode: not frozen")
            self.book.mode = Mode.OPEN

    def emergency_exit(self, caller: str) -> None:
        """Guardian or owner: sell everything into base, as often as there is something to sell."""
        with self._transaction():
            self._only(caller, self.roles.guardian, "guardian")
            self._sell_everything()

    def _sell_everything(self) -> None:
        run_plan(self.vault.exit_plan, self.vault, self._moving)
        self.book.mode = Mode.EXITED
