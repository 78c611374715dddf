"""Expressions: names resolved, every part typed by its dimension."""

from __future__ import annotations

from fractions import Fraction

from msgspec.structs import replace

from stratc_dsl import syntax
from stratc_dsl.check_arguments import only_argument
from stratc_dsl.check_quantities import fed_token, type_quantity
from stratc_dsl.errors import (
    DifferentDimensions,
    DivisionByZero,
    NoProduct,
    NotHedged,
    TooManyDigits,
    WrongDimension,
    WrongKind,
)
from stratc_dsl.scope import Scope
from stratc_dsl.span import Span
from stratc_dsl.strategy import (
    SHARE_DECIMALS,
    SHARES,
    AmountOf,
    Base,
    Binary,
    BinaryOp,
    Comparison,
    Connective,
    Dimension,
    Expression,
    Literal,
    Negation,
    OfNav,
    Predicate,
    PriceOf,
    Quantity,
    Relation,
    SensitivityOutsideBand,
    StalePrice,
    WeightsOutsideBand,
)
from stratc_dsl.words import dimension_words, expression_words

Truth = syntax.Compare | syntax.Junction | syntax.Inverse | syntax.OutsideBand


def type_expression(expression: syntax.Expr, scope: Scope) -> Expression | None:
    """The typed expression, or None after reporting."""
    span = expression.span
    match expression:
        case syntax.Number(value, unit):
            return Literal(value, Base.DURATION if unit is syntax.Unit.DURATION else Base.RATIO, span=span)
        case syntax.Amount():
            return _amount(expression, scope)
        case syntax.Signed(sign, operand):
            return _signed(sign, type_expression(operand, scope), span)
        case syntax.Operation():
            return _operation(expression, scope)
        case syntax.ShareOfNav(share):
            return _share_of_nav(share, scope, span)
        case syntax.Reference() if not _is_stale(expression):
            return type_quantity(expression, scope)
        case _:
            found = expression_words(expression)
            scope.problems.report(WrongKind(span, "a number or quantity", found, "write an expression with a value"))
            return None


def dimension_of(expression: Expression) -> Dimension:
    return Base.VALUE if isinstance(expression, OfNav) else expression.dimension


def constant_value(expression: Expression) -> Fraction | None:
    """The exact value of an expression without quantities; None where it has any. Divisors were checked before."""
    match expression:
        case Literal(value):
            return value
        case Quantity() | OfNav():
            return None
        case Binary(op, left, right):
            first, second = constant_value(left), constant_value(right)
            if first is None or second is None:
                return None
            match op:
                case BinaryOp.ADD:
                    return first + second
                case BinaryOp.SUB:
                    return first - second
                case BinaryOp.MUL:
                    return first * second
                case BinaryOp.DIV:
                    return first / second


def _amount(amount: syntax.Amount, scope: Scope) -> Expression | None:
    if amount.token.text == "USD":
        return Literal(amount.value, Base.VALUE, span=amount.span)
    if amount.token.text == SHARES:
        return _shares(amount, scope)
    units = "a number takes a declared token, `USD`, or without a space `%`, `bps`, `s`, `m`, `h`, `d`, `y`"
    token = scope.token(amount.token, units)
    if token is None:
        return None
    declared = scope.tokens[token].value
    if declared is not None and not _fits(amount, token, declared.decimals, scope):
        return None
    return Literal(amount.value, AmountOf(token), span=amount.span)


def _shares(amount: syntax.Amount, scope: Scope) -> Expression | None:
    """Shares of the vault, which has as many decimals for every base."""
    if not _fits(amount, SHARES, SHARE_DECIMALS, scope):
        return None
    return Literal(amount.value, AmountOf(SHARES), span=amount.span)


def _fits(amount: syntax.Amount, token: str, decimals: int, scope: Scope) -> bool:
    """Whether an amount is a whole number of smallest units; reports one that is not."""
    if (amount.value * 10**decimals).denominator == 1:
        return True
    needed = next((str(n) for n in range(78) if (amount.value * 10**n).denominator == 1), "more than 77")
    scope.problems.report(TooManyDigits(amount.span, token, decimals, needed))
    return False


def _signed(sign: str, operand: Expression | None, span: Span) -> Expression | None:
    match operand:
        case None:
            return None
        case _ if sign == "+":
            return operand
        case Literal(value, dimension):
            return Literal(-value, dimension, span=span)
        case OfNav(share):
            return OfNav(-share, span=span)
        case _:
            dimension = dimension_of(operand)
            return Binary(BinaryOp.SUB, Literal(Fraction(0), dimension, span=span), operand, dimension, span=span)


def _share_of_nav(share: syntax.Expr, scope: Scope, span: Span) -> Expression | None:
    typed = type_expression(share, scope)
    if typed is None:
        return None
    value = constant_value(typed)
    if value is None or dimension_of(typed) is not Base.RATIO:
        found = dimension_words(dimension_of(typed)) if value is not None else "a quantity"
        cure = "write a share such as `5% of nav`"
        scope.problems.report(WrongDimension(typed.span, "`of nav`", "a constant ratio", found, cure, typed.span))
        return None
    return OfNav(value, span=span)


# ── sums and products ──


def _operation(expression: syntax.Operation, scope: Scope) -> Expression | None:
    left, right = type_expression(expression.left, scope), type_expression(expression.right, scope)
    if left is None or right is None:
        return None
    op = BinaryOp(expression.operator)
    if op is BinaryOp.DIV and constant_value(right) == 0:
        scope.problems.report(DivisionByZero(right.span))
        return None
    first, second = dimension_of(left), dimension_of(right)
    if op in (BinaryOp.ADD, BinaryOp.SUB):
        if first == second:
            return Binary(op, left, right, first, span=expression.span)
        scope.problems.report(_different("add" if op is BinaryOp.ADD else "subtract", left, right))
        return None
    result = _product(first, second) if op is BinaryOp.MUL else _quotient(first, second)
    if result is None:
        words = dimension_words(first), dimension_words(second)
        verb = "multiply" if op is BinaryOp.MUL else "divide"
        scope.problems.report(NoProduct(right.span, verb, *words, left.span))
        return None
    return Binary(op, left, right, result, span=expression.span)


def _product(left: Dimension, right: Dimension) -> Dimension | None:
    match left, right:
        case (Base.RATIO, other) | (other, Base.RATIO):
            return other
        case (AmountOf(token), PriceOf(priced)) | (PriceOf(priced), AmountOf(token)) if token == priced:
            return Base.VALUE
        case (Base.RATE, Base.DURATION) | (Base.DURATION, Base.RATE):
            return Base.RATIO
        case _:
            return None


def _quotient(left: Dimension, right: Dimension) -> Dimension | None:
    if left == right:
        return Base.RATIO
    match left, right:
        case (other, Base.RATIO):
            return other
        case (Base.VALUE, PriceOf(token)):
            return AmountOf(token)
        case (Base.VALUE, AmountOf(token)):
            return PriceOf(token)
        case (Base.RATIO, Base.DURATION):
            return Base.RATE
        case _:
            return None


def _different(verb: str, left: Expression, right: Expression) -> DifferentDimensions:
    first, second = dimension_of(left), dimension_of(right)
    return DifferentDimensions(
        right.span, verb, dimension_words(first), dimension_words(second), left.span, _cure(left, right)
    )


def _cure(left: Expression, right: Expression) -> str:
    dimensions = {dimension_of(left), dimension_of(right)}
    if any(isinstance(dimension, PriceOf) for dimension in dimensions):
        return "a price compares with one in USD, such as `0.98 USD`"
    ratio = next((side for side in (left, right) if dimension_of(side) is Base.RATIO), None)
    if isinstance(ratio, Literal):
        return "a share of nav is written `5% of nav`, a value `2_000 USD`, an amount `100 USDC`"
    if ratio is not None:
        return "a ratio compares with a plain number or a percentage, without a unit"
    if all(isinstance(dimension, AmountOf) for dimension in dimensions) or Base.VALUE in dimensions:
        return "turn amounts into values: `1 WETH * price(WETH)`"
    return "both sides must have the same dimension"


# ── truth values ──


def type_predicate(expression: syntax.Expr, scope: Scope, where: str) -> Predicate | None:
    """The typed predicate, or None after reporting."""
    span = expression.span
    match expression:
        case syntax.Compare():
            return _comparison(expression, scope)
        case syntax.Junction(word, operands):
            typed = [type_predicate(operand, scope, f"`{word}`") for operand in operands]
            complete = tuple(one for one in typed if one is not None)
            return Connective(word, complete, span=span) if len(complete) == len(typed) else None
        case syntax.Inverse(operand):
            inner = type_predicate(operand, scope, "`not`")
            return Negation(inner, span=span) if inner is not None else None
        case syntax.OutsideBand(subject):
            return _outside_band(subject, scope, span)
        case syntax.Reference() if _is_stale(expression):
            return _stale(expression, scope)
        case _:
            _report_not_a_truth(expression, scope, where)
            return None


def _comparison(expression: syntax.Compare, scope: Scope) -> Comparison | None:
    left, right = type_expression(expression.left, scope), type_expression(expression.right, scope)
    if left is None or right is None:
        return None
    left, right = _priced(left, right), _priced(right, left)
    if dimension_of(left) != dimension_of(right) and not (_by_value(left, right) or _by_value(right, left)):
        scope.problems.report(_different("compare", left, right))
        return None
    return Comparison(left, Relation(expression.relation), right, span=expression.span)


def _by_value(amount: Expression, share: Expression) -> bool:
    """An amount compares with a share of nav: by its value."""
    return isinstance(dimension_of(amount), AmountOf) and isinstance(share, OfNav)


def _priced(side: Expression, other: Expression) -> Expression:
    """`2_000 USD` beside a price is itself a price: there is no other way to write one."""
    dimension = dimension_of(other)
    if isinstance(side, Literal) and side.dimension is Base.VALUE and isinstance(dimension, PriceOf):
        return replace(side, dimension=dimension)
    return side


def _outside_band(subject: syntax.Expr, scope: Scope, span: Span) -> Predicate | None:
    match subject:
        case syntax.Reference(syntax.Name("weights"), None, None):
            return WeightsOutsideBand(span=span)
        case syntax.Reference(syntax.Name("delta" | "gamma" | "vega" as name), None):
            return _hedged(name, subject, scope, span)
        case _:
            found = expression_words(subject)
            cure = "write `weights outside band`, or for example `delta(WETH) outside band`"
            scope.problems.report(WrongKind(subject.span, "`weights` or a hedged sensitivity", found, cure))
    return None


def _hedged(name: str, subject: syntax.Reference, scope: Scope, span: Span) -> Predicate | None:
    argument = only_argument(subject, "TOKEN", scope)
    token = scope.token_named(argument) if argument is not None else None
    if token is None:
        return None
    if scope.hedged is not None and (name, token) not in scope.hedged:
        scope.problems.report(NotHedged(subject.span, f"`{name}({token})`"))
        return None
    return SensitivityOutsideBand(name, token, span=span)


def _is_stale(expression: syntax.Reference) -> bool:
    return expression.name.text == "stale" and expression.member is None


def _stale(expression: syntax.Reference, scope: Scope) -> Predicate | None:
    match expression.arguments:
        case (syntax.Argument(None, argument),):
            token = fed_token(argument, scope, "`stale`")
            return StalePrice(token, span=expression.span) if token else None
        case _:
            found = "something else" if expression.arguments else "nothing"
            cure = "write `stale(price(TOKEN))`"
            scope.problems.report(WrongKind(expression.span, "one price inside `stale(..)`", found, cure))
            return None


def _report_not_a_truth(expression: syntax.Expr, scope: Scope, where: str) -> None:
    typed = type_expression(expression, scope)
    if typed is not None:
        found = dimension_words(dimension_of(typed))
        cure = "compare it with something: `<`, `<=`, `>=` or `>`"
        scope.problems.report(WrongDimension(typed.span, where, "a truth value", found, cure, typed.span))
