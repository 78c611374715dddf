"""The model of one vault: what it holds, what its quantities mean, what its rules do. Data only.

The model is what every rendering reads: proofs, the exact interpreter and the Vyper target print or evaluate the
same expressions, so that no formula exists twice.

Variables of the model's expressions, by name:
    idle(T)               amount of T the vault holds itself
    POSITION              amount held or owed at a venue, e.g. `aave.debt(USDC)`, `save`
    liquidity(POSITION)   amount of an asset position that its venue would pay out now
    room(POSITION)        amount that its venue would take of it, or lend, beside what there is (see `VenueModel.room`)
    price(T), unit(T)     oracle price and smallest units per whole token
    round_price(T)        the price when the round began (see `guard`)
    shortfall(VENUE)      by how much, in basis points or finer, a lender's terms are worse than proved (see `guard`)
    supply                shares in existence
    elapsed               seconds since the management fee was charged
    high_water_mark       see `fees`
    volatility(T, D)      what a ring measures, in 10^-18 (see `volatility`)
    any name in `Vault.definitions`, and names bound by the items of a plan
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cached_property

from msgspec import field

from stratc_compiler.expr import Combination, Expr, Formula, Plain, Var, amount
from stratc_compiler.guardian import Guardian
from stratc_compiler.perps import Perp
from stratc_compiler.ranges import Range
from stratc_dsl.administration import AnyoneAfter, Depositors, Owner
from stratc_dsl.record import Record
from stratc_dsl.span import Placed
from stratc_dsl.strategy import Position, Strategy, Venue
from stratc_dsl.words import duration


class Held(Record):
    """One position: idle, or at a venue.

    `rounding` bounds by how many smallest units one operation may leave the position off from exact arithmetic.
    Of liquidity in a `range` the amount is that liquidity, and `token` is the token that its worth is told in.
    A short at a venue of perpetuals has the terms of its account, `perp`.
    """

    position: Position
    debt: bool = False
    rounding: int = 0
    range: Range | None = None
    perp: Perp | None = None

    @property
    def name(self) -> str:
        return str(self.position)

    @property
    def token(self) -> str:
        return self.position.token if self.range is None else self.range.base

    @property
    def margin(self) -> str | None:
        """Of a short at a venue of perpetuals, what it is sold and bought back in."""
        return None if self.perp is None else self.perp.margin

    @property
    def tokens(self) -> tuple[str, ...]:
        """What it consists of."""
        return (self.token,) if self.range is None else (self.range.token, self.range.base)

    @property
    def venue(self) -> str | None:
        return self.position.venue

    @property
    def var(self) -> Var:
        return amount(self.name, self.token) if self.range is None else self.range.liquidity

    @property
    def value(self) -> Var:
        """The definition that holds the position's USD value."""
        return Var(f"value({self.name})", Plain.VALUE)

    @property
    def liquidity(self) -> Var:
        return amount(f"liquidity({self.name})", self.token)

    @property
    def room(self) -> Var:
        """How much more of the position its venue takes, or lends."""
        return amount(f"room({self.name})", self.token)


class Assumed(Record):
    """What the model takes for granted of its venue, beyond what is assumed of every venue.

    `kind` makes the assumption's id: `parameters` and `oracle` stand in the model's formulas, so that every
    proof rests on them.
    """

    kind: str
    text: str
    guardian: Guardian
    how: str


class VenueModel(Record):
    """What the proofs must know of a venue; built by the adapter's own `model.py`.

    `never_liquidated` holds iff nobody can liquidate the vault there (None: nothing to liquidate).
    `after_borrow` and `after_withdraw` are the venue's own checks: an operation reverts where they would not hold
    after it. `after_withdraw` concerns only withdrawals of collateral while there is debt.
    `health` is (weighted collateral, debt) as linear combinations of position values, for `health(v)`: at the vault's
    prices. The venue's own checks are by its own oracle; `off` has the tokens whose prices that reads, each with the
    share by which it may read another price than the vault does (see `readings`); `short` is by how much less than the
    weights of `health` collateral may count for there.
    `seized` is how much collateral a liquidator takes at most for each dollar of debt that is repaid, at the vault's
    prices: what is beyond one is lost.
    `governed` says that somebody may change what collateral counts for while the vault has a loan.
    `room` is the share of nav that more of each position can at least be entered, or borrowed, at any moment: a
    supposition of the proofs alone, since sizes do not look at it. None where nothing is stated: then all is taken.
    `flash_premium` is what a flash loan there costs at most, as a share of it; None where none is given.
    A venue of perpetuals has two positions, cash and short, in this order; `after_cover` is what it asks once a part of
    the short was bought back.
    `assumes` is what stands behind these formulas. `inner` is the model of the vault that is deposited in, where it
    is built from a strategy that this one names.
    """

    name: str
    adapter: str
    positions: tuple[Held, ...]
    never_liquidated: Formula | None = None
    after_borrow: Formula | None = None
    after_withdraw: Formula | None = None
    health: tuple[dict[Expr, Fraction], dict[Expr, Fraction]] | None = None
    off: dict[str, Fraction] = field(default_factory=dict)
    short: Fraction = Fraction(0)
    seized: Fraction = Fraction(1)
    governed: bool = False
    room: Fraction | None = None
    flash_premium: Fraction | None = None
    assumes: tuple[Assumed, ...] = ()
    inner: Vault | None = None
    after_cover: Formula | None = None

    @property
    def account(self) -> tuple[Perp, Held, Held]:
        """Of a venue of perpetuals: its terms, the cash and the short."""
        cash, short = self.positions
        assert short.perp is not None
        return short.perp, cash, short

    @property
    def perp(self) -> Perp | None:
        """The terms of an account at a venue of perpetuals."""
        return next((held.perp for held in self.positions if held.perp is not None), None)

    @property
    def debts_first(self) -> tuple[Held, ...]:
        """The positions in the order in which a part of each is left: collateral is free where its debt is paid."""
        return tuple(sorted(self.positions, key=lambda held: not held.debt))


class SwapModel(Record):
    """A venue to swap in: `pair` in either direction, at most `slippage` worse (or better) than the oracle price.

    `flash_premium` is as of a `VenueModel`: here either token of the pair can be lent.
    """

    name: str
    adapter: str
    pair: tuple[str, str]
    slippage: Fraction
    flash_premium: Fraction | None = None


VenueFactory = Callable[[Venue, Strategy], VenueModel | SwapModel]
"""What an adapter's `model.py` provides."""


# ── plans: what a rule or the exit does ────────────────────────────────────────────────────


class Let(Record):
    """Bind a name to a value computed from the state at this point of the plan."""

    name: Var
    expr: Expr


class Enter(Record):
    """Move idle tokens into an asset position, or borrow into idle for a debt position. Skipped for amount 0."""

    held: Held
    amount: Expr


class Leave(Record):
    """Take tokens out of an asset position into idle, or repay a debt from idle. Skipped for amount 0."""

    held: Held
    amount: Expr


class Swap(Record):
    """Sell `amount` of idle `sold` for at least `minimum` of `bought`; binds `received`. Skipped for amount 0."""

    swap: SwapModel
    sold: str
    bought: str
    amount: Expr
    minimum: Expr
    received: Var


class FlashLoan(Record):
    """Borrow `amount` into idle, take the steps `within`, and give the loan back out of idle: all in one transaction.

    `lender` takes at most the share `premium` of it for that, and `due` is the most that is given back. Both are bound
    before. For amount 0 the steps are taken without a loan.
    """

    lender: str
    token: str
    premium: Fraction
    amount: Var
    due: Var
    within: Plan


class Provide(Record):
    """Add liquidity with idle tokens, at most so much of each, worth at least `minimum` more than before.

    Binds how much of each was taken. Skipped where there is nothing to add.
    """

    held: Held
    token: Expr
    base: Expr
    minimum: Expr
    took_token: Var
    took_base: Var


class Withdraw(Record):
    """Take `liquidity` out into idle, which is `worth` so much; binds what came of each token.

    Fees come with it. Where nothing is taken out they are left where they are, unless it is them that are `fetched`.
    Where the pool is off its oracle by more than is assumed it is refused, if that is `checked`.
    """

    held: Held
    liquidity: Expr
    worth: Expr
    token: Var
    base: Var
    fetched: bool = False
    checked: bool = False


class Trade(Record):
    """Enlarge a `short` at a perpetual venue by `amount`, sold for at least `bound`; or, where it `covers`, buy so much
    of it back for at most that. `cash` is the account's, which takes what is fetched, or pays. Skipped for amount 0.
    """

    short: Held
    cash: Held
    amount: Expr
    bound: Expr
    covers: bool = False


PlanItem = Let | Enter | Leave | Swap | FlashLoan | Provide | Withdraw | Trade
Plan = tuple[PlanItem, ...]


class Require(Record):
    """Nothing of it happens, with this reason, unless the formula holds here."""

    formula: Formula
    reason: str


Unwinding = tuple[PlanItem | Require, ...]
"""What leaves a part of every position, and may stop where that part cannot pay for itself."""


def every_item(plan: Iterable[PlanItem | Require]) -> Iterator[PlanItem | Require]:
    """Each item of a plan, and after a loan the items within it."""
    for item in plan:
        yield item
        if isinstance(item, FlashLoan):
            yield from every_item(item.within)


def binds(item: PlanItem | Require) -> tuple[Var, ...]:
    """The names that a step gives to amounts: nothing else may bear them."""
    match item:
        case Let(name):
            return (name,)
        case Swap(received=received):
            return (received,)
        case Provide(took_token=token, took_base=base) | Withdraw(token=token, base=base):
            return token, base
        case Enter() | Leave() | FlashLoan() | Trade() | Require():
            return ()


class ExitStep(Record):
    """What the exit does at one venue, and when it has left nothing there (but for units of rounding).

    Steps use no amounts that others bind: the vault can leave one out.
    """

    venue: str
    plan: Plan
    gone: Formula


# ── rules, floors, bands ───────────────────────────────────────────────────────────────────


class Condition(Placed):
    """A named predicate with the words it was written in."""

    text: str
    formula: Formula


class OnCondition(Record):
    condition: Condition


class OnTimer(Record):
    period: int  # seconds


class OnStale(Record):
    token: str


RuleTrigger = OnCondition | OnTimer | OnStale


class Trades(Record):
    """The rule trades: its plan. `reduces_risk` rules may run while the vault is frozen or guarded (see `guard`).

    One that `hedges` leaves every hedged sensitivity inside its band, or is undone.
    """

    plan: Plan
    reduces_risk: bool
    hedges: bool = False


class Marks(Record):
    """`harvest v`: nothing to claim where yield accrues inside the position; records the position's value."""

    venue: str


class Freezes(Record):
    """The vault stops taking deposits and risk."""


class Exits(Record):
    """The emergency exit."""


RuleEffect = Trades | Marks | Freezes | Exits


class RuleModel(Placed):
    """One rule. `name` is a unique identifier made of the action's words: `deleverage_aave`, `rebalance`."""

    name: str
    text: str
    trigger: RuleTrigger
    effect: RuleEffect

    @property
    def action(self) -> str:
        """What it does, as the strategy says it: `deleverage aave to health 1.80`."""
        return self.text.partition(" do ")[2]


class Band(Placed):
    """One position's target and the predicates that keep it near: edges of the band, minimum, maximum."""

    held: Held
    target: Fraction  # magnitude, of nav
    inside: tuple[Condition, ...]


class Greek(Record):
    """A sensitivity of the vault (see `greeks`): `long` less `short`, both derived quantities, in 10^-18 USD."""

    name: str
    token: str

    @property
    def long(self) -> Var:
        return Var(f"long_{self.name}({self.token})", Plain.VALUE)

    @property
    def short(self) -> Var:
        return Var(f"short_{self.name}({self.token})", Plain.VALUE)

    @property
    def combination(self) -> Combination:
        return {self.long: Fraction(1), self.short: Fraction(-1)}

    def __str__(self) -> str:
        return f"{self.name}({self.token})"


class Hedged(Placed):
    """A sensitivity that is kept between two shares of nav by trading `instrument`: `inside` are its band's edges."""

    greek: Greek
    instrument: Held
    low: Fraction
    high: Fraction
    inside: tuple[Condition, ...]


class Guard(Record):
    """`guarded` holds where a price has left what is assumed of it since the round began (see `guard`).

    `remembered` are the tokens whose prices it compares, as `round_price(T)`, with those of the round's beginning;
    `governed` the venues whose terms it compares, as `shortfall(VENUE)`, with those that were proved.
    """

    remembered: tuple[str, ...]
    guarded: Formula
    governed: tuple[str, ...] = ()


class Ring(Record):
    """Observations of a token's price over the last `window` seconds, at least `gap` seconds apart.

    `length` moves between observations are kept: as many as can end inside the window (see `volatility`).
    """

    token: str
    window: int
    gap: int
    length: int

    @property
    def var(self) -> Var:
        return volatility(self.token, self.window)

    @property
    def name(self) -> str:
        return self.var.name


def volatility(token: str, window: int) -> Var:
    """What is measured of a price over so many seconds, in 10^-18."""
    return Var(f"volatility({token}, {duration(window)})", Plain.NUMBER)


class Vault(Record, frozen=True, dict=True):
    """The whole model of one strategy.

    `definitions` maps each derived quantity to its expression, in an order in which each uses only earlier ones:
    `value(POSITION)` (assets rounded down, debts up), `assets`, `debts`, `nav`, `total_assets` (base units, rounded
    down), and the sides of `greeks`, which the strategy speaks of. `idle` has one entry per token of the
    strategy; those not allocated do not count in nav (base always does).
    `withdrawals` and `deposits` are what may flow in one round, as shares of nav at its start; `deposit_room` is what
    limits leave to depositors; None where there are none. `charge` is what `fees` compute. `unwinding` is what a
    redemption does that is paid out of the positions themselves, empty where there is nothing to unwind or no way into
    base. `guard` is None where no move of a price is assumed and no lender has terms. `rings` are what volatilities are
    measured with.
    """

    strategy: Strategy
    venues: tuple[VenueModel, ...]
    swaps: tuple[SwapModel, ...]
    idle: tuple[Held, ...]
    held: tuple[Held, ...]
    definitions: dict[str, Expr]
    bands: tuple[Band, ...]
    floors: tuple[Condition, ...]
    invariants: dict[str, Condition]
    rules: tuple[RuleModel, ...]
    exit_steps: tuple[ExitStep, ...]
    withdrawals: Fraction | None
    deposits: Fraction | None = None
    deposit_room: Expr | None = None
    charge: tuple[Let, ...] = ()
    guard: Guard | None = None
    unwinding: Unwinding = ()
    rings: tuple[Ring, ...] = ()
    greeks: tuple[Greek, ...] = ()
    hedges: tuple[Hedged, ...] = ()

    @property
    def base(self) -> str:
        return self.strategy.base

    @property
    def exit_plan(self) -> Plan:
        """Everything that the exit does, in its order, where no venue is left out."""
        return tuple(item for step in self.exit_steps for item in step.plan)

    @property
    def loans(self) -> tuple[FlashLoan, ...]:
        """Every flash loan of a rule or the exit."""
        plans = [rule.effect.plan for rule in self.rules if isinstance(rule.effect, Trades)]
        items = (item for plan in (*plans, self.exit_plan) for item in every_item(plan))
        return tuple(item for item in items if isinstance(item, FlashLoan))

    def lent_beside(self, loan: FlashLoan) -> tuple[Held, ...]:
        """What is owed to the lender of a flash loan in its token: lent out of the same stock.

        Two markets of Morpho Blue have one stock of a token, so what is owed at a venue of the same kind counts, too.
        """
        kind = next((venue.adapter for venue in self.venues if venue.name == loan.lender), None)
        beside = {venue.name for venue in self.venues if venue.adapter == kind}
        owed = (held for held in self.held if held.debt and held.token == loan.token)
        return tuple(held for held in owed if held.venue in beside)

    @property
    def queues(self) -> bool:
        """Whether withdrawals wait in turn: where a round limits them, or not all that is held is idle base."""
        return self.withdrawals is not None or any(held.venue or held.token != self.base for held in self.held)

    @cached_property
    def ranges(self) -> dict[str, Held]:
        """Positions in ranges of liquidity, by the definitions of their values."""
        return {held.value.name: held for held in self.held if held.range is not None}

    @cached_property
    def measured(self) -> frozenset[str]:
        """The names of what `rings` measure."""
        return frozenset(ring.name for ring in self.rings)

    @cached_property
    def divided(self) -> tuple[Held, ...]:
        """Ranges beside a sensitivity, which asks what of their worth is worth of the token (see `range_deltas`)."""
        return tuple(self.ranges.values()) if self.greeks else ()

    @cached_property
    def bent(self) -> tuple[Held, ...]:
        """Ranges beside a gamma, which asks how fast that part changes (see `range_gammas`)."""
        return tuple(self.ranges.values()) if any(greek.name == "gamma" for greek in self.greeks) else ()

    @property
    def perps(self) -> tuple[VenueModel, ...]:
        """Venues of perpetuals at which there is an account."""
        return tuple(venue for venue in self.venues if venue.perp is not None)

    @cached_property
    def shorts(self) -> dict[str, Held]:
        """Shorts at venues of perpetuals, by the definitions of their values."""
        return {held.value.name: held for held in self.held if held.perp is not None}

    @property
    def owner_delay(self) -> int:
        """Seconds that what the owner wants has to wait."""
        return next((role.delay for role in self.strategy.roles if isinstance(role, Owner)), 0)

    @property
    def keeper_silence(self) -> int | None:
        """Seconds of the keeper's silence after which anyone may run rules; None where nobody else ever may."""
        return next((role.delay for role in self.strategy.roles if isinstance(role, AnyoneAfter)), None)

    @property
    def depositors(self) -> Depositors | None:
        """Who may be given shares; None where everybody may."""
        return next((role for role in self.strategy.roles if isinstance(role, Depositors)), None)

    @property
    def schema(self) -> str | None:
        """The schema of which one must hold an attestation to be given shares; None where nobody needs one."""
        return None if self.depositors is None else self.depositors.schema

    @property
    def inner(self) -> dict[str, Vault]:
        """The vaults that are built from strategies which this one names, by the venues that stand for them here."""
        return {venue.name: venue.inner for venue in self.venues if venue.inner is not None}

    def venue(self, name: str) -> VenueModel:
        """The model of a venue that holds positions. StopIteration for a swap venue or an unknown name."""
        return next(venue for venue in self.venues if venue.name == name)

    @property
    def settled(self) -> tuple[Condition, ...]:
        """What holds whenever the keeper has done its work: floors, bands, minima, maxima, bands of what is hedged."""
        return (*self.floors, *(inside for band in self.bands for inside in band.inside), *self.hedged)

    @property
    def hedged(self) -> tuple[Condition, ...]:
        """The edges of every hedged sensitivity's band."""
        return tuple(inside for hedge in self.hedges for inside in hedge.inside)


def waits_for(rule: RuleModel, vault: Vault) -> tuple[RuleModel, ...]:
    """Trading rules of higher priority on a condition: while one is due and may run, a trading rule must wait."""
    if not isinstance(rule.effect, Trades):
        return ()
    earlier = vault.rules[: vault.rules.index(rule)]
    return tuple(one for one in earlier if isinstance(one.effect, Trades) and isinstance(one.trigger, OnCondition))


def net_worth(held: Held, venues: Iterable[VenueModel]) -> Combination:
    """What a position counts for: its value, and of a margin that of the whole account."""
    for venue in venues:
        if venue.perp is not None and held == venue.positions[0]:
            return {held.value: Fraction(1), venue.positions[1].value: Fraction(-1)}
    return {held.value: Fraction(1)}


NOT_HEDGED = "hedge: outside its band"
"""The reason of the revert where a rule that hedges does not."""

NAV = Var("nav", Plain.VALUE)

DUST_SHARE = Fraction(1, 1_000_000)
"""Trades worth less than this share of nav are skipped: venues reject amounts that round to nothing."""

SCALE = 1_000_000
"""The scale assumption: nav is worth at least this many of the largest smallest unit in play (`dust`)."""
