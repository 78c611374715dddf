"""The surface tree: what a .strat text says, before anyone asks whether it makes sense."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from stratc_dsl.span import Span

# ── expressions ──


class Unit(Enum):
    NONE = "plain"
    RATIO = "ratio"
    DURATION = "duration"


@dataclass(frozen=True, slots=True)
class Name:
    text: str
    span: Span


@dataclass(frozen=True, slots=True)
class Number:
    """A constant: `60%` and `25bps` as plain ratios, durations in seconds."""

    value: Fraction
    unit: Unit
    span: Span


@dataclass(frozen=True, slots=True)
class Amount:
    """`100_000 USDC`; with the token `USD` a value."""

    value: Fraction
    token: Name
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Argument:
    name: Name | None
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Reference:
    """`name`, `name.member`, `name(arguments)` or `name.member(arguments)`; `arguments` is None without parentheses."""

    name: Name
    member: Name | None
    arguments: tuple[Argument, ...] | None
    span: Span


@dataclass(frozen=True, slots=True)
class ListOf:
    items: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Range:
    low: Expr
    high: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Signed:
    sign: str
    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Operation:
    operator: str
    left: Expr
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ShareOfNav:
    share: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Compare:
    left: Expr
    relation: str
    right: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class Junction:
    """`and` / `or` over two or more operands."""

    word: str
    operands: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Inverse:
    """`not operand`."""

    operand: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class OutsideBand:
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


@dataclass(frozen=True, slots=True)
class Field:
    """`name: value`"""

    name: Name
    value: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class BaseClause:
    token: Name
    span: Span


@dataclass(frozen=True, slots=True)
class TokenDeclaration:
    name: Name
    fields: tuple[Field, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class VenueDeclaration:
    name: Name
    terms: Reference
    span: Span


# ── assumptions ──


@dataclass(frozen=True, slots=True)
class KeeperClause:
    period: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class RangeClause:
    """`subject moves range` or `subject stays range`; `verb` is the word."""

    subject: Reference
    verb: str
    range: Range
    span: Span


@dataclass(frozen=True, slots=True)
class BoundClause:
    """`subject relation bound [per D]`"""

    subject: Reference
    relation: str
    bound: Expr
    per: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class WithinClause:
    """`subject in range [per D]`"""

    subject: Reference
    range: Range
    per: Expr | None
    span: Span


AssumptionClause = KeeperClause | RangeClause | BoundClause | WithinClause


@dataclass(frozen=True, slots=True)
class AssumeBlock:
    clauses: tuple[AssumptionClause, ...]
    span: Span


# ── allocation, floors, rules, exit, claims ──


@dataclass(frozen=True, slots=True)
class Target:
    position: Reference
    share: Expr
    tolerance: Expr | None
    minima: tuple[Expr, ...]
    maxima: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SignalledTarget:
    """`position: range by signal(..)`"""

    position: Reference
    range: Range
    signal: Reference
    span: Span


@dataclass(frozen=True, slots=True)
class AllocateBlock:
    targets: tuple[Target | SignalledTarget, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SensitivityClause:
    """`subject: range using instrument`"""

    subject: Reference
    range: Range
    instrument: Reference
    span: Span


@dataclass(frozen=True, slots=True)
class HedgeBlock:
    sensitivities: tuple[SensitivityClause, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FloorsBlock:
    floors: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class RebalanceVerb:
    span: Span
    using: Reference | None = None


@dataclass(frozen=True, slots=True)
class RehedgeVerb:
    span: Span
    using: Reference | None = None


@dataclass(frozen=True, slots=True)
class DeleverageVerb:
    venue: Name
    health: Expr
    span: Span
    using: Reference | None = None


@dataclass(frozen=True, slots=True)
class HarvestVerb:
    venue: Name
    span: Span


@dataclass(frozen=True, slots=True)
class TopUpVerb:
    """`top_up position to quantity [relation] level from sources`"""

    position: Reference
    quantity: Reference
    relation: str | None
    level: Expr
    sources: ListOf
    span: Span


@dataclass(frozen=True, slots=True)
class UnwindVerb:
    position: Reference
    span: Span
    using: Reference | None = None


@dataclass(frozen=True, slots=True)
class FreezeVerb:
    span: Span


@dataclass(frozen=True, slots=True)
class ExitVerb:
    span: Span
    using: Reference | None = None


Verb = RebalanceVerb | RehedgeVerb | DeleverageVerb | HarvestVerb | TopUpVerb | UnwindVerb | FreezeVerb | ExitVerb


@dataclass(frozen=True, slots=True)
class WhenRule:
    condition: Expr
    verb: Verb
    span: Span


@dataclass(frozen=True, slots=True)
class EveryRule:
    period: Expr
    verb: Verb
    span: Span


@dataclass(frozen=True, slots=True)
class RulesBlock:
    rules: tuple[WhenRule | EveryRule, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ExitBlock:
    fields: tuple[Field, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class ClaimClause:
    """`subject` or `subject relation bound [per round]`; `relation` and `bound` are both set or both None."""

    subject: Reference
    relation: str | None
    bound: Expr | None
    per_round: bool
    span: Span


@dataclass(frozen=True, slots=True)
class SurvivesClause:
    venue: Name
    span: Span


@dataclass(frozen=True, slots=True)
class InvariantClause:
    name: Name
    condition: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class ProveBlock:
    claims: tuple[ClaimClause | SurvivesClause | InvariantClause, ...]
    span: Span


# ── signals, roles, limits, fees ──


@dataclass(frozen=True, slots=True)
class SignalDeclaration:
    """`signal name { field: value, .. }`, in the block `signals` or beside it."""

    name: Name
    fields: tuple[Field, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class SignalsBlock:
    signals: tuple[SignalDeclaration, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class RoleClause:
    """`name` or `name: value`"""

    name: Name
    value: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class AnyoneClause:
    """`anyone after D`"""

    delay: Expr
    span: Span


@dataclass(frozen=True, slots=True)
class RolesBlock:
    roles: tuple[RoleClause | AnyoneClause, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class LimitsBlock:
    limits: tuple[Expr, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class FeeClause:
    """`name: share [per D]`"""

    name: Name
    share: Expr
    per: Expr | None
    span: Span


@dataclass(frozen=True, slots=True)
class FeesBlock:
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


@dataclass(frozen=True, slots=True)
class StrategyDeclaration:
    name: Name
    parts: tuple[Part, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class UseClause:
    """`use "path"`"""

    path: Text
    span: Span


Shared = TokenDeclaration | VenueDeclaration | AssumeBlock


@dataclass(frozen=True, slots=True)
class File:
    """`shared` is what stands outside of every strategy."""

    uses: tuple[UseClause, ...]
    shared: tuple[Shared, ...]
    strategies: tuple[StrategyDeclaration, ...]
