"""Lark tree to surface tree, for expressions. Recursion is bounded: newline.py limits nesting before a tree exists."""

from __future__ import annotations

from fractions import Fraction

from lark import Token, Tree

from stratc_dsl import syntax
from stratc_dsl.span import Span

Node = Tree[Token]

SCALES = {
    "%": Fraction(1, 100),
    "bps": Fraction(1, 10_000),
    "s": Fraction(1),
    "m": Fraction(60),
    "h": Fraction(3_600),
    "d": Fraction(86_400),
    "y": Fraction(365 * 86_400),
}


def span_of(node: Node | Token) -> Span:
    """The place of a node, punctuation included."""
    if isinstance(node, Token):
        assert node.start_pos is not None
        assert node.end_pos is not None
        return Span(node.start_pos, node.end_pos)
    return Span(node.meta.start_pos, node.meta.end_pos)


def children(tree: Node) -> list[Node]:
    """The children that are rules; tokens are read where they mean something."""
    return [one for one in tree.children if isinstance(one, Tree)]


def child(tree: Node, index: int) -> Node:
    """The `index`-th child that is a rule."""
    return children(tree)[index]


def build_name(tree: Node) -> syntax.Name:
    return syntax.Name(str(tree.children[0]), span_of(tree))


def build_reference(tree: Node) -> syntax.Reference:
    names = [build_name(one) for one in children(tree) if one.data == "name"]
    given = [one for one in children(tree) if one.data == "arguments"]
    arguments = tuple(_argument(one) for one in children(given[0])) if given else None
    return syntax.Reference(names[0], names[1] if len(names) > 1 else None, arguments, span_of(tree))


def _argument(tree: Node) -> syntax.Argument:
    if tree.data == "named":
        return syntax.Argument(build_name(child(tree, 0)), build_expression(child(tree, 1)), span_of(tree))
    return syntax.Argument(None, build_expression(tree), span_of(tree))


def build_expression(tree: Node) -> syntax.Expr:
    """The surface expression of a tree that the grammar's `_value` made."""
    span = span_of(tree)
    match tree.data:
        case "number" | "ratio" | "duration":
            return _number(str(tree.children[0]), str(tree.data), span)
        case "amount":
            return syntax.Amount(_plain(str(tree.children[0])), build_name(child(tree, 0)), span)
        case "text":
            return syntax.Text(str(tree.children[0])[1:-1], span)
        case "reference":
            return build_reference(tree)
        case _:
            return _compound(tree, tuple(build_expression(one) for one in children(tree)), span)


def _compound(tree: Node, parts: tuple[syntax.Expr, ...], span: Span) -> syntax.Expr:
    words = [str(one) for one in tree.children if isinstance(one, Token)]
    match tree.data:
        case "list":
            return syntax.ListOf(parts, span)
        case "range":
            return syntax.Range(parts[0], parts[1], span)
        case "signed":
            return syntax.Signed(words[0], parts[0], span)
        case "sum" | "product":
            return syntax.Operation(words[0], parts[0], parts[1], span)
        case "of_nav":
            return syntax.ShareOfNav(parts[0], span)
        case "comparison":
            return syntax.Compare(parts[0], words[0], parts[1], span)
        case "or_" | "and_":
            return syntax.Junction(str(tree.data)[:-1], parts, span)
        case "not_":
            return syntax.Inverse(parts[0], span)
        case "outside":
            return syntax.OutsideBand(parts[0], span)
        case other:
            raise AssertionError(f"the grammar has a rule `{other}` that build_expression.py does not know")


def _number(text: str, rule: str, span: Span) -> syntax.Number:
    if rule == "number":
        return syntax.Number(_plain(text), syntax.Unit.NONE, span)
    digits = text.rstrip("%bpsmhdy")
    unit = syntax.Unit.RATIO if rule == "ratio" else syntax.Unit.DURATION
    return syntax.Number(_plain(digits) * SCALES[text[len(digits) :]], unit, span)


def _plain(digits: str) -> Fraction:
    return Fraction(digits.replace("_", ""))
