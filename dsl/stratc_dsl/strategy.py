"""The typed strategy: what a checked .strat file says, and all that later stages may read of it.

Every constant is an exact `Fraction`; ratios are plain (60% is 3/5), durations are whole seconds, rates are
ratios per second-counted period. Spans never take part in equality.
"""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from stratc_dsl.administration import Fee, Limit, Role, Signal
from stratc_dsl.record import Record
from stratc_dsl.span import Placed
from stratc_dsl.terms import AaveV3 as AaveV3
from stratc_dsl.terms import Bridge as Bridge
from stratc_dsl.terms import ChainlinkPrice as ChainlinkPrice
from stratc_dsl.terms import Collateral as Collateral
from stratc_dsl.terms import CoveredCall as CoveredCall
from stratc_dsl.terms import Emode as Emode
from stratc_dsl.terms import Erc4626 as Erc4626
from stratc_dsl.terms import FixedPrice as FixedPrice
from stratc_dsl.terms import Inner as Inner
from stratc_dsl.terms import MorphoBlue as MorphoBlue
from stratc_dsl.terms import PerpV2 as PerpV2
from stratc_dsl.terms import PriceSource as PriceSource
from stratc_dsl.terms import RatioPrice as RatioPrice
from stratc_dsl.terms import Terms as Terms
from stratc_dsl.terms import UniswapV3 as UniswapV3
from stratc_dsl.terms import UniswapV3Lp as UniswapV3Lp
from stratc_dsl.terms import pair_of

# ── dimensions ─────────────────────────────────────────────────────────────────────────────────────────────────────


class Base(Enum):
    """Dimensions that carry no token."""

    VALUE = "a value in USD"
    RATIO = "a ratio"
    DURATION = "a duration"
    RATE = "a rate"
    TRUTH = "a truth value"


class AmountOf(Record):
    """An amount of one token, in whole tokens (the DSL never counts smallest units)."""

    token: str


class PriceOf(Record):
    """USD per whole token."""

    token: str


Dimension = Base | AmountOf | PriceOf

SHARES = "shares"
"""The vault's own token, in dimensions and constants: `supply` is an amount of it, `share_price` its price."""

SHARE_DECIMALS = 18


# ── expressions (floors, triggers, invariants) ─────────────────────────────────────────────────────────────────────


class Literal(Placed):
    value: Fraction
    dimension: Dimension


class Position(Record):
    """A place where the vault holds or owes: `idle(USDC)`, `save`, `aave.collateral(WETH)`, `aave.debt(USDC)`.

    `venue` is None for idle balances. `adapters.py` says which kinds a venue has, and in which tokens; where a position
    is in two (liquidity in a pool), `token` is the first of the pair.
    """

    venue: str | None
    kind: str
    token: str

    def __str__(self) -> str:
        if self.venue is None:
            return f"idle({self.token})"
        if self.kind in _ALONE:
            return self.venue
        return f"{self.venue}.{self.kind}" if self.kind in _MEMBERS else f"{self.venue}.{self.kind}({self.token})"


_ALONE = frozenset({"deposit", "liquidity", "calls", "bridged"})
_MEMBERS = frozenset({"margin"})


class Quantity(Placed):
    """A named quantity: nav, health(v), ltv(v), leverage, idle(T), value(p), weight(p), price(T), ...

    Exactly one of `venue`, `token`, `position` is set where the quantity takes an argument. `period` is the window of
    `volatility`, in seconds: the root of the squared relative moves of the price in that time, not annualised.
    `delta(T)` is how many T have the same exposure to `price(T)` as the vault; `gamma(T)` and `vega(T)` are values:
    what delta's worth gains when the price doubles, and nav when volatility rises by 100%, at today's slope.
    """

    name: str
    dimension: Dimension
    venue: str | None = None
    token: str | None = None
    position: Position | None = None
    period: int | None = None


class BinaryOp(Enum):
    ADD = "+"
    SUB = "-"
    MUL = "*"
    DIV = "/"


class Binary(Placed):
    op: BinaryOp
    left: Expression
    right: Expression
    dimension: Dimension


class OfNav(Placed):
    """`5% of nav`: a value in USD."""

    share: Fraction


Expression = Literal | Quantity | Binary | OfNav


class Relation(Enum):
    LT = "<"
    LE = "<="
    GE = ">="
    GT = ">"


class Comparison(Placed):
    """`left relation right`, both of one dimension (an amount of T compares with a share of nav by its value)."""

    left: Expression
    relation: Relation
    right: Expression


class Connective(Placed):
    """`and` / `or` over two or more predicates."""

    word: str
    operands: tuple[Predicate, ...]


class Negation(Placed):
    operand: Predicate


class WeightsOutsideBand(Placed):
    """Some position's weight is outside its band, or under its minimum or over its maximum."""


class StalePrice(Placed):
    """The feed of `price(token)` is older than its heartbeat."""

    token: str


class SensitivityOutsideBand(Placed):
    """`delta(token)`, or another `sensitivity` that `hedge` keeps, is outside the band stated there."""

    sensitivity: str
    token: str


Predicate = Comparison | Connective | Negation | WeightsOutsideBand | StalePrice | SensitivityOutsideBand


# ── declarations ───────────────────────────────────────────────────────────────────────────────────────────────────


class Token(Placed):
    name: str
    decimals: int
    price: PriceSource


class Venue(Placed):
    name: str
    terms: Terms

    @property
    def adapter(self) -> str:
        """The adapter's name as written in the language, which is the name of its folder too."""
        return self.terms.adapter


# ── assumptions ────────────────────────────────────────────────────────────────────────────────────────────────────


class KeeperEvery(Placed):
    period: int  # seconds


class PriceMoves(Placed):
    """Relative move within one round: the price at any moment is settled price times a factor in [1+low, 1+high]."""

    token: str
    low: Fraction
    high: Fraction


class PriceStays(Placed):
    """Absolute USD price at every moment, settled ones included."""

    token: str
    low: Fraction
    high: Fraction


class PairMoves(Placed):
    """Relative move of `price(token) / price(other)` within one round, whatever each of the two does."""

    token: str
    other: str
    low: Fraction
    high: Fraction


class PairStays(Placed):
    """How many `other` one `token` is worth, at every moment."""

    token: str
    other: str
    low: Fraction
    high: Fraction


class FundingBetween(Placed):
    """What longs pay shorts, as a share of the notional per `per` seconds; below 0 the shorts pay."""

    venue: str
    low: Fraction
    high: Fraction
    per: int


class RateAtMost(Placed):
    """Interest on a debt position: at most `ratio` per `per` seconds (nominal, compounding allowed)."""

    position: Position
    ratio: Fraction
    per: int


class SlippageAtMost(Placed):
    venue: str
    ratio: Fraction


class LossAtMost(Placed):
    """A venue loses at most this share of what is held in it within one round."""

    venue: str
    ratio: Fraction


class LiquidityAtLeast(Placed):
    """At least this share of what the vault holds in the venue can be withdrawn at any moment."""

    venue: str
    ratio: Fraction


class RoomAtLeast(Placed):
    """At any moment a venue takes so much more of each position held there, and lends so much more: a share of nav."""

    venue: str
    ratio: Fraction


class OracleOffBy(Placed):
    """A venue's own oracle says of the token's price what the vault's feeds say, times a factor in [1-r, 1+r].

    At a market that prices one token in another, it is that price. The same for every venue that reads the token.
    """

    token: str
    ratio: Fraction


class WithdrawalsAtMost(Placed):
    """All withdrawals of one round together, as a share of the nav at the start of the round."""

    ratio: Fraction


class DepositsAtMost(Placed):
    """All deposits of one round together, as a share of the nav at the start of the round."""

    ratio: Fraction


Assumption = (
    KeeperEvery
    | PriceMoves
    | PriceStays
    | PairMoves
    | PairStays
    | FundingBetween
    | RateAtMost
    | SlippageAtMost
    | LossAtMost
    | LiquidityAtLeast
    | RoomAtLeast
    | OracleOffBy
    | WithdrawalsAtMost
    | DepositsAtMost
)


# ── allocation, rules, claims ──────────────────────────────────────────────────────────────────────────────────────


class Allocation(Placed):
    """Target share of nav of one position. Debts are written negative and kept negative here (-32% is -8/25).

    `low`/`high` are the band's edges (target -/+ tolerance), in the same sign convention: for a debt of
    -32% +- 4%, low is -36% and high is -28%. Without a band both equal None. `minimum`/`maximum` likewise.
    """

    position: Position
    target: Fraction
    low: Fraction | None
    high: Fraction | None
    minimum: Fraction | None = None
    maximum: Fraction | None = None


class SignalledAllocation(Placed):
    """A share of nav between `low` and `high`, debts negative: where in between is the signal's to say.

    At the lower end of the signal's range it is `low`, at the upper end `high`, in between on a straight line.
    """

    position: Position
    low: Fraction
    high: Fraction
    signal: str


class Hedge(Placed):
    """`sensitivity` (delta, gamma, vega) to `token` stays between `low` and `high` of nav, by trading `instrument`."""

    sensitivity: str
    token: str
    low: Fraction
    high: Fraction
    instrument: Position


class Floor(Placed):
    """Holds after every transaction, or the transaction reverts."""

    predicate: Predicate


class When(Placed):
    predicate: Predicate


class Every(Placed):
    period: int  # seconds


Trigger = When | Every


class Flash(Placed):
    """`using flash(venue)`: what an action needs in between is borrowed there, and repaid in the same transaction."""

    venue: str


class Deleverage(Placed):
    """Repay debt of `venue` until its health factor is `health`."""

    venue: str
    health: Fraction
    flash: Flash | None = None


class Rebalance(Placed):
    """Bring every position back to its target weight."""

    flash: Flash | None = None


class Rehedge(Placed):
    """Bring every sensitivity of `hedge` back into its band."""

    flash: Flash | None = None


class TopUp(Placed):
    """Move value into `position` until `goal` holds, from the first of `sources` first."""

    position: Position
    goal: Comparison
    sources: tuple[Position, ...]


class Unwind(Placed):
    """Close a position; what it was worth is held idle."""

    position: Position
    flash: Flash | None = None


class Harvest(Placed):
    venue: str


class Freeze(Placed):
    pass


class ExitAction(Placed):
    """`do exit`: the emergency exit as a rule."""

    flash: Flash | None = None


Action = Deleverage | Rebalance | Rehedge | TopUp | Unwind | Harvest | Freeze | ExitAction


class Rule(Placed):
    """What the keeper does; rules stand in order of priority."""

    trigger: Trigger
    action: Action


class Solvent(Placed):
    pass


class Safe(Placed):
    venue: str


class LossPerRound(Placed):
    ratio: Fraction


class ExitPays(Placed):
    ratio: Fraction


class SurvivesLossOf(Placed):
    venue: str


class Invariant(Placed):
    """`name` holds at every moment of every round."""

    name: str
    predicate: Predicate


Claim = Solvent | Safe | LossPerRound | ExitPays | SurvivesLossOf | Invariant


class Strategy(Placed):
    name: str
    base: str
    tokens: tuple[Token, ...]
    venues: tuple[Venue, ...]
    assumptions: tuple[Assumption, ...]
    allocations: tuple[Allocation, ...]
    floors: tuple[Floor, ...]
    rules: tuple[Rule, ...]
    exit_order: tuple[str, ...]
    claims: tuple[Claim, ...]
    signalled: tuple[SignalledAllocation, ...] = ()
    hedges: tuple[Hedge, ...] = ()
    exit_flash: Flash | None = None
    signals: tuple[Signal, ...] = ()
    roles: tuple[Role, ...] = ()
    limits: tuple[Limit, ...] = ()
    fees: tuple[Fee, ...] = ()

    def token(self, name: str) -> Token:
        """The declared token of that name. StopIteration where there is none: names were resolved before."""
        return next(token for token in self.tokens if token.name == name)

    def venue(self, name: str) -> Venue:
        """The declared venue of that name. StopIteration where there is none: names were resolved before."""
        return next(venue for venue in self.venues if venue.name == name)

    @property
    def positions(self) -> tuple[Position, ...]:
        """Every position that `allocate` names, those by a signal last."""
        targets = tuple(one.position for one in self.allocations)
        return targets + tuple(one.position for one in self.signalled)

    def tokens_of(self, position: Position) -> tuple[str, ...]:
        """The tokens that a position is in: two for liquidity in a pool, and for calls that may be exercised."""
        pair = pair_of(self.venue(position.venue).terms) if position.venue is not None else None
        return pair or (position.token,)
