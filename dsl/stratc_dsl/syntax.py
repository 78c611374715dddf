"""The surface tree: what a .strat text says, before anyone asks whether it makes sense."""

from __future__ import annotations

from enum import Enum
from fractions import Fraction

from stratc_dsl.record import Record
from stratc_dsl.span import Span

# ── expressions ──


class Unit(Enum):
    NONE = "plain"
    RATIO = "ratio"
    DURATION = "duration"


class Name(Record):
    text: str
    span: Span


class Number(Record):
    """A constant: `60%` and `25bps` as plain ratios, durations in seconds."""

    value: Fraction
    unit: Unit
    span: Span


class Amount(Record):
    """`100_000 USDC`; with the token `USD` a value."""

    value: Fraction
    token: Name
    span: Span


class Text(Record):
    value: str
    span: Span


class Argument(Record):
    name: Name | None
    value: Expr
    span: Span


class Reference(Record):
    """`name`, `name.member`, `name(arguments)` or `name.member(arguments)`; `arguments` is None without parentheses."""

    name: Name
    member: Name | None
    arguments: tuple[Argument, ...] | None
    span: Span


class ListOf(Record):
    items: tuple[Expr, ...]
    span: Span


class Range(Record):
    low: Expr
    high: Expr
    span: Span


class Signed(Record):
    sign: str
    operand: Expr
    span: Span


class Operation(Record):
    operator: str
    left: Expr
    right: Expr
    span: Span


class ShareOfNav(Record):
    share: Expr
    span: Span


class Compare(Record):
    left: Expr
    relation: str
    right: Expr
    span: Span


class Junction(Record):
    """`and` / `or` over two or more operands."""

    word: str
    operands: tuple[Expr, ...]
    span: Span


class Inverse(Record):
    """`not operand`."""

    operand: Expr
    span: Span


class OutsideBand(Record):
    subject: Expr
    span: Span


Expr = (
    Number
    | Amount
    | Text
    | Reference
    | ListOf
    | Range
    | Signed
    | Operation
    | ShareOfNav
    | Compare
    | Junction
    | Inverse
    | OutsideBand
)

# ── declarations ──


class Field(Record):
    """`name: value`"""

    name: Name
    value: Expr
    span: Span


class BaseClause(Record):
    token: Name
    span: Span


class TokenDeclaration(Record):
    name: Name
    fields: tuple[Field, ...]
    span: Span


class VenueDeclaration(Record):
    name: Name
    terms: Reference
    span: Span


# ── assumptions ──


class KeeperClause(Record):
    period: Expr
    span: Span


class RangeClause(Record):
    """`subject moves range` or `subject stays range`; `verb` is the word."""

    subject: Reference
    verb: str
    range: Range
    span: Span


class BoundClause(Record):
    """`subject relation bound [per D]`"""

    subject: Reference
    relation: str
    bound: Expr
    per: Expr | None
    span: Span


class WithinClause(Record):
    """`subject in range [per D]`"""

    subject: Reference
    range: Range
    per: Expr | None
    span: Span


class OffByClause(Record):
    """`subject off by relation bound`"""

    subject: Reference
    relation: str
    bound: Expr
    span: Span


AssumptionClause = KeeperClause | RangeClause | BoundClause | WithinClause | OffByClause


class AssumeBlock(Record):
    clauses: tuple[AssumptionClause, ...]
    span: Span


# ── allocation, floors, rules, exit, claims ──


class Target(Record):
    position: Reference
    share: Expr
    tolerance: Expr | None
    minima: tuple[Expr, ...]
    maxima: tuple[Expr, ...]
    span: Span


class SignalledTarget(Record):
    """`position: range by signal(..)`"""

    position: Reference
    range: Range
    signal: Reference
    span: Span


class AllocateBlock(Record):
    targets: tuple[Target | SignalledTarget, ...]
    span: Span


class SensitivityClause(Record):
    """`subject: range using instrument`"""

    subject: Reference
    range: Range
    instrument: Reference
    span: Span


class HedgeBlock(Record):
    sensitivities: tuple[SensitivityClause, ...]
    span: Span


class FloorsBlock(Record):
    floors: tuple[Expr, ...]
    span: Span


class RebalanceVerb(Record):
    span: Span
    using: Reference | None = None


class RehedgeVerb(Record):
    span: Span
    using: Reference | None = None


class DeleverageVerb(Record):
    venue: Name
    health: Expr
    span: Span
    using: Reference | None = None


class HarvestVerb(Record):
    venue: Name
    span: Span


class TopUpVerb(Record):
    """`top_up position to quantity [relation] level from sources`"""

    position: Reference
    quantity: Reference
    relation: str | None
    level: Expr
    sources: ListOf
    span: Span


class UnwindVerb(Record):
    position: Reference
    span: Span
    using: Reference | None = None


class FreezeVerb(Record):
    span: Span


class ExitVerb(Record):
    span: Span
    using: Reference | None = None


Verb = RebalanceVerb | RehedgeVerb | DeleverageVerb | HarvestVerb | TopUpVerb | UnwindVerb | FreezeVerb | ExitVerb


class WhenRule(Record):
    condition: Expr
    verb: Verb
    span: Span


class EveryRule(Record):
    period: Expr
    verb: Verb
    span: Span


class RulesBlock(Record):
    rules: tuple[WhenRule | EveryRule, ...]
    span: Span


class ExitBlock(Record):
    fields: tuple[Field, ...]
    span: Span


class ClaimClause(Record):
    """`subject` or `subject relation bound [per round]`; `relation` and `bound` are both set or both None."""

    subject: Reference
    relation: str | None
    bound: Expr | None
    per_round: bool
    span: Span


class SurvivesClause(Record):
    venue: Name
    span: Span


class InvariantClause(Record):
    name: Name
    condition: Expr
    span: Span


class ProveBlock(Record):
    claims: tuple[ClaimClause | SurvivesClause | InvariantClause, ...]
    span: Span


# ── signals, roles, limits, fees ──


class SignalDeclaration(Record):
    """`signal name { field: value, .. }`, in the block `signals` or beside it."""

    name: Name
    fields: tuple[Field, ...]
    span: Span


class SignalsBlock(Record):
    signals: tuple[SignalDeclaration, ...]
    span: Span


class RoleClause(Record):
    """`name` or `name: value`"""

    name: Name
    value: Expr | None
    span: Span


class AnyoneClause(Record):
    """`anyone after D`"""

    delay: Expr
    span: Span


class RolesBlock(Record):
    roles: tuple[RoleClause | AnyoneClause, ...]
    span: Span


class LimitsBlock(Record):
    limits: tuple[Expr, ...]
    span: Span


class FeeClause(Record):
    """`name: share [per D]`"""

    name: Name
    share: Expr
    per: Expr | None
    span: Span


class FeesBlock(Record):
    fees: tuple[FeeClause, ...]
    span: Span


Part = (
    BaseClause
    | TokenDeclaration
    | VenueDeclaration
    | AssumeBlock
    | AllocateBlock
    | HedgeBlock
    | FloorsBlock
    | RulesBlock
    | SignalDeclaration
    | SignalsBlock
    | RolesBlock
    | LimitsBlock
    | FeesBlock
    | ExitBlock
    | ProveBlock
)


class StrategyDeclaration(Record):
    name: Name
    parts: tuple[Part, ...]
    span: Span


class UseClause(Record):
    """`use "path"`"""

    path: Text
    span: Span


Shared = TokenDeclaration | VenueDeclaration | AssumeBlock


class File(Record):
    """`shared` is what stands outside of every strategy."""

    uses: tuple[UseClause, ...]
    shared: tuple[Shared, ...]
    strategies: tuple[StrategyDeclaration, ...]
