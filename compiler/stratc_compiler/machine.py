"""The vault as a state machine in exact integers: what the emitted contract does, call by call.

Everything with a number in it is an expression of the model (definitions, share conversions, floors, bands, plans),
evaluated by the exact interpreter; `standing.py` has what can be asked. What this module adds is the contract's
bookkeeping: shares, modes, rounds, timers and marks, who may call, and what reverts. The differential tests hold
compiled vaults to it, to the wei.

The words of a `Reverted` raised here are those of the contract, so that tests can compare why both reverted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from functools import partial

from msgspec import Struct

from stratc_compiler.account_parts import account_part
from stratc_compiler.conservation import BUDGET, CONSERVED, NAV_BEFORE, REASON
from stratc_compiler.expr import Rounding, price
from stratc_compiler.fees import ELAPSED, TIME_FEE, charge_for_time, mark
from stratc_compiler.guard import GUARDED, gives_way, held_up
from stratc_compiler.interpret import Evaluator, Reverted, run_plan
from stratc_compiler.requests import SERVED_AT_ONCE, SMALLEST_REQUEST, Request
from stratc_compiler.shares import SHARES, SUPPLY, WHOLE, paid, part, remainder, round_assets, whole
from stratc_compiler.standing import Market, Mode, Standing, marked, needs_state, require, runs_frozen
from stratc_compiler.vault import (
    NOT_HEDGED,
    Exits,
    ExitStep,
    FlashLoan,
    Freezes,
    Held,
    Marks,
    OnCondition,
    OnStale,
    OnTimer,
    RuleModel,
    Swap,
    Trade,
    Trades,
    VenueModel,
    waits_for,
)
from stratc_compiler.volatility import Observation


class _MarkingWorld(Struct):
    """The market as the vault reads it, with every move of a marked position written into its mark."""

    market: Market
    marks: dict[str, int]
    read: Callable[[str], int]

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

    def provide(self, held: Held, token: int, base: int, minimum: int) -> tuple[int, int]:
        return self.market.provide(held, token, base, minimum)

    def withdraw(self, held: Held, liquidity: int, checked: bool) -> tuple[int, int]:
        return self.market.withdraw(held, liquidity, checked)

    def trade(self, item: Trade, amount: int, bound: int) -> None:
        self.market.trade(item, amount, bound)

    def lend(self, loan: FlashLoan, amount: int) -> int:
        return self.market.lend(loan, amount)

    def take_back(self, loan: FlashLoan, amount: int, owed: int) -> None:
        self.market.take_back(loan, amount, owed)


class Machine(Standing):
    """The vault with its calls: each changes it, or raises Reverted and changes nothing."""

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
        require(not self._is_guarded(state), GUARDED)
        self._only_attested(receiver)
        self._charge(state)
        require(shares != 0, "deposit: no shares")
        require(assets <= self._room(state), "deposit: above the limit")
        self.market.transfer(self.vault.base, caller, self.address, assets)
        self.book.round_deposited += assets
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
        ahead = self._ahead(state)
        self._retire(owner, assets, shares, ahead, state)
        self.market.transfer(self.vault.base, self.address, receiver, assets)
        self._assert_floors_after(ahead)

    def _retire(self, owner: str, assets: int, shares: int, ahead: int, state: Evaluator) -> None:
        """Burn shares for assets that are paid or set aside next, behind those that are owed `ahead`."""
        self._charge(state)
        require(self.book.mode is not Mode.STUCK, "mode: redeem in kind")
        require(not self._holds_up(state), GUARDED)
        require(assets <= max(state.named(self._idle) - ahead, 0), "withdraw: more than is idle")
        require(assets <= max(self.round_allowance() - ahead, 0), "withdraw: round limit")
        if self.vault.withdrawals is not None:
            self.book.round_withdrawn += assets
        self._burn(owner, shares)

    def _assert_floors_after(self, ahead: int) -> None:
        """The floors hold now, and once those who have asked before are paid as well."""
        if self.book.mode.over:
            return
        state = self.state()
        self._assert_floors(state)
        later = ahead == 0 or (ahead <= state.named(self._idle) and self._floors_survive(ahead, state))
        require(later, "withdraw: requests come first")

    # ── requests ───────────────────────────────────────────────────────────────────────────

    def request_redeem(self, owner: str, shares: int, controller: str) -> int:
        """Hand in shares, called by their owner, to be redeemed in turn; returns the number of the request."""
        with self._transaction():
            self._not_exited()
            enough = shares != 0 and shares >= self.book.supply // SMALLEST_REQUEST
            require(enough, "request: too small")
            self._move(owner, self.address, shares)
            number = len(self.book.requests) + 1
            self.book.requests[number] = Request(controller, owner, shares)
            return number

    def take_back(self, number: int, caller: str) -> None:
        """The controller: shares that are still pending go back to who handed them in."""
        with self._transaction():
            self._controlled(number, caller)
            self._give_back(number)

    def _controlled(self, number: int, caller: str) -> Request:
        request = self.book.requests.get(number)
        require(request is not None and request.controller == caller, "request: controller only")
        assert request is not None
        return request

    def _give_back(self, number: int) -> None:
        request = self.book.requests[number]
        self._move(self.address, request.owner, request.shares)
        request.shares = 0

    def serve(self, count: int) -> int:
        """Redeem the oldest requests as far as a redemption is granted; returns what was set aside."""
        with self._transaction():
            numbers = range(self.book.requests_done + 1, len(self.book.requests) + 1)
            return sum(self._serve(number) for number in numbers[: min(count, SERVED_AT_ONCE)])

    def _serve(self, number: int) -> int:
        """One request, unless one before it is still pending."""
        request, assets = self.book.requests[number], 0
        if self.book.requests_done != number - 1:
            return 0
        if request.shares:
            state = self._account()
            if self._assets(request.shares, state, Rounding.DOWN) == 0:
                self._give_back(number)
            else:
                assets = self._set_aside(request, state)
        if not request.shares:
            self.book.requests_done = number
        return assets

    def _set_aside(self, request: Request, state: Evaluator) -> int:
        shares = self._most_of(request.shares, 0, state)[1]
        if shares == 0:
            return 0
        assets = self._assets(shares, state, Rounding.DOWN)
        self._retire(self.address, assets, shares, 0, state)
        request.shares -= shares
        request.served += shares
        request.assets += assets
        self._assert_floors_after(0)
        return assets

    def claim(self, number: int, caller: str, receiver: str) -> int:
        """The controller: pay out what was set aside for a request; returns that."""
        with self._transaction():
            request = self._controlled(number, caller)
            assets, request.served, request.assets = request.assets, 0, 0
            self.market.transfer(self.vault.base, self.address, receiver, assets)
            return assets

    # ── a part of everything ───────────────────────────────────────────────────────────────

    def redeem_in_kind(self, owner: str, shares: int, receiver: str, forgone: Collection[str] = ()) -> None:
        """Burn shares, called by their owner, who pays their part of every debt and is given that of everything held.

        Of the venues in `forgone` nothing is paid or given.
        """
        with self._transaction():
            known = self._burn_part(owner, shares)
            for idle in self.vault.idle:
                given = self._share(idle, known, self._read(idle.name))
                self.market.transfer(idle.token, self.address, receiver, given)
            for venue in self.vault.venues:
                if venue.name not in forgone:
                    self._divide(venue, owner, receiver, known)

    def redeem_unwound(self, owner: str, shares: int, receiver: str, least: int = 0) -> int:
        """Burn shares, called by their owner, for what their part of everything brings in base; returns that.

        Whatever unwinding costs is the receiver's; it reverts where that would be paid less than `least`.
        """
        with self._transaction():
            self._not_exited()
            known = self._burn_part(owner, shares)
            assets = run_plan(self.vault.unwinding, self.vault, self._moving, known)[paid(self.vault.base).name]
            require(assets >= least, "unwind: less than asked for")
            self.market.transfer(self.vault.base, self.address, receiver, assets)
            return assets

    def _burn_part(self, owner: str, shares: int) -> dict[str, int]:
        """The shares and what they are a part of. The round goes on as if it had begun without them."""
        self._charge_for_time()
        known = {SHARES.name: shares, WHOLE.name: self._whole()}
        self._burn(owner, shares)
        self.book.round_assets = self._left(self.book.round_assets, known)
        return known

    def _divide(self, venue: VenueModel, payer: str, receiver: str, known: dict[str, int]) -> None:
        if venue.perp is not None:
            plan, given = account_part(venue)
            amount = run_plan(plan, self.vault, self._moving, known)[given.name]
            self.market.transfer(venue.perp.margin, self.address, receiver, amount)
            return
        for held in venue.debts_first:
            share = partial(self._share, held, known)
            if not held.debt:
                self.market.hand_over(held, share, receiver)
            elif owed := share(self.market.read(held.name)):
                self.market.transfer(held.token, payer, self.address, owed)
                self.market.leave(held, owed)
            if held.name in self.book.marks:
                self.book.marks[held.name] = self._left(self.book.marks[held.name], known)

    def _share(self, held: Held, known: dict[str, int], all_of_it: int) -> int:
        """The part that the shares in `known` stand for: of what is held rounded down, of what is owed up."""
        expr = part(held.var, Rounding.UP if held.debt else Rounding.DOWN)
        return Evaluator(self.vault, self.market, {held.name: all_of_it, **known}).value(expr)

    def _whole(self) -> int:
        return Evaluator(self.vault, self.market, {"supply": self.book.supply}).value(whole(self._decimals))

    def _left(self, number: int, known: dict[str, int]) -> int:
        begun = round_assets(self.vault.base)
        return Evaluator(self.vault, self.market, {begun.name: number, **known}).value(remainder(begun))

    def _burn(self, owner: str, shares: int) -> None:
        require(self.balance(owner) >= shares, "shares: balance too low")
        self.book.balances[owner] = self.balance(owner) - shares
        self.book.supply -= shares

    def transfer(self, sender: str, receiver: str, shares: int) -> None:
        """Move shares to somebody who may hold them."""
        self._only_attested(receiver)
        self._move(sender, receiver, shares)

    def _move(self, sender: str, receiver: str, shares: int) -> None:
        require(self.balance(sender) >= shares, "shares: balance too low")
        self.book.balances[sender] = self.balance(sender) - shares
        self.book.balances[receiver] = self.balance(receiver) + shares

    def _only_attested(self, receiver: str) -> None:
        require(self.may_hold(receiver), "depositors: not attested")

    def admit(self, uid: str) -> None:
        """Anyone: note the attestation by which its recipient may be given shares."""
        account = self._attested(uid)
        require(account is not None, "depositors: no such attestation")
        assert account is not None
        self.book.attestation_of[account] = uid

    # ── fees ───────────────────────────────────────────────────────────────────────────────

    def _charge(self, state: Evaluator) -> None:
        """Mint the fees that the state has counted."""
        if self.book.mode.over:
            return
        self.book.high_water_mark = state.named(mark(self.vault.base).name)
        self._mint_fees(state.named(SUPPLY.name) - self.book.supply)

    def _charge_for_time(self) -> None:
        """The management fee alone, which needs no price."""
        if self.book.mode.over:
            return
        known = {SUPPLY.name: self.book.supply, ELAPSED.name: self.market.now() - self.book.charged_at}
        charged = Evaluator(self.vault, self.market, known)
        for let in charge_for_time(self.vault.charge):
            charged.bound[let.name.name] = charged.value(let.expr)
        self._mint_fees(charged.bound.get(TIME_FEE.name, 0))

    def _mint_fees(self, shares: int) -> None:
        self.book.charged_at = self.market.now()
        recipient = self.roles.fee_recipient
        self.book.supply += shares
        self.book.balances[recipient] = self.balance(recipient) + shares

    # ── rules ──────────────────────────────────────────────────────────────────────────────

    def _rule(self, name: str) -> RuleModel:
        return next(rule for rule in self.vault.rules if rule.name == name)

    def due(self, name: str) -> bool:
        """Whether the rule may run now; false while a price that it needs is unusable."""
        rule = self._rule(name)
        closed = self.book.mode.over if runs_frozen(rule) else self.book.mode is not Mode.OPEN
        if closed or (needs_state(rule) and not self.prices_usable()):
            return False
        if held_up(rule, self.vault) and self._is_guarded(self.state()):
            return False
        return self._triggered(rule) and not any(map(self._is_waited_for, waits_for(rule, self.vault)))

    def _is_waited_for(self, other: RuleModel) -> bool:
        """Whether a rule of higher priority is due, and gives way neither to the vault's mode nor to its guard."""
        if gives_way(other) and (self.book.mode is not Mode.OPEN or self._is_guarded(self.state())):
            return False
        return self._triggered(other)

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
                state = self.state()  # a price that is unusable reverts first
                require(not (held_up(rule, self.vault) and self._is_guarded(state)), GUARDED)
            require(self._triggered(rule), "rule: not due")
            for other in waits_for(rule, self.vault):
                require(not self._is_waited_for(other), f"rule: {other.name} comes first")
            if isinstance(rule.trigger, OnTimer):
                self.book.last_run[rule.name] = self.market.now()
            self._carry_out(rule)

    def _carry_out(self, rule: RuleModel) -> None:
        match rule.effect:
            case Trades(plan, hedges=hedges):
                self._finish(run_plan(plan, self.vault, self._moving), hedges)
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
        return _MarkingWorld(self.market, self.book.marks, self._read)

    def _finish(self, bound: dict[str, int], hedges: bool) -> None:
        """The floors hold, what hedges keeps the bands, and no more was lost than the plan has bound.

        A round begins where it is then settled.
        """
        state = self.state()
        self._assert_floors(state)
        state.bound |= {name: bound[name] for name in (NAV_BEFORE.name, BUDGET.name)}
        require(state.holds(CONSERVED), REASON)
        require(not hedges or all(state.holds(edge.formula) for edge in self.vault.hedged), NOT_HEDGED)
        if not self._is_guarded(state) and self._is_settled(state):
            self._begin_round(state)

    def _begin_round(self, state: Evaluator) -> None:
        for venue in self.vault.perps:
            self.market.settle_funding(venue.name)
        self.book.round_assets = state.named("total_assets")
        self.book.round_withdrawn = 0
        self.book.round_deposited = 0
        self._remember_prices(state)
        self._observe(state)

    def _observe(self, state: Evaluator) -> bool:
        """Note the price of each ring that is due; whether there was one."""
        due = self._rings_due()
        for ring in due:
            now = Observation(self.market.now(), state.named(price(ring.token).name))
            self.book.observations[ring.name] = (*self.book.observations.get(ring.name, ()), now)
        return bool(due)

    def observe(self) -> None:
        """Anyone: note the prices of now where an observation is due."""
        with self._transaction():
            self._not_exited()
            require(self._observe(self.state()), "ring: not due")

    def _remember_prices(self, state: Evaluator) -> None:
        if self.vault.guard is not None:
            self.book.round_prices = {one: state.named(price(one).name) for one in self.vault.guard.remembered}

    def accept_prices(self, caller: str) -> None:
        """Owner: go on at the prices of now, as if the round had begun with them."""
        with self._transaction():
            self._only(caller, self.roles.owner, "owner")
            self._waited("accept_prices()")
            self._not_exited()
            state = self.state()
            require(self._is_guarded(state), "mode: not guarded")
            self._remember_prices(state)

    def settle(self, caller: str) -> None:
        """Begin a new round where there is nothing to do for the keeper; anyone may."""
        with self._transaction():
            if caller in (self.roles.keeper, self.roles.owner):
                self.book.keeper_seen = self.market.now()
            self._settle()

    def _settle(self) -> None:
        require(not self.book.mode.over, "mode: exited")
        state = self.state()
        require(not self._is_guarded(state), GUARDED)
        require(self._is_settled(state), "round: not settled")
        self._charge(state)
        self._begin_round(state)

    # ── modes ──────────────────────────────────────────────────────────────────────────────

    def _only(self, caller: str, role: str, name: str) -> None:
        require(caller in (role, self.roles.owner), f"roles: {name} only")

    def _only_keeper(self, caller: str) -> None:
        """The keeper or the owner; anyone else once these have been silent for as long as the strategy says."""
        now, silence = self.market.now(), self.vault.keeper_silence
        if caller in (self.roles.keeper, self.roles.owner):
            self.book.keeper_seen = now
        else:
            require(silence is not None and now > self.book.keeper_seen + silence, "roles: keeper only")

    def schedule(self, caller: str, call: str) -> None:
        """Owner: from `owner_delay` seconds on, the call may be made, once."""
        self._only(caller, self.roles.owner, "owner")
        self.book.ready_at[call] = self.market.now() + self.vault.owner_delay

    def cancel(self, caller: str, call: str) -> None:
        """Guardian or owner: the call may not be made."""
        self._only(caller, self.roles.guardian, "guardian")
        require(call in self.book.ready_at, "roles: not scheduled")
        del self.book.ready_at[call]

    def _waited(self, call: str) -> None:
        if self.vault.owner_delay:
            require(call in self.book.ready_at, "roles: not scheduled")
            require(self.market.now() >= self.book.ready_at.pop(call), "roles: too early")

    def _only_open(self) -> None:
        require(self.book.mode is Mode.OPEN, "mode: not open")

    def _not_exited(self) -> None:
        require(not self.book.mode.over, "mode: exited")

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
            require(self.book.mode is Mode.FROZEN, "mode: not frozen")
            self.book.mode = Mode.OPEN

    def emergency_exit(self, caller: str) -> None:
        """Guardian or owner: sell into base what can be sold, as often as there is something left."""
        with self._transaction():
            self._only(caller, self.roles.guardian, "guardian")
            self._close([self._try_to_leave(step) for step in self.vault.exit_steps])

    def _try_to_leave(self, step: ExitStep) -> bool:
        """Whether nothing is left there. A venue that reverts is left out, with all that was done there."""
        try:
            with self._transaction():
                return self._leave(step)
        except Reverted:
            return False

    def _leave(self, step: ExitStep) -> bool:
        run_plan(step.plan, self.vault, self._moving)
        return Evaluator(self.vault, self._moving).holds(step.gone)

    def _close(self, gone: list[bool]) -> None:
        """While something is left somewhere, nobody is to give up a part of it unasked."""
        if self.book.mode is not Mode.EXITED:
            self.book.mode = Mode.EXITED if all(gone) else Mode.STUCK

    def _sell_everything(self) -> None:
        self._close([self._leave(step) for step in self.vault.exit_steps])
