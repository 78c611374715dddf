"""The functions of `formulas`, as text."""

from __future__ import annotations

from dataclasses import dataclass

from stratc_compiler.expr import Expr
from stratc_compiler.vault import Vault
from stratc_targets.vyper.formulas import FormulaFunction, formula_functions
from stratc_targets.vyper.layout import statement
from stratc_targets.vyper.names import sanitized
from stratc_targets.vyper.printer import Called, Scope, expression
from stratc_targets.vyper.symbols import Symbols, asked_function, parameter_scope


@dataclass(frozen=True, slots=True)
class FormulaText:
    """One function of whole numbers."""

    function: str
    notice: str
    parameters: tuple[str, ...]
    body: list[str]


def formula_texts(vault: Vault, symbols: Symbols, *, of_rules: bool) -> tuple[FormulaText, ...]:
    """Those of the book, or those of the actions."""
    return tuple(_text(one, vault, symbols) for one in formula_functions(vault) if one.of_rules is of_rules)


def _text(one: FormulaFunction, vault: Vault, symbols: Symbols) -> FormulaText:
    parameters = tuple(sanitized(parameter.name) for parameter in one.parameters)
    names = {var.name: name for var, name in zip(one.parameters, parameters, strict=True)}

    others = asked_function(vault, symbols)

    def function(expr: Expr) -> Called | None:
        return None if expr == one.formula else others(expr)

    scope = Scope(parameter_scope(names, vault, symbols).variable, function=function)
    return FormulaText(one.name, one.notice, parameters, statement("return ", expression(one.formula, scope)))
