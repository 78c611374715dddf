"""A vault as it stands, in exact integers: its storage, its market, and everything that can be asked of it.

Everything with a number in it is an expression of the model (definitions, share conversions, floors, bands),
evaluated by the exact interpreter. `machine.py` adds the calls that change something.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from stratc_compiler.expr import Expr, Rounding, price, scale
from stratc_compiler.fees import ELAPSED, FIRST_MARK, SUPPLY_DUE, mark, mark_due
from stratc_compiler.guard import round_price
from stratc_compiler.interpret import Evaluator, Reverted, World
from stratc_compiler.requests import Request
from stratc_compiler.shares import SUPPLY, round_assets, round_deposited, to_assets, to_shares
from stratc_compiler.vault import Exits, Greek, Held, Marks, OnCondition, OnTimer, Ring, RuleModel, Trades, Vault
from stratc_compiler.volatility import Observation, freezes_on_volatility, is_due, realised
from stratc_dsl.record import Record

UNLIMITED: int = 2**256 - 1
"""What a view of the contract answers where nothing limits it."""


class Mode(IntEnum):
    OPEN = 0
    FROZEN = 1
    EXITED = 2
    STUCK = 3

    @property
    def over(self) -> bool:
        """Whether the vault does nothing any more but pay out."""
        return self >= Mode.EXITED


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

    def hand_over(self, held: Held, share: Callable[[int], int], receiver: str) -> None:
        """Give away the share of an asset position, in whatever stands for it at its venue."""

    def settle_funding(self, venue: str) -> None:
        """Have funding booked up to now, where the venue does that at all; it never reverts."""

    def attestation(self, uid: str) -> Attestation | None:
        """What is attested under that name, good or not."""

    def snapshot(self) -> object:
        """Everything as it is now."""

    def restore(self, snapshot: object) -> None:
        """Put everything back as it was."""


class Attestation(Record):
    """What somebody has said of an account. `expires` is 0 for never."""

    schema: str
    attester: str
    recipient: str
    expires: int = 0
    revoked: bool = False


class Roles(Record):
    """Who may do what. `attester` is whose attestations count, `fee_recipient` whom fees are minted to, if any."""

    owner: str
    guardian: str
    keeper: str
    attester: str = ""
    fee_recipient: str = ""


class Book(Struct):
    """The contract's storage. `marks` holds, by position, what it was at the last harvest and what moved since.

    `round_prices` are those that the round began with, of the tokens that the guard compares.
    `ready_at` says from when on a call that the owner has scheduled may be made. `attestation_of` names, by account,
    the attestation by which it may be given shares. `charged_at` says when the management fee was last charged,
    `high_water_mark` up to which share price the performance fee was (see `fees`). `requests` are numbered from 1; none
    up to `requests_done` is pending. `observations` are all that were made of each ring, by its name.
    """

    supply: int = 0
    balances: dict[str, int] = field(default_factory=dict)
    mode: Mode = Mode.OPEN
    round_assets: int = 0
    round_withdrawn: int = 0
    round_deposited: int = 0
    round_prices: dict[str, int] = field(default_factory=dict)
    last_run: dict[str, int] = field(default_factory=dict)
    keeper_seen: int = 0
    ready_at: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    charged_at: int = 0
    high_water_mark: int = FIRST_MARK
    attestation_of: dict[str, str] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)
    requests_done: int = 0
    observations: dict[str, tuple[Observation, ...]] = field(default_factory=dict)

    @property
    def shares_requested(self) -> int:
        return sum(request.shares for request in self.requests.values())

    @property
    def reserved(self) -> int:
        return sum(request.assets for request in self.requests.values())

    def copy(self) -> Book:
        """An independent copy."""
        tables = ("balances", "round_prices", "last_run", "ready_at", "marks", "attestation_of", "observations")
        copies = {name: dict(getattr(self, name)) for name in tables}
        requests = {number: replace(request) for number, request in self.requests.items()}
        return replace(self, requests=requests, **copies)


# ── what the rules of a vault mean to each other ───────────────────────────────────────────


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


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Reverted(reason)


def _word(value: int) -> int:
    """A result that fits the EVM's word, or the revert of the contract's arithmetic."""
    require(value <= UNLIMITED, "arith: overflow")
    return value


class Standing:
    """One deployed vault, to be asked and not to be changed."""

    def __init__(self, vault: Vault, market: Market, roles: Roles, address: str = "vault") -> None:
        self.vault = vault
        self.market = market
        self.roles = roles
        self.address = address
        timers = {rule.name: 0 for rule in vault.rules if isinstance(rule.trigger, OnTimer)}
        marks = {held.name: 0 for held in marked(vault)}
        self.book = Book(last_run=timers, marks=marks, keeper_seen=market.now(), charged_at=market.now())

    # ── state ──────────────────────────────────────────────────────────────────────────────

    @property
    def _idle(self) -> str:
        return f"idle({self.vault.base})"

    def _read(self, name: str) -> int:
        """A balance; of base without what is set aside for requests. Raises Reverted where some of that was spent."""
        held = self.market.read(name)
        if name != self._idle:
            return held
        require(held >= self.book.reserved, "idle: less than is set aside")
        return held - self.book.reserved

    def positions(self) -> dict[str, int]:
        """Every balance, idle ones first; needs no price."""
        places = (*self.vault.idle, *(held for held in self.vault.held if held.venue is not None))
        return {held.name: self._read(held.name) for held in places}

    def state(self) -> Evaluator:
        """Balances, prices, every definition, and the supply with fees that are due, bound by name.

        Raises Reverted while a price is unusable.
        """
        names = (f"price({token.name})" for token in self.vault.strategy.tokens)
        prices = {name: self.market.read(name) for name in names}
        state = self._derived(self.positions() | prices | self._measured(prices))
        state.bound |= self._due(state)
        return state

    def _measured(self, prices: dict[str, int]) -> dict[str, int]:
        """What every ring says at these prices."""
        return {ring.name: self._realised(ring, prices[price(ring.token).name]) for ring in self.vault.rings}

    def _realised(self, ring: Ring, now: int) -> int:
        seen = self.book.observations.get(ring.name, ())
        return realised(ring, seen, Observation(self.market.now(), now), self.vault, self.market)

    def _rings_due(self) -> list[Ring]:
        """Those whose price may be observed again."""
        seen, now = self.book.observations, self.market.now()
        return [ring for ring in self.vault.rings if is_due(ring, seen.get(ring.name, ()), now)]

    def observation_due(self) -> bool:
        """Whether an observation would be made; false while a price is unusable, and after the exit."""
        return not self.book.mode.over and self.prices_usable() and bool(self._rings_due())

    def _due(self, state: Evaluator) -> dict[str, int]:
        """Supply and high-water mark once the fees are minted that are due now; after the exit none are."""
        high = mark(self.vault.base).name
        known = {**state.bound, SUPPLY.name: self.book.supply, high: self.book.high_water_mark}
        if self.book.mode.over:
            return {name: known[name] for name in (SUPPLY.name, high)}
        charged = Evaluator(self.vault, self.market, known | {ELAPSED.name: self.market.now() - self.book.charged_at})
        for let in self.vault.charge:
            charged.bound[let.name.name] = charged.value(let.expr)
        supply = charged.bound.get(SUPPLY_DUE.name, self.book.supply)
        return {SUPPLY.name: supply, high: charged.bound.get(mark_due(self.vault.base).name, known[high])}

    def _derived(self, reads: dict[str, int]) -> Evaluator:
        state = Evaluator(self.vault, self.market, {**reads, "supply": self.book.supply})
        for name, expr in self.vault.definitions.items():
            state.bound[name] = state.value(expr)
        return state

    def _account(self) -> Evaluator:
        """The state that shares are priced at; after the exit idle base alone, which needs no price."""
        if not self.book.mode.over:
            return self.state()
        idle = self._read(self._idle)
        bound = {self._idle: idle, "total_assets": idle, "supply": self.book.supply}
        return Evaluator(self.vault, self.market, bound)

    def prices_usable(self) -> bool:
        return all(self.market.usable(token.name) for token in self.vault.strategy.tokens)

    def _floors_hold(self, state: Evaluator) -> bool:
        return all(state.holds(floor.formula) for floor in self.vault.floors)

    def _assert_floors(self, state: Evaluator) -> None:
        for floor in self.vault.floors:
            require(state.holds(floor.formula), f"floor: {floor.text}")

    def _is_settled(self, state: Evaluator) -> bool:
        """Floors, bands, minima and maxima hold, and no rule on a condition is due.

        What has frozen the vault on a volatility is not due again: a round may begin while it is frozen.
        """
        open_ = self.book.mode is Mode.OPEN
        triggers = (rule.trigger for rule in self.vault.rules if open_ or not freezes_on_volatility(rule, self.vault))
        due = (one.condition.formula for one in triggers if isinstance(one, OnCondition))
        return all(state.holds(one.formula) for one in self.vault.settled) and not any(map(state.holds, due))

    def settled(self) -> bool:
        """False while a price is unusable, or the vault is guarded."""
        if not self.prices_usable():
            return False
        state = self.state()
        return not self._is_guarded(state) and self._is_settled(state)

    def _is_guarded(self, state: Evaluator) -> bool:
        """Whether a price has left what is assumed of it since the round began."""
        if self.vault.guard is None:
            return False
        then = {round_price(token).name: self.book.round_prices.get(token, 0) for token in self.vault.guard.remembered}
        return Evaluator(self.vault, self.market, state.bound | then).holds(self.vault.guard.guarded)

    def guarded(self) -> bool:
        """False while a price is unusable, and after the exit."""
        return not self.book.mode.over and self.prices_usable() and self._is_guarded(self.state())

    def health(self, venue: str) -> int:
        """Health factor of a venue with debt in 10^-18, rounded down; UNLIMITED without debt."""
        terms = self.vault.venue(venue).health
        require(terms is not None, f"{venue} has no health")
        assert terms is not None
        state = self.state()
        covered, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in terms)
        return int(covered * 10**18 / owed) if owed else UNLIMITED

    def buffer(self, venue: str) -> int:
        """What collateral can lose against the debt before it can be liquidated, in 10^-18, rounded down.

        All without debt, nothing where it can be liquidated.
        """
        terms = self.vault.venue(venue).health
        require(terms is not None, f"{venue} has no buffer")
        assert terms is not None
        state = self.state()
        covered, owed = (sum((w * state.value(e) for e, w in side.items()), Fraction(0)) for side in terms)
        if not owed:
            return 10**18
        return int(max(covered - owed, Fraction(0)) * 10**18 / covered) if covered else 0

    def greek(self, greek: Greek) -> int:
        """A sensitivity, with its sign, in 10^-18 USD."""
        state = self.state()
        return state.value(greek.long) - state.value(greek.short)

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

    def may_hold(self, account: str) -> bool:
        """Whether the account may be given shares now."""
        if self.vault.schema is None:
            return True
        uid = self.book.attestation_of.get(account)
        return uid is not None and self._attested(uid) == account

    def _attested(self, uid: str) -> str | None:
        """Of whom a good attestation speaks; None where it is of another schema, by another, revoked or expired."""
        found = self.market.attestation(uid)
        if found is None or (found.schema, found.attester) != (self.vault.schema, self.roles.attester):
            return None
        expired = 0 < found.expires <= self.market.now()
        return None if found.revoked or expired else found.recipient

    def max_deposit(self, receiver: str) -> int:
        """What `deposit` would take now."""
        if not self.may_hold(receiver) or self.book.mode is not Mode.OPEN or not self._priced():
            return 0
        state = self.state()
        return self._room(state) if self._floors_hold(state) and not self._is_guarded(state) else 0

    def max_mint(self, receiver: str) -> int:
        """The shares that `mint` would make now."""
        most = self.max_deposit(receiver)
        return most if most in (0, UNLIMITED) else self._shares(most, self.state(), Rounding.DOWN)

    def _room(self, state: Evaluator) -> int:
        """What limits and the round leave to depositors."""
        room, base = self.vault.deposit_room, self.vault.base
        if room is None:
            return UNLIMITED
        flows = {round_assets(base).name: self.book.round_assets, round_deposited(base).name: self.book.round_deposited}
        return Evaluator(self.vault, self.market, state.bound | flows).value(room)

    def max_withdraw(self, owner: str) -> int:
        """What `withdraw` would pay now."""
        if not self._accountable():
            return 0
        state = self._account()
        if self._holds_up(state):
            return 0
        return self._most_of(self.balance(owner), self._ahead(state), state)[0]

    def max_redeem(self, owner: str) -> int:
        """The shares that `redeem` would take now."""
        if not self._accountable():
            return 0
        state = self._account()
        if self._holds_up(state):
            return 0
        return self._most_of(self.balance(owner), self._ahead(state), state)[1]

    def _ahead(self, state: Evaluator) -> int:
        """What pending requests would be paid, rounded up; nobody is behind them after the exit."""
        return 0 if self.book.mode.over else self._assets(self.book.shares_requested, state, Rounding.UP)

    def _most_of(self, held: int, ahead: int, state: Evaluator) -> tuple[int, int]:
        """What of the shares `held` would be redeemed, behind those that are owed `ahead`: in assets, and in shares."""
        wanted = self._assets(held, state, Rounding.DOWN)
        granted = max(self._granted(wanted + ahead, state) - ahead, 0)
        if granted == 0 or (ahead > 0 and not self._floors_survive(granted, state)):
            return 0, 0
        # Of a part, one share less than would pay a unit more.
        return granted, held if granted == wanted else self._shares(granted + 1, state, Rounding.UP) - 1

    def _holds_up(self, account: Evaluator) -> bool:
        """Whether nobody is paid at these prices; after the exit nothing is priced."""
        return not self.book.mode.over and self._is_guarded(account)

    def _accountable(self) -> bool:
        return self.book.mode is not Mode.STUCK and (self.book.mode.over or self._priced())

    def _priced(self) -> bool:
        """Whether everything can be valued: at an absurd price liquidity in a range is worth more than a word holds."""
        if not self.prices_usable():
            return False
        if not self.vault.ranges:
            return True
        try:
            self.state()
        except Reverted:
            return False
        return True

    def round_allowance(self) -> int:
        """How much may still be withdrawn in this round."""
        limit = self.vault.withdrawals
        if limit is None or self.book.mode.over or self.book.round_assets == 0:
            return UNLIMITED
        begun = round_assets(self.vault.base)
        bound = {begun.name: self.book.round_assets}
        most = Evaluator(self.vault, self.market, bound).value(scale(begun, limit, Rounding.DOWN))
        return max(most - self.book.round_withdrawn, 0)

    def _granted(self, wanted: int, state: Evaluator) -> int:
        """How much of `wanted` a withdrawal would be granted: idle, the round's allowance, the floors (bisected)."""
        most = min(wanted, state.named(self._idle))
        if self.book.mode.over:
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
