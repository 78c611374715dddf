"""The grammar as EBNF for readers: without the rules that only shape the parser's tree or stand for mistakes.

lark itself reads `grammar.lark`, by the grammar of grammars that it ships.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lark import Lark, Token, Tree

BAD = "bad"
FIRST_HEADING = "files and strategies"
HEADING = re.compile(r"^// ── (.*) ──$", re.MULTILINE)
WIDTH = 100


@dataclass(frozen=True)
class Either:
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Row:
    items: tuple[Expr, ...]


@dataclass(frozen=True)
class Times:
    item: Expr
    sign: str


@dataclass(frozen=True)
class Use:
    """A rule with parameters, and what stands for these."""

    rule: str
    items: tuple[Expr, ...]


Expr = str | Either | Row | Times | Use
Rules = dict[str, Expr]


def ebnf(grammar: str) -> Iterator[tuple[str, str]]:
    """The headings of a grammar, each with its rules."""
    rules, heads, headings = _read(grammar)
    rules = _with_signs(_without_tree_shapes(_without_mistakes(rules)))
    width = max(len(heads[name]) for name in rules)
    for heading in dict.fromkeys(headings.values()):
        listed = [_line(heads[name], body, width) for name, body in rules.items() if headings[name] == heading]
        if listed:
            yield heading, "\n".join(listed)


def _read(grammar: str) -> tuple[Rules, dict[str, str], dict[str, str]]:
    """Rules and terminals, how each is headed with its parameters, and the heading that it stands under."""
    settings = {"parser": "lalr", "propagate_positions": True, "maybe_placeholders": False}
    lark = Lark.open_from_package("lark", "lark.lark", ("grammars",), **settings)
    sections = [(0, FIRST_HEADING), *((found.start(), found[1]) for found in HEADING.finditer(grammar))]
    rules, heads, headings = {}, {}, {}
    for one in lark.parse(grammar).children:
        if isinstance(one, Tree) and one.data in ("rule", "token"):
            name, parameters, body = str(one.children[0]), one.children[1], one.children[-1]
            listed = [str(child) for child in parameters.children] if isinstance(parameters, Tree) else []
            rules[name], shown = _expr(body), name.strip("_")
            heads[shown] = f"{shown}({', '.join(listed)})" if listed else shown
            headings[shown] = [heading for start, heading in sections if start <= one.meta.start_pos][-1]
    return rules, heads, headings


def _expr(tree: Tree[Token] | Token) -> Expr:
    if isinstance(tree, Token):
        return str(tree)
    items = tuple(_expr(child) for child in tree.children)
    match tree.data:
        case "expansions":
            return Either(items)
        case "expansion":
            return Row(items)
        case "expr":
            return Times(items[0], str(items[1]))
        case "template_usage":
            return Use(str(items[0]), items[1:])
        case "name" | "literal":
            return items[0]
        case other:
            raise AssertionError(f"grammar.lark has what this cannot tell: {other}")


# ── what readers need not know ──


def _without_mistakes(rules: Rules) -> Rules:
    del rules[BAD]
    return {name: _kept(body) for name, body in rules.items()}


def _kept(body: Expr) -> Expr:
    if not isinstance(body, Either):
        return body
    items = tuple(item for item in body.items if item != BAD)
    return items[0] if len(items) == 1 else Either(items)


def _without_tree_shapes(rules: Rules) -> Rules:
    """`_x` becomes `x`, and takes a rule `x` into itself that nothing else mentions."""
    renamed: Rules = {name: name.strip("_") for name in rules}
    for hidden in [name for name in rules if name.startswith("_") and name.islower()]:
        plain = hidden[1:]
        if rules[hidden] == plain:
            del rules[hidden]
        elif plain in rules:
            mentioned = [name for name, body in rules.items() if plain in _names(body)]
            assert mentioned == [hidden], f"{plain} would be two things"
            rules[hidden] = _replaced(rules[hidden], {plain: rules.pop(plain)})
    return {renamed[name]: _iterated(renamed[name], _replaced(body, renamed)) for name, body in rules.items()}


def _iterated(name: str, body: Expr) -> Expr:
    """`sum: product | sum "+" product` repeats, which is easier to read than that it begins with itself."""
    match body:
        case Either((first, Row((again, *rest)))) if again == name:
            return Row((first, Times(Row(tuple(rest)), "*")))
        case _:
            return body


def _with_signs(rules: Rules) -> Rules:
    """Terminals that are one sign stand for themselves."""
    signs = {name: body for name, body in rules.items() if name.isupper() and str(body).startswith('"')}
    return {name: _replaced(body, signs) for name, body in rules.items() if name not in signs}


def _names(body: Expr) -> set[str]:
    match body:
        case str():
            return {body}
        case Times(item, _):
            return _names(item)
        case Use(rule, items):
            return {rule}.union(*map(_names, items))
        case Either(items) | Row(items):
            return set().union(*map(_names, items))


def _replaced(body: Expr, by: Rules) -> Expr:
    match body:
        case str():
            return by.get(body, body)
        case Times(item, sign):
            return Times(_replaced(item, by), sign)
        case Use(rule, items):
            return Use(rule.strip("_"), tuple(_replaced(item, by) for item in items))
        case Either(items):
            return Either(tuple(_replaced(item, by) for item in items))
        case Row(items):
            return Row(tuple(_replaced(item, by) for item in items))


# ── text ──


def _line(head: str, body: Expr, width: int) -> str:
    line = f"{head:<{width}} ::= {_text(body)}"
    if len(line) <= WIDTH or not isinstance(body, Either):
        return line
    rows, row = [], f"{head:<{width}} ::= {_text(body.items[0], 1)}"
    for item in body.items[1:]:
        if len(row) + len(_text(item, 1)) + 3 > WIDTH:
            rows.append(row)
            row = " " * (width + 2)
        row += f" | {_text(item, 1)}"
    return "\n".join([*rows, row])


def _text(body: Expr, binding: int = 0) -> str:
    """`binding` is how tightly what stands around holds together: 1 alternatives, 2 a row, 3 a repetition."""
    match body:
        case str():
            return body
        case Times(item, sign):
            return _text(item, 3) + sign
        case Use(rule, items):
            return f"{rule}({', '.join(map(_text, items))})"
        case Either(items):
            text = " | ".join(_text(item, 1) for item in items)
            return f"({text})" if binding > 1 else text
        case Row(items):
            text = " ".join(_text(item, 2) for item in items)
            return f"({text})" if binding > 2 else text
