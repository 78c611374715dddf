"""Whether one predicate implies another, as far as can be seen from comparisons of one quantity with constants."""

from __future__ import annotations

from fractions import Fraction

from stratc_dsl.strategy import Comparison, Connective, Dimension, Expression, Literal, OfNav, Predicate, Relation

_FLIPPED = {Relation.LT: Relation.GT, Relation.LE: Relation.GE, Relation.GE: Relation.LE, Relation.GT: Relation.LT}
_OPPOSITE = {Relation.LT: Relation.GE, Relation.LE: Relation.GT, Relation.GE: Relation.LT, Relation.GT: Relation.LE}


def implies(narrow: Predicate, wide: Predicate) -> bool:
    """True only where `wide` holds whenever `narrow` does; False also where that cannot be seen."""
    if narrow == wide:
        return True
    if isinstance(narrow, Connective) and narrow.word == "or":
        return all(implies(one, wide) for one in narrow.operands)
    if isinstance(wide, Connective) and wide.word == "and":
        return all(implies(narrow, one) for one in wide.operands)
    if isinstance(wide, Connective) and any(implies(narrow, one) for one in wide.operands):
        return True
    if isinstance(narrow, Connective):
        return any(implies(one, wide) for one in narrow.operands)
    if isinstance(narrow, Comparison) and isinstance(wide, Comparison):
        return _comparison_implies(narrow, wide)
    return False


def opposite(comparison: Comparison) -> Comparison:
    """Holds exactly where the comparison does not."""
    return Comparison(comparison.left, _OPPOSITE[comparison.relation], comparison.right, span=comparison.span)


def _comparison_implies(narrow: Comparison, wide: Comparison) -> bool:
    (subject, relation, bound), (other, wide_relation, edge) = _sorted(narrow), _sorted(wide)
    value, limit = _constant(bound), _constant(edge)
    if subject != other or value is None or limit is None or value[1] != limit[1]:
        return False
    upward = relation in (Relation.GE, Relation.GT)
    if upward != (wide_relation in (Relation.GE, Relation.GT)):
        return False
    if value[0] == limit[0]:
        return relation in (Relation.LT, Relation.GT) or wide_relation in (Relation.LE, Relation.GE)
    return value[0] > limit[0] if upward else value[0] < limit[0]


def _sorted(comparison: Comparison) -> tuple[Expression, Relation, Expression]:
    """With the constant on the right, where there is one."""
    if _constant(comparison.left) is not None:
        return comparison.right, _FLIPPED[comparison.relation], comparison.left
    return comparison.left, comparison.relation, comparison.right


def _constant(expression: Expression) -> tuple[Fraction, Dimension | None] | None:
    """The value of a constant with its dimension; None stands for shares of nav."""
    match expression:
        case Literal(value, dimension):
            return value, dimension
        case OfNav(share):
            return share, None
        case _:
            return None
