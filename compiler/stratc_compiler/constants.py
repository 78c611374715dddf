"""The numbers that a strategy states, and the strategy with another one in the place of one of them.

A constant is found by its place in the typed strategy, so whatever stands there is replaced for the model, the claims
and the proofs alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from fractions import Fraction

from msgspec.structs import replace

from stratc_compiler.text import percent
from stratc_dsl import strategy as typed
from stratc_dsl.record import Record
from stratc_dsl.span import Source, Span
from stratc_dsl.strategy import Strategy
from stratc_dsl.words import duration

Place = tuple[str | int, ...]
"""Names of fields and numbers of items, from the strategy down to a leaf."""


class Kind(Enum):
    """How a constant is written."""

    RATIO = "ratio"  # 20%
    PLAIN = "plain"  # 1.35
    SECONDS = "seconds"  # 90 minutes: 5400


class Field(Record):
    """A number in a record of the strategy.

    `harsher` is the sign of a change that lets the environment do more, 0 for what is the strategy's own choice. Beyond
    `least` and `most` it means nothing.
    """

    name: str
    kind: Kind
    harsher: int = 0
    least: Fraction | None = Fraction(0)
    most: Fraction | None = None
    words: str = ""


_RATIO, _PLAIN = Kind.RATIO, Kind.PLAIN
_ALL = Fraction(1)
_SMALL = Fraction(1, 10_000)

_FIELDS: dict[type, tuple[Field, ...]] = {
    typed.KeeperEvery: (Field("period", Kind.SECONDS, +1, Fraction(1)),),
    typed.PriceMoves: (
        Field("low", _RATIO, -1, -_ALL, Fraction(0), "fall"),
        Field("high", _RATIO, +1, words="rise"),
    ),
    typed.PriceStays: (
        Field("low", _PLAIN, -1, _SMALL, words="low"),
        Field("high", _PLAIN, +1, _SMALL, words="high"),
    ),
    typed.PairMoves: (
        Field("low", _RATIO, -1, -_ALL, Fraction(0), "fall"),
        Field("high", _RATIO, +1, words="rise"),
    ),
    typed.PairStays: (
        Field("low", _PLAIN, -1, _SMALL, words="low"),
        Field("high", _PLAIN, +1, _SMALL, words="high"),
    ),
    typed.RateAtMost: (Field("ratio", _RATIO, +1),),
    typed.SlippageAtMost: (Field("ratio", _RATIO, +1, most=_ALL),),
    typed.LossAtMost: (Field("ratio", _RATIO, +1, most=_ALL),),
    typed.LiquidityAtLeast: (Field("ratio", _RATIO, -1, most=_ALL),),
    typed.RoomAtLeast: (Field("ratio", _RATIO, -1),),
    typed.OracleOffBy: (Field("ratio", _RATIO, +1, most=Fraction(99, 100)),),
    typed.WithdrawalsAtMost: (Field("ratio", _RATIO, +1, most=_ALL),),
    typed.DepositsAtMost: (Field("ratio", _RATIO, +1),),
    typed.Collateral: (Field("threshold", _RATIO, -1, most=_ALL, words="threshold"),),
    typed.Allocation: (Field("minimum", _RATIO, words="min"), Field("maximum", _RATIO, words="max")),
    typed.Hedge: (
        Field("low", _RATIO, least=None, words="low"),
        Field("high", _RATIO, least=None, words="high"),
    ),
    typed.OfNav: (Field("share", _RATIO),),
    typed.Literal: (Field("value", _PLAIN),),
    typed.Deleverage: (Field("health", _PLAIN, least=_ALL, words="target"),),
    typed.LossPerRound: (Field("ratio", _RATIO, most=_ALL),),
    typed.ExitPays: (Field("ratio", _RATIO, most=_ALL),),
}


_TOLERANCE = Field("tolerance", _RATIO, words="+-")
"""Of a band: written once, kept as two edges."""


def numbers(statement: Record) -> tuple[Field, ...]:
    """The numbers that a statement itself states, without those of what it holds."""
    return _FIELDS.get(type(statement), ())


class Constant(Record):
    """One number of a strategy, `words` telling apart those of one statement, which stands at `span`."""

    place: Place
    value: Fraction
    field: Field
    span: Span

    def step(self, value: Fraction) -> Fraction:
        """What a value in this place is changed by: its third digit, so that what is printed is what was proved."""
        if self.field.kind is Kind.SECONDS:
            return Fraction(max(1, _power(value) // 100))
        return _power(abs(value)) / 100 if value else Fraction(1, 1000)

    def told(self, value: Fraction) -> str:
        """A value as it would be written in this place."""
        match self.field.kind:
            case Kind.RATIO:
                return ("+" if self.field.words == "rise" else "") + percent(value)
            case Kind.PLAIN:
                return f"{float(value):g}"
            case Kind.SECONDS:
                return duration(int(value))


def _power(value: Fraction) -> Fraction:
    """The largest power of ten that is at most the value."""
    power = Fraction(1)
    while power > value:
        power /= 10
    while power * 10 <= value:
        power *= 10
    return power


def assumed(strategy: Strategy) -> Iterator[Constant]:
    """What the strategy assumes of its environment, thresholds of lending venues last."""
    for where in ("assumptions", "venues"):
        yield from (found for found in _of(strategy, where) if found.field.harsher)


def stated(strategy: Strategy, source: Source) -> Iterator[Constant]:
    """All that may be changed to mend a strategy: what it assumes and what it chooses. Venues are what they are."""
    for where in ("assumptions", "allocations", "hedges", "floors", "rules", "claims"):
        yield from (_as_written(found, strategy, source) for found in _of(strategy, where))


def _of(strategy: Strategy, where: str) -> Iterator[Constant]:
    for number, statement in enumerate(getattr(strategy, where)):
        yield from _constants(statement, (where, number), statement.span)


def _constants(node: object, place: Place, span: Span) -> Iterator[Constant]:
    if isinstance(node, tuple):
        for number, item in enumerate(node):
            yield from _constants(item, (*place, number), span)
    if not isinstance(node, Record) or isinstance(node, typed.Inner):
        return  # an inner vault is what its own strategy says
    for field in _FIELDS.get(type(node), ()):
        value = getattr(node, field.name)
        if value is not None:
            yield Constant((*place, field.name), Fraction(value), field, span)
    if isinstance(node, typed.Allocation) and node.high is not None:
        yield Constant((*place, _TOLERANCE.name), node.high - node.target, _TOLERANCE, span)
    for name in node.__struct_fields__:
        yield from _constants(getattr(node, name), (*place, name), span)


def _as_written(constant: Constant, strategy: Strategy, source: Source) -> Constant:
    """With `%` where it is written with one: a literal alone does not say."""
    if constant.field != _FIELDS[typed.Literal][0]:
        return constant
    literal: object = strategy
    for step in constant.place[:-1]:
        literal = literal[step] if isinstance(literal, tuple) and isinstance(step, int) else getattr(literal, str(step))
    assert isinstance(literal, typed.Literal)
    percents = source.words(literal.span).rstrip().endswith("%")
    return replace(constant, field=replace(constant.field, kind=Kind.RATIO)) if percents else constant


def with_value(strategy: Strategy, constant: Constant, value: Fraction) -> Strategy:
    """The strategy with that value in the constant's place."""
    leaf = int(value) if constant.field.kind is Kind.SECONDS else value
    changed = _put(strategy, constant.place, leaf)
    assert isinstance(changed, Strategy)
    return changed


def _put(node: object, place: Place, leaf: object) -> object:
    if not place:
        return leaf
    first, *rest = place
    if isinstance(node, typed.Allocation) and first == _TOLERANCE.name and isinstance(leaf, Fraction):
        return replace(node, low=node.target - leaf, high=node.target + leaf)
    if isinstance(node, tuple) and isinstance(first, int):
        return (*node[:first], _put(node[first], tuple(rest), leaf), *node[first + 1 :])
    assert isinstance(node, Record)
    assert isinstance(first, str)
    return replace(node, **{first: _put(getattr(node, first), tuple(rest), leaf)})
